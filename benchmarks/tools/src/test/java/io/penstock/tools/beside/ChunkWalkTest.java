package io.penstock.tools.beside;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class ChunkWalkTest {

  private static final String BODY =
      "5\r\nhello\r\n1;x=y\r\n \r\nA\r\n0123456789\r\n0\r\nt: v\r\n\r\n";

  @Test
  void data_is_found_wherever_the_bytes_are_cut() {
    for (int cut = 0; cut <= BODY.length(); cut++) {
      var walk = new ChunkWalk();
      var data = new StringBuilder();
      boolean ended = walk(walk, BODY.substring(0, cut), data);
      assertThat(ended).isEqualTo(cut == BODY.length());
      assertThat(ended || walk(walk, BODY.substring(cut), data)).isTrue();
      assertThat(data).hasToString("hello 0123456789");
    }
  }

  @Test
  void what_follows_the_body_is_left() {
    var in = Unpooled.copiedBuffer("0\r\n\r\nPOST", US_ASCII);
    var walk = new ChunkWalk();

    assertThat(walk.next(in)).isEqualTo(-1);
    assertThat(in.toString(US_ASCII)).isEqualTo("POST");

    walk.reset();
    assertThat(walk(walk, "1\r\nz\r\n0\r\n\r\n", new StringBuilder())).isTrue();
  }

  private static boolean walk(ChunkWalk walk, String bytes, StringBuilder data) {
    var in = Unpooled.copiedBuffer(bytes, US_ASCII);
    int length = walk.next(in);
    while (length > 0) {
      data.append(in.readCharSequence(length, US_ASCII));
      length = walk.next(in);
    }
    return length < 0;
  }
}
