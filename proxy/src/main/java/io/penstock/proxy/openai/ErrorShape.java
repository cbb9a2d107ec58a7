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

  /** What clients of the shape call an error of that status: {@code error.type}. */
  String type(int status) {
    return switch (this) {
      case OPENAI, RESPONSES -> openAiType(status);
      case ANTHROPIC -> anthropicType(status);
    };
  }

  private static String openAiType(int status) {
    return switch (status) {
      case 401 -> "authentication_error";
      case 403 -> "permission_error";
      case 429 -> "rate_limit_error";
      default -> status < 500 ? "invalid_request_error" : "server_error";
    };
  }

  private static String anthropicType(int status) {
    return switch (status) {
      case 401 -> "authentication_error";
      case 403 -> "permission_error";
      case 404 -> "not_found_error";
      case 413 -> "request_too_large";
      case 429 -> "rate_limit_error";
      case 503 -> "overloaded_error";
      default -> status < 500 ? "invalid_request_error" : "api_error";
    };
  }

  private static boolean under(String uri, String path) {
    int end = path.length();
    return uri.startsWith(path)
        && (uri.length() == end || uri.charAt(end) == '/' || uri.charAt(end) == '?');
  }
}
