package io.penstock.proxy.openai;

import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.request.ScanResult;
import org.jspecify.annotations.Nullable;

/**
 * Every error the gateway itself can give a client. An error a pod gives is not among them; it
 * passes through as it is.
 *
 * <p>{@code docs/errors.md} is made from this list. The official SDKs repeat 408, 409, 429 and
 * every 5xx unless told otherwise, so each entry says whether repeating helps.
 */
public enum GatewayError {
  INVALID_JSON(
      400,
      "invalid_json",
      null,
      Retry.NEVER,
      "The request body is not valid JSON.",
      "The body is not a JSON object (or not a form, or one whose names can be read in two ways, on audio paths), or ends early."),
  MISSING_REQUIRED_PARAMETER(
      400,
      "missing_required_parameter",
      "model",
      Retry.NEVER,
      "The request body has no 'model'.",
      "A member the gateway cannot route without is absent, null or empty."),
  INVALID_TYPE(
      400,
      "invalid_type",
      null,
      Retry.NEVER,
      "A member of the request body has the wrong type.",
      "A member the gateway reads has a type engines do not accept; param names it."),
  DUPLICATE_PARAMETER(
      400,
      "duplicate_parameter",
      null,
      Retry.NEVER,
      "A member of the request body is there twice.",
      "A member the gateway reads is there twice, so that two readers may disagree."),
  VALUE_TOO_LONG(
      400,
      "string_above_max_length",
      null,
      Retry.NEVER,
      "A name in the request body is too long.",
      "The model's name, or the id of a previous response, is longer than 256 bytes."),
  BODY_TOO_COMPLEX(
      400,
      "request_too_complex",
      null,
      Retry.NEVER,
      "The request body is nested too deeply or has too many members.",
      "The JSON is nested deeper, or has more tokens, than the gateway reads."),
  INVALID_URL(
      400,
      "invalid_url",
      null,
      Retry.NEVER,
      "The request path is not a plain path.",
      "The path has dot segments, encoded dots or controls, or escapes that are broken."),
  MALFORMED_REQUEST(
      400,
      "malformed_request",
      null,
      Retry.NEVER,
      "The request is not well-formed HTTP.",
      "Framing that two readers could read differently, or no HTTP; the connection is closed."),
  INVALID_API_KEY(
      401,
      "invalid_api_key",
      null,
      Retry.NEVER,
      "No valid API key was given. Send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'.",
      "The key is missing, unknown or expired."),
  MODEL_NOT_ALLOWED(
      403,
      "model_not_allowed",
      "model",
      Retry.NEVER,
      "This API key may not use that model.",
      "The key is good but its entry does not list the model."),
  MODEL_NOT_FOUND(
      404,
      "model_not_found",
      "model",
      Retry.NEVER,
      "That model does not exist here. GET /v1/models lists those that do.",
      "No pool serves the model."),
  RESPONSE_NOT_FOUND(
      404,
      "response_not_found",
      "response_id",
      Retry.NEVER,
      "That response is not known here.",
      "The pod that made the stored response has gone, or it was made too long ago, or with"
          + " another API key."),
  UNKNOWN_URL(
      404,
      "unknown_url",
      null,
      Retry.NEVER,
      "There is nothing under that path.",
      "The path is unknown, or one the gateway never exposes, as a pod's own admin paths."),
  METHOD_NOT_SUPPORTED(
      405,
      "method_not_supported",
      null,
      Retry.NEVER,
      "That path does not take this method.",
      "The path exists under other methods; the allow header lists them."),
  REQUEST_TIMEOUT(
      408,
      "request_timeout",
      null,
      Retry.AT_ONCE,
      "The request took too long to arrive.",
      "Head or body did not arrive within timeouts.requestHead or timeouts.requestBody."),
  PREFIX_NOT_CACHED(
      412,
      "prefix_not_cached",
      null,
      Retry.NEVER,
      "No part of the prompt is cached, and the request prefers not to be computed then.",
      "The request has Prefer: if-available, and the pod that would answer holds nothing of its"
          + " prompt."),
  REQUEST_TOO_LARGE(
      413,
      "request_too_large",
      null,
      Retry.NEVER,
      "The request body is larger than limits.requestBody allows.",
      "The body is larger than limits.requestBody."),
  UNSUPPORTED_MEDIA_TYPE(
      415,
      "unsupported_media_type",
      null,
      Retry.NEVER,
      "The request body must be sent plain, as application/json or multipart/form-data.",
      "The body is compressed, or of a type the path does not take."),
  SATURATED(
      429,
      "saturated",
      null,
      Retry.SOON,
      "Every model server is as busy as it may be. Try again shortly.",
      "A filter of the pool's policy that bounds load leaves no pod; or the pool is saturated and"
          + " the request of negative priority."),
  QUEUE_FULL(
      429,
      "queue_full",
      null,
      Retry.SOON,
      "Too many requests are waiting for a model server. Try again shortly.",
      "Flow control: the queue of the request's priority, or of the pool, has no room."),
  QUEUE_TIMEOUT(
      429,
      "queue_timeout",
      null,
      Retry.SOON,
      "No model server had room for the request in time. Try again shortly.",
      "Flow control: the request waited for timeouts.queue, or for flowControl.defaultRequestTTL."),
  EVICTED(
      429,
      "evicted",
      null,
      Retry.SOON,
      "The request had to make room for one of higher priority. Try again shortly.",
      "Flow control: a request of negative priority was ended to make room."),
  HEADERS_TOO_LARGE(
      431,
      "headers_too_large",
      null,
      Retry.NEVER,
      "The request's headers are larger than limits.requestHead allows.",
      "Request line and headers are larger than limits.requestHead."),
  CLIENT_CLOSED_REQUEST(
      499,
      "client_closed_request",
      null,
      Retry.NEVER,
      "The client closed the request.",
      "The client left before the answer was complete. In logs and metrics only."),
  CLIENT_STALL(
      499,
      "client_stall",
      null,
      Retry.NEVER,
      "The client stopped reading the answer.",
      "The client read nothing for timeouts.clientStall; it is cut off. In logs and metrics only."),
  INTERNAL_ERROR(
      500,
      "internal_error",
      null,
      Retry.NEVER,
      "The gateway failed while handling the request.",
      "A fault of the gateway; the log has the request id."),
  UPSTREAM_CONNECT_ERROR(
      502,
      "upstream_connect_error",
      null,
      Retry.AT_ONCE,
      "No connection to a model server could be made.",
      "Connecting failed on every pod that was tried."),
  UPSTREAM_RESET(
      502,
      "upstream_reset",
      null,
      Retry.AT_ONCE,
      "The model server closed the connection before the answer was complete.",
      "The pod went away: before the first byte, retries exhausted; or inside a stream."),
  UPSTREAM_TRUNCATED(
      502,
      "upstream_truncated",
      null,
      Retry.AT_ONCE,
      "The model server ended the stream before it was complete.",
      "A stream ended in good order but without its closing event."),
  UPSTREAM_INVALID_RESPONSE(
      502,
      "upstream_invalid_response",
      null,
      Retry.AT_ONCE,
      "The model server gave an answer that is not well-formed HTTP.",
      "The pod's answer could not be read."),
  OVERLOADED(
      503,
      "overloaded",
      null,
      Retry.SOON,
      "The gateway is holding as many requests as it can. Try again shortly.",
      "The sum of buffered request bodies has reached limits.bufferedBodies, or the process has no"
          + " file descriptor left to reach a pod."),
  NO_HEALTHY_ENDPOINTS(
      503,
      "no_healthy_endpoints",
      null,
      Retry.SOON,
      "No model server can take the request now.",
      "The model is known, but no pod that serves it accepts requests."),
  DRAINING(
      503,
      "draining",
      null,
      Retry.ELSEWHERE,
      "This gateway is shutting down. Try again on a new connection.",
      "The gateway drains and the request came over an old connection."),
  GATEWAY_SHUTDOWN(
      503,
      "gateway_shutdown",
      null,
      Retry.AT_ONCE,
      "The gateway shut down before the answer was complete.",
      "The answer was not complete when timeouts.drain was over."),
  TIME_TO_FIRST_TOKEN_TIMEOUT(
      504,
      "time_to_first_token_timeout",
      null,
      Retry.NEVER,
      "The model server did not begin to stream in time.",
      "No byte of a stream within timeouts.firstByte, or none but of events that only announce"
          + " a response; a repeated prefill would take as long."),
  ANSWER_TIMEOUT(
      504,
      "answer_timeout",
      null,
      Retry.NEVER,
      "The model server did not answer in time.",
      "No byte of an answer that is not streamed within timeouts.answer."),
  STREAM_IDLE_TIMEOUT(
      504,
      "stream_idle_timeout",
      null,
      Retry.NEVER,
      "The model server stopped sending before the stream was complete.",
      "Silence of timeouts.streamIdle inside a stream."),
  DEADLINE_EXCEEDED(
      504,
      "deadline_exceeded",
      null,
      Retry.NEVER,
      "The request took longer than allowed.",
      "The request was not complete within timeouts.total.");

