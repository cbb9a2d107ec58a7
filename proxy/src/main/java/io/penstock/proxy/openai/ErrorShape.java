package io.penstock.proxy.openai;

/** The shapes of an error object that clients of the different APIs read. */
public enum ErrorShape {
  /** {@code {"error":{"message","type","param","code"}}}, in streams as a {@code data:} event. */
  OPENAI,
  /** As {@link #OPENAI}, but in streams {@code event: error} with a sequence number. */
  RESPONSES,
  /** {@code {"type":"error","error":{"type","message"},"request_id"}}; header request-id too. */
  ANTHROPIC;

  /** The shape that goes with a request target, known or not. */
  public static ErrorShape of(String uri) {
    if (under(uri, "/v1/messages")) {
      return ANTHROPIC;
    }
    return under(uri, "/v1/responses") ? RESPONSES : OPENAI;
  }

  private static boolean under(String uri, String path) {
    int end = path.length();
    return uri.startsWith(path)
        && (uri.length() == end || uri.charAt(end) == '/' || uri.charAt(end) == '?');
  }
}
