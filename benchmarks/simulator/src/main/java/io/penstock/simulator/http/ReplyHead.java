package io.penstock.simulator.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes answer heads with the names, order and case of uvicorn. Confined to the pod's event loop;
 * keeps the date of the current second.
 */
final class ReplyHead {

  static final String JSON = "application/json";
  static final String EVENT_STREAM = "text/event-stream; charset=utf-8";

  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
          .withZone(ZoneOffset.UTC);

  private final InstantSource time;
  private long dateSecond = Long.MIN_VALUE;
  private String date = "";

  ReplyHead(InstantSource time) {
    this.time = time;
  }

  /**
   * The head as text, up to and with its empty line.
   *
   * @param extra headers that come before the length, such as {@code allow}
   * @param length of the body in bytes; negative for a chunked one
   * @param requestId echoed as {@code x-request-id} unless null
   */
  String of(
      int status,
      Map<String, String> extra,
      @Nullable String contentType,
      long length,
      @Nullable String requestId,
      boolean keepAlive,
      boolean chunked) {
    var head = new StringBuilder(256);
    head.append("HTTP/1.1 ").append(HttpResponseStatus.valueOf(status)).append("\r\n");
    header(head, "date", date());
    header(head, "server", "uvicorn");
    extra.forEach((name, value) -> header(head, name, value));
    if (length >= 0) {
      header(head, "content-length", Long.toString(length));
    }
    if (contentType != null) {
      header(head, "content-type", contentType);
    }
    header(head, "vary", "Origin");
    if (requestId != null) {
      header(head, "x-request-id", requestId);
    }
    if (!keepAlive) {
      header(head, "connection", "close");
    }
    if (chunked) {
      header(head, "transfer-encoding", "chunked");
    }
    return head.append("\r\n").toString();
  }

  /** A bare informational response. */
  static String informational(int status) {
    return "HTTP/1.1 " + HttpResponseStatus.valueOf(status) + "\r\n\r\n";
  }

  private static void header(StringBuilder head, String name, String value) {
    head.append(name).append(": ").append(value).append("\r\n");
  }

  private String date() {
    long second = time.instant().getEpochSecond();
    if (second != dateSecond) {
      dateSecond = second;
      date = HTTP_DATE.format(time.instant());
    }
    return date;
  }
}
