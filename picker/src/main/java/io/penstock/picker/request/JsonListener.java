package io.penstock.picker.request;

/**
 * Hears of the structure of a JSON object, as {@link JsonTokenizer} comes to it; may call {@link
 * JsonTokenizer#fail} to end the scan. Offsets count from the first byte of the body.
 */
interface JsonListener {
  /** A value begins at {@code at}; {@link JsonTokenizer#depth} containers are open around it. */
  void valueStart(JsonType type, int at);

  /** The value that began last at this depth ended in front of {@code end}. */
  void valueEnd(JsonType type, int end);

  /** Whether the member name that begins now, in the innermost object, is to be reported. */
  boolean wantsName();

  /** A wanted name, unescaped; empty if longer than {@link JsonTokenizer#MAX_NAME_BYTES}. */
  void name(byte[] bytes, int from, int to, int at);

  /** Whether the array that began last is to be reported by {@link #integer} where it can be. */
  boolean wantsIntegers();

  /** An element of such an array, small and not negative, instead of its start and end. */
  void integer(int value);

  /** A comma between members of the outermost object. */
  void comma(int at);
}
