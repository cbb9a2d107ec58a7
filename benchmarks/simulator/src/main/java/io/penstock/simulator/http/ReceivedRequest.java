package io.penstock.simulator.http;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A request as it arrived, whole. Immutable but for the body array, which nobody may change. */
public final class ReceivedRequest {

  private final String method;
  private final String path;
  private final String query;
  private final List<Map.Entry<String, String>> headers;
  private final byte[] body;

  ReceivedRequest(
      String method,
      String path,
      String query,
      List<Map.Entry<String, String>> headers,
      byte[] body) {
    this.method = method;
    this.path = path;
    this.query = query;
    this.headers = headers;
    this.body = body;
  }

  /** The method. */
  public String method() {
    return method;
  }

  /** The request target up to the question mark. */
  public String path() {
    return path;
  }

  /** What follows the question mark, or empty. */
  public String query() {
    return query;
  }

  /** Names as sent, in order. */
  public List<Map.Entry<String, String>> headers() {
    return headers;
  }

  /** The body's bytes; read only. */
  public byte[] body() {
    return body;
  }

  /** The first header of that name, in any case. */
  public Optional<String> header(String name) {
    for (Map.Entry<String, String> header : headers) {
      if (header.getKey().equalsIgnoreCase(name)) {
        return Optional.of(header.getValue());
      }
    }
    return Optional.empty();
  }

  /** The body as UTF-8. */
  public String bodyText() {
    return new String(body, StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return method + " " + path + " " + headers + " " + body.length + " bytes";
  }
}
