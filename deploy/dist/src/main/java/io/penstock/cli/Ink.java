package io.penstock.cli;

/** Colours of a terminal, or none at all. Immutable. */
final class Ink {

  private static final String[] TERMS = {"33", "36", "34", "35", "31", "32", "93", "96"};

  private final boolean on;

  private Ink(boolean on) {
    this.on = on;
  }

  /** Colours where a person looks on, unless {@code NO_COLOR} asks for none. */
  static Ink ofTerminal() {
    var none = System.getenv("NO_COLOR");
    return new Ink(Terminal.attached() && (none == null || none.isEmpty()));
  }

  /** Never any. */
  static Ink none() {
    return new Ink(false);
  }

  /** Always. */
  static Ink colours() {
    return new Ink(true);
  }

  String bold(String text) {
    return in("1", text);
  }

  String faint(String text) {
    return in("2", text);
  }

  String good(String text) {
    return in("32", text);
  }

  String bad(String text) {
    return in("31", text);
  }

  String warning(String text) {
    return in("33", text);
  }

  /** The colour of one of several things that stand side by side. */
  String one(int of, String text) {
    return in(TERMS[of % TERMS.length], text);
  }

  private String in(String code, String text) {
    return on && !text.isEmpty() ? "\033[" + code + "m" + text + "\033[0m" : text;
  }
}
