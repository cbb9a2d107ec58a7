package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;
import org.jspecify.annotations.Nullable;

/** An error in vLLM's envelope. Immutable. */
record ErrorBody(String message, String type, @Nullable String param, int code) {

  static final String NOT_FOUND = "{\"detail\":\"Not Found\"}";
  static final String METHOD_NOT_ALLOWED = "{\"detail\":\"Method Not Allowed\"}";

  /** What the engine's limit of waiting requests answers. */
  static final ErrorBody BUSY =
      new ErrorBody(
          "The engine is currently busy and cannot accept new requests. Please try again later or"
              + " on a different instance.",
          "Service Unavailable",
          null,
          503);

  /** What a pod answers while it drains after SIGTERM. */
  static final ErrorBody SHUTTING_DOWN =
      new ErrorBody("cannot schedule new futures after shutdown", "InternalServerError", null, 500);

  /** What vLLM says of a failure of its own. */
  static final ErrorBody INTERNAL =
      new ErrorBody("Internal server error", "InternalServerError", null, 500);

  /** What the routes of token-level scale-out answer when they are not switched on. */
  static final ErrorBody NO_SCALE_OUT =
      new ErrorBody(
          "Scale-out endpoints are disabled. Restart vllm serve with --enable-scale-out to enable"
              + " them.",
          "PermissionDeniedError",
          null,
          403);

  /** A value the engine refuses. */
  static ErrorBody badRequest(String message, @Nullable String param) {
    return new ErrorBody(message, "BadRequestError", param, 400);
  }

  /** A body that does not fit the schema. */
  static ErrorBody invalid(String detail, @Nullable String param) {
    return new ErrorBody("1 validation error:\n  " + detail, "Bad Request", param, 400);
  }

  /** A field that must be there. */
  static ErrorBody missing(String field, int present) {
    return invalid(
        "{'type': 'missing', 'loc': 'body."
            + field
            + "', 'msg': 'Field required', 'input': '<dict of "
            + present
            + " items>'}",
        "body." + field);
  }

  /** A field of the wrong type. */
  static ErrorBody wrongType(String field, String kind, String expected) {
    return invalid(
        "{'type': '"
            + kind
            + "', 'loc': 'body."
            + field
            + "', 'msg': 'Input should be a valid "
            + expected
            + "'}",
        "body." + field);
  }

  /** Something that was asked for by name and is not there. */
  static ErrorBody notFound(String message, String param) {
    return new ErrorBody(message, "NotFoundError", param, 404);
  }

  /** The error a pod in trouble answers with that status. */
  static ErrorBody ofStatus(int code) {
    return switch (code) {
      case 503 -> BUSY;
      case 429 -> new ErrorBody("Too many requests.", "Too Many Requests", null, 429);
      case 500 ->
          new ErrorBody(
              "EngineCore encountered an issue. See stack trace (above) for the root cause.",
              "InternalServerError",
              null,
              500);
      default -> new ErrorBody("The request failed with " + code + ".", "Error", null, code);
    };
  }

  String json() {
    var out = new JsonWriter().object().name("error").object();
    out.field("message", message).field("type", type);
    if (param == null) {
      out.nulls("param");
    } else {
      out.field("param", param);
    }
    return out.field("code", code).endObject().endObject().toString();
  }
}
