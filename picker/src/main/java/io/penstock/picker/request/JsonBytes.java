package io.penstock.picker.request;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The inner loops of the tokenizer over string contents: pure functions on bytes.
 *
 * <p>Plain text is skipped 32 bytes at a time, in words of eight (SWAR). A byte stops the skip if
 * it is a quote, a backslash, a control character or not ASCII. The test for zero (a backslash) and
 * the one for "less than 0x21" (a quote or a control character, see QUOTE_TO_SPACE) borrow upwards
 * only out of a byte that itself stops, so the lowest flagged byte, the first in memory order, is
 * exact.
 */
final class JsonBytes {

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = 0x8080808080808080L;
  private static final long BACKSLASHES = '\\' * ONES;

  /** Takes quotes to spaces, spaces beyond, and control characters to each other. */
  private static final long QUOTE_TO_SPACE = ('"' ^ ' ') * ONES;

  private static final long AFTER_SPACES = (' ' + 1) * ONES;

  private static final boolean[] PLAIN = new boolean[256];
  private static final boolean[] HEX = new boolean[256];

  static {
    for (int c = 0; c < 256; c++) {
      PLAIN[c] = c >= ' ' && c < 0x80 && c != '"' && c != '\\';
      HEX[c] = Character.digit(c, 16) >= 0 && c < 0x80;
    }
  }

  private JsonBytes() {}

  /** Index of the first byte at or after {@code i} that is not plain text, or {@code to}. */
  static int skipPlain(byte[] b, int i, int to) {
    while (i <= to - 32) {
      long stops =
          marks((long) LONGS.get(b, i))
              | marks((long) LONGS.get(b, i + 8))
              | marks((long) LONGS.get(b, i + 16))
              | marks((long) LONGS.get(b, i + 24));
      if ((stops & HIGHS) != 0) {
        break;
      }
      i += 32;
    }
    while (i <= to - 8) {
      long stops = marks((long) LONGS.get(b, i)) & HIGHS;
      if (stops != 0) {
        return i + (Long.numberOfTrailingZeros(stops) >>> 3);
      }
      i += 8;
    }
    return skipPlainBytes(b, i, to);
  }

  /** The same a byte at a time, quicker where stops are dense. */
  static int skipPlainBytes(byte[] b, int i, int to) {
    while (i < to && PLAIN[b[i] & 0xff]) {
      i++;
    }
    return i;
  }

  /**
   * Has the high bit of the first byte that stops, and of none before it; what is above, and all
   * other bits, mean nothing.
   */
  private static long marks(long word) {
    return ((word ^ QUOTE_TO_SPACE) - AFTER_SPACES) | ((word ^ BACKSLASHES) - ONES) | word;
  }

  /**
   * Index after the run of valid two- and three-byte UTF-8 characters at {@code i}: stops in front
   * of ASCII, of anything rare, cut off or wrong, which is for the caller to look at byte by byte.
   */
  static int skipCommonUtf8(byte[] b, int i, int to) {
    while (i < to - 2) {
      int lead = b[i] & 0xff;
      if (lead >= 0xe1 && lead <= 0xef && lead != 0xed) {
        if ((b[i + 1] & 0xc0) != 0x80 || (b[i + 2] & 0xc0) != 0x80) {
          return i;
        }
        i += 3;
      } else if (lead >= 0xc2 && lead <= 0xdf && (b[i + 1] & 0xc0) == 0x80) {
        i += 2;
      } else {
        return i;
      }
    }
    return i;
  }

  /** Index after the escape at {@code i}, or {@code i} if it is cut off or wrong. */
  static int skipEscape(byte[] b, int i, int to) {
    if (i + 1 < to && isSimpleEscape(b[i + 1])) {
      return i + 2;
    }
    boolean whole =
        i + 5 < to
            && b[i + 1] == 'u'
            && isHex(b[i + 2])
            && isHex(b[i + 3])
            && isHex(b[i + 4])
            && isHex(b[i + 5]);
    return whole ? i + 6 : i;
  }

  static boolean isSimpleEscape(byte c) {
    return switch (c) {
      case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> true;
      default -> false;
    };
  }

  static boolean isHex(byte c) {
    return HEX[c & 0xff];
  }

  static boolean isDigit(byte c) {
    return c >= '0' && c <= '9';
  }

  static boolean isWhitespace(byte c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }
}
