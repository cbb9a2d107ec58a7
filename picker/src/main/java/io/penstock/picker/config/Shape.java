package io.penstock.picker.config;

import java.util.List;

/** What the value of a parameter looks like in the file. */
public sealed interface Shape {

  /** Text; one of {@code allowed} unless that is empty. */
  record Text(List<String> allowed) implements Shape {
    /** Copies the list. */
    public Text {
      allowed = List.copyOf(allowed);
    }
  }

  /** Name of an HTTP header. */
  record Header() implements Shape {}

  /** Name of a cookie: a token, as that of a header is (RFC 6265 §4.1.1). */
  record Cookie() implements Shape {}

  /** Name of a plugin of that type; empty for the only one, or for its defaults. */
  record Ref(String type) implements Shape {}

  /** A number within bounds. */
  record Decimal(double min, double max) implements Shape {}

  /** A whole number within bounds. */
  record Whole(long min, long max) implements Shape {}

  /** {@code true} or {@code false}. */
  record Flag() implements Shape {}

  /** A length of time as Go writes it, {@code 200ms} or {@code 1m30s}; not negative. */
  record Time() implements Shape {}

  /** Series of a metrics page; empty for none. */
  record Metric() implements Shape {}

  /** A list of texts. */
  record Texts() implements Shape {}

  /** Texts by name. */
  record TextMap() implements Shape {}

  /** Parameters of their own. */
  record Group(List<Parameter> members) implements Shape {
    /** Copies the list. */
    public Group {
      members = List.copyOf(members);
    }
  }

  /** A list of such. */
  record Groups(List<Parameter> members) implements Shape {
    /** Copies the list. */
    public Groups {
      members = List.copyOf(members);
    }
  }

  /** Refused wherever it is given, with a sentence that says why. */
  record Refused(String why) implements Shape {}

  /** Accepted in any form and without effect, with a warning that says why. */
  record Ignored(String why) implements Shape {}

  /** Any text. */
  static Shape text() {
    return new Text(List.of());
  }

  /** One of a few words. */
  static Shape oneOf(String... words) {
    return new Text(List.of(words));
  }

  /** What fits, for messages. */
  default String fits() {
    return switch (this) {
      case Text(var words) -> words.isEmpty() ? "text" : String.join(", ", words);
      case Header _ -> "the name of a header";
      case Cookie _ -> "the name of a cookie";
      case Ref(var type) -> "the name of a plugin of type " + type;
      case Decimal(var min, var max) -> "a number" + bounds(plain(min), plain(max));
      case Whole(var min, var max) ->
          "a whole number"
              + bounds(String.valueOf(min), max == Long.MAX_VALUE ? "" : String.valueOf(max));
      case Flag _ -> "true, false";
      case Time _ -> "a time such as 200ms, 5s or 1m30s";
      case Metric _ -> "a metric such as name or name{label=value}";
      case Texts _ -> "a list of texts";
      case TextMap _ -> "texts by name";
      case Group _ -> "a mapping";
      case Groups _ -> "a list of mappings";
      case Refused _, Ignored _ -> "nothing";
    };
  }

  private static String plain(double bound) {
    return Double.isInfinite(bound)
        ? ""
        : bound == Math.rint(bound) ? String.valueOf((long) bound) : String.valueOf(bound);
  }

  private static String bounds(String min, String max) {
    if (min.isEmpty() && max.isEmpty()) {
      return "";
    }
    return max.isEmpty() ? ", " + min + " or more" : ", " + min + " to " + max;
  }
}
