package io.penstock.controller.preset;

/**
 * Configs and service cannot be combined. Thrown at the depth where it is found out; the renderer
 * makes it a refusal.
 */
public final class PresetException extends RuntimeException {

  private final String reason;

  /**
   * @param reason of the condition, in camel case
   * @param message names config, path, what is wrong and what is allowed
   */
  public PresetException(String reason, String message) {
    super(message, null, false, false);
    this.reason = reason;
  }

  /** Reason of the condition. */
  public String reason() {
    return reason;
  }
}
