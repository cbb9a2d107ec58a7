package io.penstock.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyFramingTest {

  private static final String CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  private static final String WHOLE =
      "5\r\nhello\r\n6;name=\"a;b\"\r\n world\r\n0a\r\n0123456789\r\n0\r\nx-a: 1\r\nx-b: 2\r\n\r\n";
  private static final String PAYLOAD = "hello world0123456789";

  /** Bytes fed to a framing, and what it made of them. */
  private static final class Run {
    final BodyFraming framing = new BodyFraming();
    final StringBuilder payload = new StringBuilder();
    String surplus = "";

    Run(String head, boolean answersHead) throws MalformedAnswer {
      framing.begin(
          ResponseHeadParser.parse(head.getBytes(StandardCharsets.ISO_8859_1), answersHead));
    }

    Run(String head) throws MalformedAnswer {
      this(head, false);
    }

    void read(String bytes) throws MalformedAnswer {
      // Bytes before and behind those of the read, so that indices are not offsets.
      ByteBuf buffer = Unpooled.copiedBuffer("###" + bytes, StandardCharsets.ISO_8859_1);
      buffer.readerIndex(3);
      framing.walk(buffer);
      for (int i = 0; i < framing.segments(); i++) {
        assertThat(framing.segmentLength(i)).isPositive();
        payload.append(
            buffer.toString(
                framing.segmentStart(i), framing.segmentLength(i), StandardCharsets.ISO_8859_1));
      }
      assertThat(framing.wholeEnd()).isBetween(3, buffer.writerIndex());
      surplus =
          buffer.toString(
              framing.messageEnd(),
              buffer.writerIndex() - framing.messageEnd(),
              StandardCharsets.ISO_8859_1);
    }
  }

  @Test
  void chunks_with_extensions_and_trailers_end_with_the_empty_line_at_every_cut() throws Exception {
    for (int cut = 1; cut < WHOLE.length(); cut++) {
      var run = new Run(CHUNKED);
      run.read(WHOLE.substring(0, cut));
      assertThat(run.framing.ended()).as("cut at %d", cut).isFalse();
      assertThat(run.surplus).isEmpty();
      run.read(WHOLE.substring(cut) + "next");
      assertThat(run.framing.ended()).as("cut at %d", cut).isTrue();
      assertThat(run.payload.toString()).isEqualTo(PAYLOAD);
      assertThat(run.surplus).isEqualTo("next");
    }
  }

  @Test
  void byte_by_byte_the_payload_is_the_same() throws Exception {
    var run = new Run(CHUNKED);
    for (int i = 0; i < WHOLE.length(); i++) {
      assertThat(run.framing.ended()).isFalse();
      run.read(WHOLE.substring(i, i + 1));
    }
    assertThat(run.framing.ended()).isTrue();
    assertThat(run.payload.toString()).isEqualTo(PAYLOAD);
  }

  @Test
  void chunks_of_any_sizes_in_any_cuts_give_their_payload() throws Exception {
    for (int seed = 0; seed < 300; seed++) {
      var random = new SplittableRandom(seed);
      var payload = new StringBuilder();
      var sent = new StringBuilder();
      for (int i = random.nextInt(200); i > 0; i--) {
        String piece = "x".repeat(1 + random.nextInt(random.nextInt(10) == 0 ? 3_000 : 20));
        payload.append(piece);
        String size = Integer.toHexString(piece.length());
        sent.append(random.nextBoolean() ? size : "00" + size.toUpperCase(Locale.ROOT));
        sent.append("\r\n").append(piece).append("\r\n");
      }
      sent.append("0\r\n\r\n");
      var run = new Run(CHUNKED);
      for (int at = 0; at < sent.length(); ) {
        int end = Math.min(sent.length(), at + 1 + random.nextInt(2_000));
        run.read(sent.substring(at, end));
        at = end;
      }
      assertThat(run.framing.ended()).as("seed %d", seed).isTrue();
      assertThat(run.payload).as("seed %d", seed).hasToString(payload.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "5\nhello\r\n",
        "5\r\nhelloX\r\n",
        "5\r\nhello\rX",
        "5\r\nhello\n",
        "\r\n",
        ";a\r\n",
        "+5\r\nhello\r\n",
        "-5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        "g\r\n",
        "5 x\nhello\r\n",
        "1234567890abcdef\r\n",
        "0\r\nx: a\n\r\n",
        "0\r\n\r\r",
        "0\r\n\n"
      })
  void framing_that_is_broken_is_an_error_at_every_cut(String body) {
    for (int cut = 0; cut < body.length(); cut++) {
      String first = body.substring(0, cut);
      String rest = body.substring(cut);
      assertThatThrownBy(
              () -> {
                var run = new Run(CHUNKED);
                run.read(first);
                run.read(rest);
              })
          .as("%s cut at %d", body, cut)
          .isInstanceOf(MalformedAnswer.class);
    }
  }

  @Test
  void extensions_and_trailers_have_bounds() {
    assertThatThrownBy(() -> new Run(CHUNKED).read("5;" + "x".repeat(5_000)))
        .isInstanceOf(MalformedAnswer.class);
    assertThatThrownBy(() -> new Run(CHUNKED).read("0\r\n" + "x: y\r\n".repeat(4_000)))
        .isInstanceOf(MalformedAnswer.class);
  }

  @Test
  void a_length_is_counted_down_and_what_follows_is_surplus() throws Exception {
    String body = "hello world";
    for (int cut = 1; cut < body.length(); cut++) {
      var run = new Run("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n");
      run.read(body.substring(0, cut));
      assertThat(run.framing.ended()).isFalse();
      run.read(body.substring(cut) + "next");
      assertThat(run.framing.ended()).isTrue();
      assertThat(run.payload).hasToString(body);
      assertThat(run.surplus).isEqualTo("next");
    }
  }

  @Test
  void without_length_and_chunks_the_body_ends_with_the_connection() throws Exception {
    var run = new Run("HTTP/1.1 200 OK\r\n\r\n");
    run.read("hello");
    run.read(" world");
    assertThat(run.payload).hasToString("hello world");
    assertThat(run.framing.ended()).isFalse();
    assertThat(run.framing.endsWithConnection()).isTrue();
  }

  @Test
  void some_answers_have_no_body_whatever_their_head_says() throws Exception {
    for (var status : new String[] {"204 No Content", "304 Not Modified"}) {
      for (var framing : new String[] {"content-length: 5", "transfer-encoding: chunked", "x: y"}) {
        var run = new Run("HTTP/1.1 " + status + "\r\n" + framing + "\r\n\r\n");
        assertThat(run.framing.ended()).isTrue();
        run.read("hello");
        assertThat(run.payload).isEmpty();
        assertThat(run.surplus).isEqualTo("hello");
      }
    }
    assertThat(new Run("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", true).framing.ended())
        .isTrue();
    assertThat(new Run(CHUNKED, true).framing.ended()).isTrue();
  }
}
