package io.penstock.picker.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One parameter of a plugin type. Immutable.
 *
 * @param name literal, as in llm-d's files
 * @param standard value where the file gives none, as it would be written there; null: none
 * @param required whether the file must give it
 * @param doc one clause for people
 * @param refused values that llm-d knows and that are refused here, each with the sentence that
 *     says why
 * @param deprecated said where it is given; empty for none
 */
public record Parameter(
    String name,
    Shape shape,
    @Nullable String standard,
    boolean required,
    String doc,
    Map<String, String> refused,
    String deprecated) {

  /** Copies the refusals. */
  public Parameter {
    refused = Map.copyOf(refused);
  }

  /** One with a value of its own where the file gives none. */
  static Parameter usual(String name, Shape shape, String standard, String doc) {
    return new Parameter(name, shape, standard, false, doc, Map.of(), "");
  }

  /** One that may be absent. */
  static Parameter optional(String name, Shape shape, String doc) {
    return new Parameter(name, shape, null, false, doc, Map.of(), "");
  }

  /** One that must be there. */
  static Parameter required(String name, Shape shape, String doc) {
    return new Parameter(name, shape, null, true, doc, Map.of(), "");
  }

  /** One that is refused where it is given. */
  static Parameter refused(String name, String why) {
    return optional(name, new Shape.Refused(why), why);
  }

  /** One without effect. */
  static Parameter ignored(String name, String why) {
    return optional(name, new Shape.Ignored(why), why);
  }

  /** An older name of {@code instead}. */
  static Parameter deprecated(String name, Shape shape, String instead) {
    return new Parameter(
        name,
        shape,
        null,
        false,
        "older name of " + instead,
        Map.of(),
        "is deprecated: " + instead);
  }

  /** The same with one value that is refused. */
  Parameter refusing(String value, String why) {
    return new Parameter(name, shape, standard, required, doc, Map.of(value, why), deprecated);
  }
}
