package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.proxy.upstream.BodyFraming;
import java.util.Arrays;

/** The body of a prefill's answer, collected whole. Confined to the exchange's event loop. */
final class PrefillAnswer {

  /** Block numbers of a prompt of a million tokens take less. */
  private static final int MOST_BYTES = 4 << 20;

  private static final int FIRST_BYTES = 2_048;

  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;

  /** Takes one read, whose ownership passes; false when there is too much. */
  boolean read(ByteBuf raw, BodyFraming framing) {
    try {
      for (int i = 0; i < framing.segments(); i++) {
        int more = framing.segmentLength(i);
        if (more > MOST_BYTES - length) {
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
