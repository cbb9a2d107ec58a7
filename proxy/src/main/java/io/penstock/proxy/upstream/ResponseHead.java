package io.penstock.proxy.upstream;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The head of a pod's answer, final or interim: its bytes and where the fields are. Immutable.
 *
 * <p>Fields that concern the connection or that the gateway writes itself (RFC 9110 §7.6.1) are
 * known from parsing and never passed on; all others go on byte for byte.
 */
public final class ResponseHead {

  /** How the end of the body is found (RFC 9112 §6.3). */
  public enum Framing {
    /** There is no body. */
    NONE,
    /** {@code Content-Length}. */
    LENGTH,
    /** {@code Transfer-Encoding: chunked}. */
    CHUNKED,
    /** The body ends with the connection. */
    UNTIL_CLOSE
  }

  private final byte[] bytes;
  private final int[] lines;
  private final int lineCount;
  private final int status;
  private final Framing framing;
  private final long contentLength;
  private final boolean keepAlive;
  private final boolean eventStream;
  private final int retryAfterSeconds;

  ResponseHead(
      byte[] bytes,
      int[] lines,
      int lineCount,
      int status,
      Framing framing,
      long contentLength,
      boolean keepAlive,
      boolean eventStream,
      int retryAfterSeconds) {
    this.bytes = bytes;
    this.lines = lines;
    this.lineCount = lineCount;
    this.status = status;
    this.framing = framing;
    this.contentLength = contentLength;
    this.keepAlive = keepAlive;
    this.eventStream = eventStream;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** 100..999 as sent. */
  public int status() {
    return status;
  }

  /** How the body ends. */
  public Framing framing() {
    return framing;
  }

  /** Length of the body in bytes, 0 without one, -1 when it is not known beforehand. */
  public long contentLength() {
    return switch (framing) {
      case NONE -> 0;
      case LENGTH -> contentLength;
      case CHUNKED, UNTIL_CLOSE -> -1;
    };
  }

  /** Whether the pod keeps the connection for a next request. */
  public boolean keepAlive() {
    return keepAlive;
  }

  /** Whether the body is {@code text/event-stream}. */
  public boolean isEventStream() {
    return eventStream;
  }

  /** Whether the body is JSON by its content type, and not compressed. */
  public boolean isJson() {
    var type = field("content-type");
    return type != null && type.contains("json") && field("content-encoding") == null;
  }

  /** {@code Retry-After} in seconds, -1 when absent or a date. */
  public int retryAfterSeconds() {
    return retryAfterSeconds;
  }

  /** Value of the first passed-on field of that name, in lower case; null when there is none. */
  public @Nullable String field(String name) {
    for (int i = 0; i < lineCount; i++) {
      int start = lines[4 * i];
      if (Ascii.equalsIgnoreCase(bytes, start, lines[4 * i + 1], name)) {
        return text(lines[4 * i + 2], lines[4 * i + 3]);
      }
    }
    return null;
  }

  /** Appends every end-to-end field line, as sent. */
  public void writeHeadersTo(ByteBuf out) {
    for (int i = 0; i < lineCount; i++) {
      int start = lines[4 * i];
      out.writeBytes(bytes, start, lines[4 * i + 3] - start);
      out.writeShort('\r' << 8 | '\n');
    }
  }

  /** Calls back with name and value of every end-to-end field. */
  public void forEachEndToEnd(BiConsumer<String, String> field) {
    for (int i = 0; i < lineCount; i++) {
      field.accept(text(lines[4 * i], lines[4 * i + 1]), text(lines[4 * i + 2], lines[4 * i + 3]));
    }
  }

  private String text(int start, int end) {
    return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
  }
}
