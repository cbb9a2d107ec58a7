package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects what the rules find about one object; confined to one validation. */
final class Findings {

  private static final int LONGEST_VALUE = 120;

  private final List<Finding> errors = new ArrayList<>();
  private final List<Finding> warnings = new ArrayList<>();

  void invalid(FieldPath path, @Nullable JsonNode value, String allowed) {
    add(path, Finding.Kind.INVALID, "Invalid value: " + shown(value) + ": " + allowed);
  }

  void invalid(FieldPath path, String value, String allowed) {
    add(path, Finding.Kind.INVALID, "Invalid value: " + quoted(value) + ": " + allowed);
  }

  /** A value that the message itself has in it. */
  void refused(FieldPath path, String why) {
    add(path, Finding.Kind.INVALID, "Invalid value: " + why);
  }

  void required(FieldPath path, String why) {
    add(path, Finding.Kind.REQUIRED, "Required value: " + why);
  }

  void forbidden(FieldPath path, String why) {
    add(path, Finding.Kind.FORBIDDEN, "Forbidden: " + why);
  }

  void duplicate(FieldPath path, String value) {
    add(path, Finding.Kind.DUPLICATE, "Duplicate value: " + quoted(value));
  }

  void notSupported(FieldPath path, String value, String allowed) {
    add(path, Finding.Kind.NOT_SUPPORTED, "Unsupported value: " + quoted(value) + ": " + allowed);
  }

  void warn(FieldPath path, String what) {
    warnings.add(new Finding(path, Finding.Kind.WARNING, what));
  }

  Verdict verdict() {
    return new Verdict(errors, warnings);
  }

  private void add(FieldPath path, Finding.Kind kind, String message) {
    errors.add(new Finding(path, kind, message));
  }

  private static String shown(@Nullable JsonNode value) {
    return value == null ? "null" : shortened(Json.text(value));
  }

  private static String quoted(String value) {
    return '"' + shortened(value) + '"';
  }

  private static String shortened(String text) {
    return text.length() <= LONGEST_VALUE ? text : text.substring(0, LONGEST_VALUE) + "...";
  }
}
