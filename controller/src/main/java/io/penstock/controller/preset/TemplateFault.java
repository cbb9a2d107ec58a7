package io.penstock.controller.preset;

/**
 * A template that cannot be read, or not be evaluated. Internal to the package: {@link
 * TemplateLeaves} makes it a {@link PresetException} that names config and path.
 */
final class TemplateFault extends RuntimeException {

  TemplateFault(String message) {
    super(message, null, false, false);
  }
}
