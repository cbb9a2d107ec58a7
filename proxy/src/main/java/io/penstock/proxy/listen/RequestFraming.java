package io.penstock.proxy.listen;

import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import org.jspecify.annotations.Nullable;

/** What is wrong with the framing of a decoded HTTP/1 head, if anything (RFC 9112 §3.2, §6.3). */
final class RequestFraming {

  private RequestFraming() {}

  /** A sentence for the client, or null when the head is sound. */
  static @Nullable String fault(HttpRequest request) {
    if (request.decoderResult().isFailure()) {
      var cause = request.decoderResult().cause();
      String detail = cause == null ? null : cause.getMessage();
      return "the request head is not valid HTTP/1.1" + (detail == null ? "" : ": " + detail);
    }
    HttpHeaders headers = request.headers();
    var version = request.protocolVersion();
    if (!version.equals(HttpVersion.HTTP_1_1) && !version.equals(HttpVersion.HTTP_1_0)) {
      return "the protocol version is not HTTP/1.1 or HTTP/1.0";
    }
    int hosts = headers.getAll(HttpHeaderNames.HOST).size();
    if (hosts > 1 || (hosts == 0 && version.equals(HttpVersion.HTTP_1_1))) {
      return "the request has " + hosts + " Host fields, not one";
    }
    var codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
    if (!codings.isEmpty()) {
      if (version.equals(HttpVersion.HTTP_1_0)) {
        return "Transfer-Encoding is not allowed in HTTP/1.0";
      }
      if (codings.size() > 1 || !codings.getFirst().trim().equalsIgnoreCase("chunked")) {
        return "Transfer-Encoding is not exactly 'chunked'";
      }
    }
    String length = headers.get(HttpHeaderNames.CONTENT_LENGTH);
    if (parseLength(length) < -1) {
      return "Content-Length is not a number";
    }
    return null;
  }

  /** Whether the head was refused for its size. */
  static boolean tooLarge(HttpRequest request) {
    return request.decoderResult().cause() instanceof TooLongFrameException;
  }

  /** The declared body length in bytes, 0 without a body, -1 for chunks. */
  static long length(HttpRequest request) {
    String length = request.headers().get(HttpHeaderNames.CONTENT_LENGTH);
    if (length != null) {
      return parseLength(length);
    }
    return request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING) ? -1 : 0;
  }

  /** A Content-Length value in bytes, -1 when there is none, -2 when it is not a number. */
  static long parseLength(@Nullable String value) {
    if (value == null) {
      return -1;
    }
    if (value.isEmpty() || value.length() > 18) {
      return -2;
    }
    for (int i = 0; i < value.length(); i++) {
      if (value.charAt(i) < '0' || value.charAt(i) > '9') {
        return -2;
      }
    }
    return Long.parseLong(value);
  }
}
