package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Finds the id of a response object ({@code resp_…}) in bytes that pass by. Stateless. */
public final class ResponseIds {

  private static final byte[] START = "\"id\":\"resp_".getBytes(StandardCharsets.US_ASCII);
  private static final int QUOTE_AT = 6;
  private static final int LOOKED_AT = 4 * 1024;
  private static final int LONGEST = 256;

  private ResponseIds() {}

  /** The id in the first bytes of a body or an event, null when there is none. */
  public static @Nullable String find(ByteBuf buffer, int start, int end) {
    int stop = Math.min(end, start + LOOKED_AT) - START.length;
    for (int i = start; i <= stop; i++) {
      if (matches(buffer, i)) {
        int from = i + QUOTE_AT;
        int quote = buffer.indexOf(from, Math.min(end, from + LONGEST), (byte) '"');
        return quote < 0 ? null : buffer.toString(from, quote - from, StandardCharsets.US_ASCII);
      }
    }
    return null;
  }

  private static boolean matches(ByteBuf buffer, int at) {
    for (int i = 0; i < START.length; i++) {
      if (buffer.getByte(at + i) != START[i]) {
        return false;
      }
    }
    return true;
  }
}
