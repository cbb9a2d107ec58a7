package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.FastThreadLocal;
import io.penstock.picker.signals.TokenUsage;

/**
 * Looks for usage objects in buffers: the last bytes are copied to an array of the thread, where
 * they are searched several times faster than in place. Allocates nothing per call.
 */
public final class UsageReader {

  private static final FastThreadLocal<byte[]> SCRATCH =
      new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
          return new byte[TokenUsage.TAIL_BYTES];
        }
      };

  private UsageReader() {}

  /** Takes the counts from the last usage object near the end of a range. */
  public static void look(TokenUsage usage, ByteBuf buffer, int start, int end) {
    int length = Math.min(end - start, TokenUsage.TAIL_BYTES);
    byte[] bytes = SCRATCH.get();
    buffer.getBytes(end - length, bytes, 0, length);
    usage.look(bytes, 0, length);
  }
}
