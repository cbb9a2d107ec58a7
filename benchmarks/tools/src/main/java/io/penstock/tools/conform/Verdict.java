package io.penstock.tools.conform;

/** How an examined requirement came out. Immutable. */
public sealed interface Verdict {

  /** The requirement is met. */
  record Passed(String seen) implements Verdict {}

  /** It is not: what should have been, and what was. */
  record Failed(String expected, String seen) implements Verdict {}

  /** It could not be examined, for this reason. */
  record Skipped(String reason) implements Verdict {}

  /** Passed if it is so, else failed. */
  static Verdict of(boolean met, String expected, Object seen) {
    return met ? new Passed(seen.toString()) : new Failed(expected, seen.toString());
  }

  /** In one word. */
  default String word() {
    return switch (this) {
      case Passed _ -> "pass";
      case Failed _ -> "fail";
      case Skipped _ -> "skip";
    };
  }
}
