package io.penstock.picker.request;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonBytesTest {

  /** By the definition: RFC 8259 section 7, and what is not ASCII. */
  private static boolean plain(byte c) {
    return c >= ' ' && c != '"' && c != '\\';
  }

  private static int firstStop(byte[] bytes, int from, int to) {
    int i = from;
    while (i < to && plain(bytes[i])) {
      i++;
    }
    return i;
  }

  @Test
  void eachByteStopsTheSkipOrDoesNotWhereverItStands() {
    byte[] bytes = new byte[80];
    for (int c = 0; c < 256; c++) {
      for (byte filler : new byte[] {' ', '!', '#', '[', ']', '}', '~', 0x7f}) {
        for (int at = 0; at < bytes.length; at++) {
          Arrays.fill(bytes, filler);
          bytes[at] = (byte) c;
          int expected = plain((byte) c) ? bytes.length : at;
          assertThat(JsonBytes.skipPlain(bytes, 0, bytes.length))
              .as("byte %d at %d among %d", c, at, filler)
              .isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void ofSeveralTheFirstOneCounts() {
    var random = new Random(6);
    byte[] bytes = new byte[120];
    for (int round = 0; round < 20_000; round++) {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] =
            (byte) (random.nextInt(30) == 0 ? random.nextInt(256) : ' ' + random.nextInt(95));
      }
      int from = random.nextInt(20);
      int to = bytes.length - random.nextInt(20);
      int expected = firstStop(bytes, from, to);
      assertThat(JsonBytes.skipPlain(bytes, from, to)).isEqualTo(expected);
      assertThat(JsonBytes.skipPlainBytes(bytes, from, to)).isEqualTo(expected);
    }
  }
}
