package io.penstock.picker.request;

/** Where a {@link JsonTokenizer} stands: what may come next. */
enum JsonState {
  START("the body is empty"),
  VALUE("a value is missing"),
  FIRST_ELEMENT("an array is not closed"),
  FIRST_NAME("an object is not closed"),
  NAME("a member's name is missing"),
  COLON("a colon is missing after a member's name"),
  AFTER_VALUE("a comma or a closing bracket is missing"),
  STRING("a string is not closed"),
  NUMBER("a number is cut off"),
  LITERAL("a literal is cut off"),
  END(""),
  FAILED("");

  /** What is wrong with a body that ends, or goes on with something else, in this state. */
  final String complaint;

  JsonState(String complaint) {
    this.complaint = complaint;
  }
}