  /** Whether and when a client should repeat the request. */
  enum Retry {
    /** {@code x-should-retry: false}. */
    NEVER,
    /** True, whenever the client likes. */
    AT_ONCE,
    /** True, within 0 to 200 ms, which another replica will answer. */
    ELSEWHERE,
    /** True, after 1 to 5 s, spread over the clients. */
    SOON
  }

  private final int status;
  private final String code;
  private final @Nullable String param;
  private final Retry retry;
  private final String message;
  private final String when;

  GatewayError(
      int status, String code, @Nullable String param, Retry retry, String message, String when) {
    this.status = status;
    this.code = code;
    this.param = param;
    this.retry = retry;
    this.message = message;
    this.when = when;
  }

  /** What a body that could not be scanned is answered with. */
  public static GatewayError of(ScanResult.Kind kind) {
    return switch (kind) {
      case INVALID_JSON -> INVALID_JSON;
      case MISSING_FIELD -> MISSING_REQUIRED_PARAMETER;
      case INVALID_TYPE -> INVALID_TYPE;
      case DUPLICATE_FIELD -> DUPLICATE_PARAMETER;
      case TOO_LONG -> VALUE_TOO_LONG;
      case TOO_DEEP, TOO_MANY_TOKENS -> BODY_TOO_COMPLEX;
      case TOO_LARGE -> REQUEST_TOO_LARGE;
    };
  }

