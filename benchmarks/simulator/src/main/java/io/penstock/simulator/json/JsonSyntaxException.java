package io.penstock.simulator.json;

/** Bytes that are no JSON; says where and what was expected, in the words of Python's decoder. */
public final class JsonSyntaxException extends Exception {

  private final int offset;

  JsonSyntaxException(String message, int offset) {
    super(message);
    this.offset = offset;
  }

  /** Characters before the error. */
  public int offset() {
    return offset;
  }
}
