package io.penstock.picker.grpc;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.ReadOnlyHttp2Headers;
import io.netty.util.AsciiString;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The headers and trailers of calls: what must be in a request, and what answers have. */
final class GrpcHeaders {

  private static final AsciiString GRPC = AsciiString.cached("application/grpc");
  private static final AsciiString IDENTITY = AsciiString.cached("identity");
  private static final AsciiString ENCODING = AsciiString.cached("grpc-encoding");
  private static final AsciiString ACCEPT_ENCODING = AsciiString.cached("grpc-accept-encoding");
  private static final AsciiString STATUS = AsciiString.cached("grpc-status");
  private static final AsciiString MESSAGE = AsciiString.cached("grpc-message");

  /** Before the first message of an answer. */
  static final Http2Headers RESPONSE =
      ReadOnlyHttp2Headers.serverHeaders(
          false, HttpResponseStatus.OK.codeAsText(), HttpHeaderNames.CONTENT_TYPE, GRPC);

  private static final Http2Headers OK =
      ReadOnlyHttp2Headers.trailers(false, STATUS, AsciiString.cached(GrpcStatus.OK.code()));

  private GrpcHeaders() {}

  /** The path, empty where there is none. */
  static CharSequence path(Http2Headers request) {
    return orEmpty(request.path());
  }

  /**
   * What a request is refused with, null if it may be served.
   *
   * @param known whether there is a method of its path
   */
  static @Nullable Http2Headers refusal(Http2Headers request, boolean known) {
    if (!HttpMethod.POST.asciiName().contentEquals(orEmpty(request.method()))) {
      return only(HttpResponseStatus.METHOD_NOT_ALLOWED);
    }
    if (!AsciiString.of(orEmpty(request.get(HttpHeaderNames.CONTENT_TYPE))).startsWith(GRPC)) {
      return only(HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE);
    }
    if (!known) {
      return unimplemented("no method " + request.path());
    }
    var encoding = request.get(ENCODING);
    if (encoding != null && !IDENTITY.contentEquals(encoding)) {
      return unimplemented("no encoding " + encoding);
    }
    return null;
  }

  private static CharSequence orEmpty(@Nullable CharSequence text) {
    return text == null ? "" : text;
  }

  /** For what is no gRPC. */
  private static Http2Headers only(HttpResponseStatus status) {
    return new DefaultHttp2Headers(false).status(status.codeAsText());
  }

  private static Http2Headers unimplemented(String text) {
    return trailers(false, GrpcStatus.UNIMPLEMENTED, text).set(ACCEPT_ENCODING, IDENTITY);
  }

  /**
   * The end of an answer.
   *
   * @param begun whether {@link #RESPONSE} went out before
   * @param text for people, empty for none
   */
  static Http2Headers trailers(boolean begun, GrpcStatus status, String text) {
    if (begun && status == GrpcStatus.OK && text.isEmpty()) {
      return OK;
    }
    var trailers = new DefaultHttp2Headers(false);
    if (!begun) {
      trailers.status(HttpResponseStatus.OK.codeAsText()).set(HttpHeaderNames.CONTENT_TYPE, GRPC);
    }
    trailers.set(STATUS, status.code());
    if (!text.isEmpty()) {
      trailers.set(MESSAGE, percentEncoded(text));
    }
    return trailers;
  }

  /** More is encoded than must be, which the protocol allows. */
  private static String percentEncoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
