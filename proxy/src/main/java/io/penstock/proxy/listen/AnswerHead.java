package io.penstock.proxy.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.proxy.upstream.ResponseHead;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Heads of answers of HTTP/1, and what stands between chunks. Pure functions. */
final class AnswerHead {

  private static final byte[] CRLF = {'\r', '\n'};
  private static final byte[] CONTINUE =
      "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final ByteBuf LAST_CHUNK =
      Unpooled.unreleasableBuffer(
              Unpooled.directBuffer().writeBytes("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII)))
          .asReadOnly();

  private AnswerHead() {}

  /**
   * A whole head.
   *
   * @param relayed the pod's fields, as far as they are passed on; null for none
   * @param extra names and values in turn
   * @param contentLength -1 for none
   * @param connection value of that field; null for none
   */
  static ByteBuf of(
      ByteBufAllocator allocator,
      int status,
      @Nullable ResponseHead relayed,
      String[] extra,
      long contentLength,
      boolean chunked,
      @Nullable String connection) {
    ByteBuf head = allocator.directBuffer(512);
    StatusLines.write(head, status);
    if (relayed != null) {
      relayed.writeHeadersTo(head);
    }
    for (int i = 0; i < extra.length; i += 2) {
      field(head, extra[i], extra[i + 1]);
    }
    if (contentLength >= 0) {
      field(head, "content-length", Long.toString(contentLength));
    } else if (chunked) {
      field(head, "transfer-encoding", "chunked");
    }
    if (connection != null) {
      field(head, "connection", connection);
    }
    return head.writeBytes(CRLF);
  }

  private static void field(ByteBuf out, String name, String value) {
    ByteBufUtil.writeAscii(out, name);
    out.writeByte(':').writeByte(' ');
    ByteBufUtil.writeAscii(out, value);
    out.writeBytes(CRLF);
  }

  /** A status of 1xx that lets the client send its body. */
  static ByteBuf goOn(ByteBufAllocator allocator) {
    return allocator.directBuffer(CONTINUE.length).writeBytes(CONTINUE);
  }

  /** What stands before a chunk of so many bytes. */
  static ByteBuf chunkSize(ByteBufAllocator allocator, int bytes) {
    ByteBuf size = allocator.directBuffer(10);
    size.writeCharSequence(Integer.toHexString(bytes), StandardCharsets.US_ASCII);
    return size.writeBytes(CRLF);
  }

  /** What stands behind a chunk. */
  static ByteBuf chunkEnd(ByteBufAllocator allocator) {
    return allocator.directBuffer(2).writeBytes(CRLF);
  }

  /** The end of a body in chunks. */
  static ByteBuf lastChunk() {
    return LAST_CHUNK.duplicate();
  }
}