  /** What a request that was not admitted is answered with. */
  public static GatewayError of(FlowOutcome outcome) {
    return switch (outcome) {
      case REJECTED_CAPACITY -> QUEUE_FULL;
      case EVICTED_TTL -> QUEUE_TIMEOUT;
      case REJECTED_NO_ENDPOINTS, EVICTED_NO_ENDPOINTS -> NO_HEALTHY_ENDPOINTS;
      case EVICTED_CANCELLED -> CLIENT_CLOSED_REQUEST;
      case EVICTED_SHUTDOWN -> DRAINING;
      case SHED, DENIED -> SATURATED;
      case DISPATCHED -> throw new IllegalArgumentException("it was admitted");
    };
  }

  /** HTTP status; 499 never reaches a client. */
  public int status() {
    return status;
  }

  /** OpenAI's {@code error.type}. */
  public String type() {
    return ErrorShape.OPENAI.type(status);
  }

  /** Stable name of the reason: {@code error.code}, and the label in metrics and logs. */
  public String code() {
    return code;
  }

  /** {@code error.param} where the caller names no other. */
  public @Nullable String param() {
    return param;
  }

  /** {@code x-should-retry}. */
  public boolean shouldRetry() {
    return retry != Retry.NEVER;
  }

  /** The message for a client where the caller has no more precise one. */
  public String message() {
    return message;
  }

  /** When it occurs, for operators. */
  String when() {
    return when;
  }

  Retry retry() {
    return retry;
  }
}
