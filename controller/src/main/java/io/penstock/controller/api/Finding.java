package io.penstock.controller.api;

/**
 * One thing that is wrong or strange about an object. Immutable.
 *
 * @param path where
 * @param kind why, as the API server's Status names it
 * @param message what, with the value and what is allowed; without the path
 */
public record Finding(FieldPath path, Kind kind, String message) {

  /** Classes of findings; the constants' words are those of a Kubernetes Status. */
  public enum Kind {
    INVALID("FieldValueInvalid"),
    REQUIRED("FieldValueRequired"),
    FORBIDDEN("FieldValueForbidden"),
    DUPLICATE("FieldValueDuplicate"),
    NOT_SUPPORTED("FieldValueNotSupported"),
    WARNING("Warning");

    private final String reason;

    Kind(String reason) {
      this.reason = reason;
    }

    /** The {@code reason} of a cause in a Status. */
    public String reason() {
      return reason;
    }
  }

  @Override
  public String toString() {
    return path.text().isEmpty() ? message : path + ": " + message;
  }
}
