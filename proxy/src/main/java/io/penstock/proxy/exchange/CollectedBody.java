package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.proxy.upstream.BodyFraming;
import java.util.Arrays;

/** The body of an answer that is collected whole. Confined to the exchange's event loop. */
final class CollectedBody {

  private static final int FIRST_BYTES = 2_048;

  private final int mostBytes;
  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;

  /** Nothing yet, and at most so much. */
  CollectedBody(int mostBytes) {
    this.mostBytes = mostBytes;
  }

  /** Takes one read, whose ownership passes; false when there is too much. */
  boolean read(ByteBuf raw, BodyFraming framing) {
    try {
      for (int i = 0; i < framing.segments(); i++) {
        int more = framing.segmentLength(i);
        if (more > mostBytes - length) {
          return false;
        }
        if (length + more > bytes.length) {
          bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
        raw.getBytes(framing.segmentStart(i), bytes, length, more);
        length += more;
      }
      return true;
    } finally {
      raw.release();
    }
  }

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }
}
