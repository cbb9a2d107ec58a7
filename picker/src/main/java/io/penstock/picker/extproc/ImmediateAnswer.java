package io.penstock.picker.extproc;

import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.request.ScanResult;
import io.penstock.picker.request.ScanResult.Malformed;
import io.penstock.picker.schedule.Decision;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An answer that the picker gives itself, in OpenAI's shape for errors, with the codes that the
 * gateway of this project uses. Immutable. Messages never hold an address or a part of a body.
 *
 * @param status HTTP status
 * @param type OpenAI's {@code error.type}
 * @param code OpenAI's {@code error.code}; also what metrics count it under
 * @param param member of the body the error is about, or null
 * @param message one sentence for the client
 * @param dropped value of {@code x-llm-d-request-dropped-reason}, or null where the request is not
 *     dropped but wrong
 * @param retry whether the same request may succeed a little later
 */
record ImmediateAnswer(
    int status,
    String type,
    String code,
    @Nullable String param,
    String message,
    @Nullable String dropped,
    boolean retry) {

  private static final String INVALID_REQUEST = "invalid_request_error";
  private static final String SERVER = "server_error";

  /** A fault of the picker itself. */
  static final ImmediateAnswer INTERNAL =
      new ImmediateAnswer(
          500,
          SERVER,
          "internal_error",
          null,
          "The endpoint picker failed while handling the request.",
          null,
          false);

  /** The picker stops before it could pick. */
  static final ImmediateAnswer SHUTTING_DOWN =
      new ImmediateAnswer(
          503,
          SERVER,
          "draining",
          null,
          "The endpoint picker is shutting down. Try again.",
          "rejected-shutting-down",
          true);

  /** Too many bodies are held at once. */
  static final ImmediateAnswer OVERLOADED =
      new ImmediateAnswer(
          503,
          SERVER,
          "overloaded",
          null,
          "The endpoint picker is holding as many requests as it can. Try again shortly.",
          "rejected-saturated",
          true);

  private static final ImmediateAnswer NO_ENDPOINT =
      new ImmediateAnswer(
          503,
          SERVER,
          "no_healthy_endpoints",
          null,
          "No model server can take the request now.",
          "rejected-no-endpoints",
          true);

  private static final ImmediateAnswer SATURATED =
      new ImmediateAnswer(
          429,
          "rate_limit_error",
          "saturated",
          null,
          "Every model server is as busy as it may be. Try again shortly.",
          "rejected-saturated",
          true);

  private static final ImmediateAnswer QUEUE_FULL =
      busy(
          "queue_full",
          "Too many requests are waiting for a model server. Try again shortly.",
          "rejected-saturated");

  private static final ImmediateAnswer QUEUE_TIMEOUT =
      busy(
          "queue_timeout",
          "No model server had room for the request in time. Try again shortly.",
          "rejected-ttl-expired");

  private static final ImmediateAnswer GAVE_UP =
      new ImmediateAnswer(
          503,
          SERVER,
          "client_closed_request",
          null,
          "The request was given up while it waited.",
          "rejected-context-cancelled",
          true);

  /** The body is said to be compressed where it must be read. */
  static final ImmediateAnswer UNSUPPORTED_ENCODING =
      invalid(
          415,
          "unsupported_media_type",
          null,
          "The content-encoding of the request body is not supported, allowed: identity.");

  /** The request wanted a part of its prompt to be cached, and none is. */
  static final ImmediateAnswer NOT_CACHED =
      new ImmediateAnswer(
          412,
          INVALID_REQUEST,
          "prefix_not_cached",
          null,
          "No part of the prompt is cached, and the request prefers not to be computed then.",
          null,
          false);

  /** It was let go on, and must make room for one of more importance. */
  static final ImmediateAnswer EVICTED =
      busy(
          "evicted",
          "The request had to make room for one of higher priority. Try again shortly.",
          "evicted");

  private static ImmediateAnswer busy(String code, String message, String dropped) {
    return new ImmediateAnswer(429, "rate_limit_error", code, null, message, dropped, true);
  }

  private static final ImmediateAnswer UNKNOWN_MODEL =
      new ImmediateAnswer(
          404,
          INVALID_REQUEST,
          "model_not_found",
          "model",
          "That model does not exist here.",
          null,
          false);

  /** The body is longer than the picker holds. */
  static ImmediateAnswer tooLarge(long mostBytes) {
    return invalid(
        413, "request_too_large", null, "The request body is larger than " + mostBytes + " bytes.");
  }

  /** The gateway named a pool that this picker does not have. */
  static ImmediateAnswer unknownPool() {
    return new ImmediateAnswer(
        503,
        SERVER,
        "no_healthy_endpoints",
        null,
        "The gateway asked for a pool that is not configured here.",
        "rejected-no-endpoints",
        false);
  }

  /**
   * Nothing can take the request.
   *
   * @param rewritten whether the model is not the client's word but a rule's
   */
  static ImmediateAnswer of(Decision.Reason reason, boolean rewritten) {
    return switch (reason) {
      case MODEL_NOT_SERVED -> rewritten ? NO_ENDPOINT : UNKNOWN_MODEL;
      case POOL_EMPTY, NONE_READY, ALL_EXCLUDED, FILTERED -> NO_ENDPOINT;
      case SATURATED -> SATURATED;
    };
  }

  /** The request was not admitted. */
  static ImmediateAnswer of(FlowOutcome outcome) {
    return switch (outcome) {
      case REJECTED_CAPACITY -> QUEUE_FULL;
      case EVICTED_TTL -> QUEUE_TIMEOUT;
      case REJECTED_NO_ENDPOINTS, EVICTED_NO_ENDPOINTS -> NO_ENDPOINT;
      case EVICTED_CANCELLED -> GAVE_UP;
      case EVICTED_SHUTDOWN -> SHUTTING_DOWN;
      case SHED, DENIED -> SATURATED;
      case DISPATCHED -> throw new IllegalArgumentException("it was admitted");
    };
  }

  /** The body is not what its path takes. */
  static ImmediateAnswer of(Malformed malformed) {
    int status = malformed.kind() == ScanResult.Kind.TOO_LARGE ? 413 : 400;
    return invalid(status, code(malformed.kind()), malformed.field(), malformed.message());
  }

  private static String code(ScanResult.Kind kind) {
    return switch (kind) {
      case INVALID_JSON -> "invalid_json";
      case MISSING_FIELD -> "missing_required_parameter";
      case INVALID_TYPE -> "invalid_type";
      case DUPLICATE_FIELD -> "duplicate_parameter";
      case TOO_LONG -> "value_too_long";
      case TOO_DEEP, TOO_MANY_TOKENS -> "body_too_complex";
      case TOO_LARGE -> "request_too_large";
    };
  }

  private static ImmediateAnswer invalid(
      int status, String code, @Nullable String param, String message) {
    return new ImmediateAnswer(status, INVALID_REQUEST, code, param, message, null, false);
  }

  /** The encoded answer. */
  Reply reply(String requestId) {
    List<String> headers = new ArrayList<>(12);
    add(headers, "content-type", "application/json");
    add(headers, "x-request-id", requestId);
    add(headers, "x-should-retry", Boolean.toString(retry));
    if (retry) {
      // Spread by the request's id, so that clients do not come back together: 1 to 5 s.
      int seconds = 1 + (requestId.hashCode() & Integer.MAX_VALUE) % 5;
      add(headers, "retry-after", Integer.toString(seconds));
    }
    if (dropped != null) {
      add(headers, "x-llm-d-request-dropped-reason", dropped);
    }
    return Replies.immediate(status, headers, body(), "penstock_" + code);
  }

  private static void add(List<String> headers, String name, String value) {
    headers.add(name);
    headers.add(value);
  }

  /** {@code {"error":{"message","type","param","code"}}}. */
  byte[] body() {
    var json = new StringBuilder(192);
    json.append("{\"error\":{\"message\":");
    quote(json, message);
    json.append(",\"type\":\"").append(type).append("\",\"param\":");
    if (param == null) {
      json.append("null");
    } else {
      quote(json, param);
    }
    json.append(",\"code\":\"").append(code).append("\"}}");
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** The texts are our own; what JSON cannot hold as it is becomes a space. */
  private static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else {
        json.append(c < ' ' ? ' ' : c);
      }
    }
    json.append('"');
  }
}
