package io.penstock.picker.request;

/** What a JSON value is. */
enum JsonType {
  OBJECT(1 << 0, "an object", ""),
  ARRAY(1 << 1, "an array", ""),
  STRING(1 << 2, "a string", ""),
  NUMBER(1 << 3, "a number", ""),
  TRUE(1 << 4, "a boolean", "true"),
  FALSE(1 << 5, "a boolean", "false"),
  NULL(1 << 6, "null", "null");

  private final int bit;
  private final String phrase;
  private final String literal;

  JsonType(int bit, String phrase, String literal) {
    this.bit = bit;
    this.phrase = phrase;
    this.literal = literal;
  }

  /** One bit of its own, for sets of types. */
  int bit() {
    return bit;
  }

  /** How a sentence names it. */
  String phrase() {
    return phrase;
  }

  /** How a literal is written; empty for the others. */
  String literal() {
    return literal;
  }
}
