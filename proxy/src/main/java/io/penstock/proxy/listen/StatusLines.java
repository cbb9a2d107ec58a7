package io.penstock.proxy.listen;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/** HTTP/1.1 status lines as bytes, made once. Thread-safe. */
final class StatusLines {

  private static final byte[][] LINES = new byte[600][];

  static {
    for (int status = 100; status < LINES.length; status++) {
      LINES[status] =
          ("HTTP/1.1 " + status + " " + HttpResponseStatus.valueOf(status).reasonPhrase() + "\r\n")
              .getBytes(StandardCharsets.US_ASCII);
    }
  }

  private StatusLines() {}

  /** Appends the line; a status above 599 is written as 502, since no pod may send it. */
  static void write(ByteBuf out, int status) {
    out.writeBytes(LINES[status < LINES.length ? status : 502]);
  }
}
