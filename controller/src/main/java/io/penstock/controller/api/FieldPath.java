package io.penstock.controller.api;

import java.util.regex.Pattern;

/**
 * Where something stands in an object, as Kubernetes writes it: {@code
 * spec.template.containers[0].name}, {@code metadata.annotations[serving.kserve.io/stop]}.
 * Immutable.
 *
 * @param text empty for the object itself
 */
public record FieldPath(String text) {

  public static final FieldPath ROOT = new FieldPath("");
  public static final FieldPath SPEC = new FieldPath("spec");

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_-]+");

  /** Of a member, or of a member of a member. */
  public FieldPath child(String... names) {
    var path = new StringBuilder(text);
    for (var name : names) {
      if (!PLAIN.matcher(name).matches()) {
        path.append('[').append(name).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(name);
      }
    }
    return new FieldPath(path.toString());
  }

  /** Of a field somewhere below, by its own path from here; empty for this field itself. */
  FieldPath inside(String path) {
    return path.isEmpty() ? this : new FieldPath(text + "." + path);
  }

  /** Of an element of a list. */
  public FieldPath index(int index) {
    return new FieldPath(text + "[" + index + "]");
  }

  @Override
  public String toString() {
    return text;
  }
}
