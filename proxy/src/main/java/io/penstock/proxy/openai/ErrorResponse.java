package io.penstock.proxy.openai;

import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An error of the gateway as it goes to the client. Immutable, as long as nobody writes to the
 * array.
 *
 * <p>Callers never put an endpoint's address, a key or the body's text into a message.
 */
public final class ErrorResponse {

  private final int status;
  private final List<Map.Entry<String, String>> headers;
  private final byte[] body;

  private ErrorResponse(int status, List<Map.Entry<String, String>> headers, byte[] body) {
    this.status = status;
    this.headers = List.copyOf(headers);
    this.body = body;
  }

  /** The error with the catalogue's own words. */
  public static ErrorResponse of(GatewayError error, String requestId, ErrorShape shape) {
    return of(error, error.message(), error.param(), requestId, shape);
  }

  /**
   * The error with words for this case.
   *
   * @param message one sentence for the client
   * @param param the member or parameter it is about, or null
   */
  public static ErrorResponse of(
      GatewayError error,
      String message,
      @Nullable String param,
      String requestId,
      ErrorShape shape) {
    byte[] body = json(error, message, param, requestId, shape).getBytes(StandardCharsets.UTF_8);
    List<Map.Entry<String, String>> headers = new ArrayList<>(8);
    headers.add(Map.entry("content-type", "application/json"));
    headers.add(Map.entry("content-length", Integer.toString(body.length)));
    headers.add(Map.entry("x-request-id", requestId));
    if (shape == ErrorShape.ANTHROPIC) {
      headers.add(Map.entry("request-id", requestId));
    }
    headers.add(Map.entry("x-should-retry", Boolean.toString(error.shouldRetry())));
    addRetryAfter(headers, error, requestId);
    var dropped = dropped(error);
    if (dropped != null) {
      headers.add(Map.entry("x-llm-d-request-dropped-reason", dropped));
    }
    if (error == GatewayError.INVALID_API_KEY) {
      headers.add(Map.entry("www-authenticate", "Bearer"));
    }
    return new ErrorResponse(error.status(), headers, body);
  }

  /** {@link GatewayError#METHOD_NOT_SUPPORTED} with the methods that are. */
  public static ErrorResponse methodNotSupported(String allow, String requestId, ErrorShape shape) {
    var error = GatewayError.METHOD_NOT_SUPPORTED;
    var plain = of(error, "That path takes " + allow + " only.", null, requestId, shape);
    List<Map.Entry<String, String>> headers = new ArrayList<>(plain.headers);
    headers.add(Map.entry("allow", allow));
    return new ErrorResponse(plain.status, headers, plain.body);
  }

  /**
   * The error as the last event of a stream that has begun, ending with a blank line. What follows
   * it is an abnormal close, never {@code [DONE]}.
   *
   * @param sequenceNumber of the event, in the Responses API: one more than the last one relayed
   */
  public static byte[] event(
      GatewayError error,
      String message,
      @Nullable String param,
      String requestId,
      ErrorShape shape,
      long sequenceNumber) {
    var event = new StringBuilder(256);
    switch (shape) {
      case OPENAI -> event.append("data: ");
      case ANTHROPIC, RESPONSES -> event.append("event: error\ndata: ");
    }
    if (shape == ErrorShape.RESPONSES) {
      event.append("{\"type\":\"error\",\"code\":");
      JsonText.quote(event, error.code());
      event.append(",\"message\":");
      JsonText.quote(event, message);
      event.append(",\"param\":");
      JsonText.quote(event, param);
      event.append(",\"sequence_number\":").append(sequenceNumber).append('}');
    } else {
      event.append(json(error, message, param, requestId, shape));
    }
    return event.append("\n\n").toString().getBytes(StandardCharsets.UTF_8);
  }

  /** HTTP status. */
  public int status() {
    return status;
  }

  /** Names in lower case, in order; {@code content-length} is among them. */
  public List<Map.Entry<String, String>> headers() {
    return headers;
  }

  /** The error object; callers do not change it. */
  public byte[] body() {
    return body;
  }

  /** Sets the headers on a response of either HTTP version. */
  public void writeTo(HttpHeaders target) {
    for (var header : headers) {
      target.set(header.getKey(), header.getValue());
    }
  }

  /** Value of a header, or null. */
  public @Nullable String header(String name) {
    for (var header : headers) {
      if (header.getKey().equals(name)) {
        return header.getValue();
      }
    }
    return null;
  }

  private static String json(
      GatewayError error,
      String message,
      @Nullable String param,
      String requestId,
      ErrorShape shape) {
    var json = new StringBuilder(256);
    switch (shape) {
      case OPENAI, RESPONSES -> {
        json.append("{\"error\":{\"message\":");
        JsonText.quote(json, message);
        json.append(",\"type\":");
        JsonText.quote(json, shape.type(error.status()));
        json.append(",\"param\":");
        JsonText.quote(json, param);
        json.append(",\"code\":");
        JsonText.quote(json, error.code());
        json.append("}}");
      }
      case ANTHROPIC -> {
        json.append("{\"type\":\"error\",\"error\":{\"type\":");
        JsonText.quote(json, shape.type(error.status()));
        json.append(",\"message\":");
        JsonText.quote(json, message);
        json.append("},\"request_id\":");
        JsonText.quote(json, requestId);
        json.append('}');
      }
    }
    return json.toString();
  }

  /**
   * Spreads clients by their request id, so that they do not come back together. Values stay within
   * what both SDKs obey: 1 to 60 s.
   */
  private static void addRetryAfter(
      List<Map.Entry<String, String>> headers, GatewayError error, String requestId) {
    int hash = requestId.hashCode() & Integer.MAX_VALUE;
    switch (error.retry()) {
      case NEVER, AT_ONCE -> {}
      case ELSEWHERE -> headers.add(Map.entry("retry-after-ms", Integer.toString(hash % 201)));
      case SOON -> {
        int millis = 1_000 + hash % 4_001;
        headers.add(Map.entry("retry-after", Integer.toString((millis + 999) / 1_000)));
        headers.add(Map.entry("retry-after-ms", Integer.toString(millis)));
      }
    }
  }

  /** {@code x-llm-d-request-dropped-reason}, null for what is not dropped but wrong or failed. */
  private static @Nullable String dropped(GatewayError error) {
    return switch (error) {
      case SATURATED, QUEUE_FULL, OVERLOADED -> "rejected-saturated";
      case QUEUE_TIMEOUT -> "rejected-ttl-expired";
      case NO_HEALTHY_ENDPOINTS -> "rejected-no-endpoints";
      case DRAINING -> "rejected-shutting-down";
      case EVICTED -> "evicted";
      default -> null;
    };
  }
}
