package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map.Entry;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes the HTTP/1.1 request head a pod gets, from the head of a client of either HTTP version.
 * {@link HeaderRules} says what stays behind; host, framing and request id are the gateway's own.
 *
 * <p>One pass over the headers into the caller's buffer. A header whose value could end its line
 * early, or whose name is none, is left out, whatever the decoder in front let through.
 */
public final class ForwardedHead {

  /** For {@code contentLength}: the body is sent in chunks. */
  public static final long CHUNKED = -1;

  /** For {@code contentLength}: the request has no body. */
  public static final long NO_BODY = -2;

  private static final byte[] VERSION_AND_HOST = ascii(" HTTP/1.1\r\nhost: ");
  private static final byte[] REQUEST_ID = ascii("\r\nx-request-id: ");
  private static final byte[] TRACEPARENT = ascii("\r\ntraceparent: ");
  private static final byte[] CONTENT_LENGTH = ascii("\r\ncontent-length: ");
  private static final byte[] TRANSFER_CHUNKED = ascii("\r\ntransfer-encoding: chunked");
  private static final byte[] RANK = ascii("x-data-parallel-rank: ");
  private static final byte[] END = ascii("\r\n\r\n");

  private ForwardedHead() {}

  /**
   * Appends the head.
   *
   * @param uri path and query as {@link Routes#forwarded} gives it
   * @param host address of the pod, {@code ip:port}
   * @param requestId as {@link RequestId#accept} gives it
   * @param contentLength bytes of the body, {@link #CHUNKED} or {@link #NO_BODY}
   * @param trace what the pod gets in place of the client's trace context; null: that as it is
   */
  public static void write(
      ByteBuf out,
      CharSequence method,
      CharSequence uri,
      HttpHeaders headers,
      CharSequence host,
      CharSequence requestId,
      long contentLength,
      @Nullable TraceHeaders trace) {
    var named =
        headers.contains(HttpHeaderNames.CONNECTION)
            ? named(headers.getAll(HttpHeaderNames.CONNECTION))
            : Set.<String>of();
    start(out, method, uri, host);
    copy(out, headers.iteratorCharSequence(), named, trace);
    if (trace != null) {
      out.writeBytes(TRACEPARENT);
      ByteBufUtil.writeAscii(out, trace.traceparent());
    }
    end(out, requestId, contentLength);
  }

  /** As above, for a client of HTTP/2; pseudo-headers stay behind. */
  public static void write(
      ByteBuf out,
      CharSequence method,
      CharSequence uri,
      Http2Headers headers,
      CharSequence host,
      CharSequence requestId,
      long contentLength) {
    start(out, method, uri, host);
    copy(out, headers.iterator(), Set.of(), null);
    end(out, requestId, contentLength);
  }

  /** Adds to a finished head which of the engines behind the address is meant. */
  public static void addRank(ByteBuf head, CharSequence rank) {
    head.writerIndex(head.writerIndex() - 2);
    head.writeBytes(RANK);
    ByteBufUtil.writeAscii(head, rank);
    head.writeBytes(END);
  }

  private static void start(ByteBuf out, CharSequence method, CharSequence uri, CharSequence host) {
    ByteBufUtil.writeAscii(out, method);
    out.writeByte(' ');
    ByteBufUtil.writeAscii(out, uri);
    out.writeBytes(VERSION_AND_HOST);
    ByteBufUtil.writeAscii(out, host);
  }

  private static void copy(
      ByteBuf out,
      Iterator<Entry<CharSequence, CharSequence>> headers,
      Set<String> named,
      @Nullable TraceHeaders trace) {
    while (headers.hasNext()) {
      var header = headers.next();
      var name = header.getKey();
      var value = header.getValue();
      if (HeaderRules.forwards(name)
          && isOneLine(value)
          && !isIn(named, name)
          && (trace == null || !isReplaced(name, trace))) {
        out.writeShort(('\r' << 8) | '\n');
        ByteBufUtil.writeAscii(out, name);
        out.writeShort((':' << 8) | ' ');
        ByteBufUtil.writeAscii(out, value);
      }
    }
  }

  private static void end(ByteBuf out, CharSequence requestId, long contentLength) {
    out.writeBytes(REQUEST_ID);
    ByteBufUtil.writeAscii(out, requestId);
    if (contentLength >= 0) {
      out.writeBytes(CONTENT_LENGTH);
      ByteBufUtil.writeAscii(out, Long.toString(contentLength));
    } else if (contentLength == CHUNKED) {
      out.writeBytes(TRANSFER_CHUNKED);
    }
    out.writeBytes(END);
  }

  /** The headers that {@code Connection} declares to be of the connection, in lower case. */
  private static Set<String> named(List<String> values) {
    Set<String> names = new HashSet<>();
    for (var value : values) {
      int from = 0;
      while (from <= value.length()) {
        int comma = value.indexOf(',', from);
        int end = comma < 0 ? value.length() : comma;
        var name = value.substring(from, end).strip();
        if (!name.isEmpty() && HeaderRules.forwards(name)) {
          names.add(name.toLowerCase(Locale.ROOT));
        }
        from = end + 1;
      }
    }
    return names;
  }

  private static boolean isIn(Set<String> names, CharSequence name) {
    return !names.isEmpty() && names.contains(name.toString().toLowerCase(Locale.ROOT));
  }

  private static boolean isReplaced(CharSequence name, TraceHeaders trace) {
    return AsciiString.contentEqualsIgnoreCase("traceparent", name)
        || (!trace.keepState() && AsciiString.contentEqualsIgnoreCase("tracestate", name));
  }

  private static boolean isOneLine(CharSequence value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7f || c > 0xff) {
        return false;
      }
    }
    return true;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
