package io.penstock.tools.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class AnswerReaderTest {

  private static final String PLAIN =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
  private static final String STREAM =
      """
      HTTP/1.1 200 OK\r
      Content-Type: text/event-stream; charset=utf-8\r
      Transfer-Encoding: chunked\r
      \r
      9\r
      data: a

      \r
      1C;x=1\r
      data: b

      data: [DONE]

      : end
      \r
      0\r
      trailer: yes\r
      \r
      """;

  @Test
  void a_stream_is_read_at_every_split() {
    byte[] bytes = STREAM.getBytes(US_ASCII);
    var reader = new AnswerReader();
    for (int split = 0; split <= bytes.length; split++) {
      reader.begin();
      int events = reader.read(Unpooled.wrappedBuffer(bytes, 0, split));
      assertThat(reader.ended()).isEqualTo(split == bytes.length);
      events += reader.read(Unpooled.wrappedBuffer(bytes, split, bytes.length - split));

      assertThat(events).as("split at %d", split).isEqualTo(2);
      assertThat(reader.ended()).isTrue();
      assertThat(reader.eventStream()).isTrue();
      assertThat(reader.events().done()).isTrue();
      assertThat(reader.bodyBytes()).isEqualTo(9 + 28);
      assertThat(reader.keepAlive()).isTrue();
    }
  }

  @Test
  void what_follows_an_answer_stays_unread() {
    var reader = new AnswerReader();
    reader.begin();
    var two = Unpooled.copiedBuffer(PLAIN + PLAIN, US_ASCII);
    reader.read(two);
    assertThat(reader.ended()).isTrue();
    assertThat(two.readableBytes()).isEqualTo(PLAIN.length());
    reader.begin();
    reader.read(two);
    assertThat(reader.ended()).isTrue();
    assertThat(reader.bodyBytes()).isEqualTo(2);
  }

  @Test
  void an_interim_answer_is_passed_over() {
    var reader = reading("HTTP/1.1 100 Continue\r\n\r\n" + PLAIN);
    assertThat(reader.ended()).isTrue();
    assertThat(reader.status()).isEqualTo(200);
  }

  @Test
  void no_length_means_until_the_connection_ends() {
    var reader = reading("HTTP/1.1 503 No\r\nConnection: Close\r\n\r\nsorry");
    assertThat(reader.ended()).isFalse();
    assertThat(reader.endsWithConnection()).isTrue();
    assertThat(reader.status()).isEqualTo(503);
    assertThat(reader.keepAlive()).isFalse();
  }

  @Test
  void the_server_may_announce_that_it_closes() {
    var reader = reading("HTTP/1.1 204 None\r\nconnection: close\r\n\r\n");
    assertThat(reader.ended()).isTrue();
    assertThat(reader.keepAlive()).isFalse();
  }

  @Test
  void what_is_not_http_is_malformed() {
    assertThat(reading("SSH-2.0-OpenSSH_9.2\r\n\r\n").malformed()).isTrue();
    assertThat(reading("x".repeat(40_000)).malformed()).isTrue();
  }

  private static AnswerReader reading(String bytes) {
    var reader = new AnswerReader();
    reader.begin();
    reader.read(Unpooled.copiedBuffer(bytes, US_ASCII));
    return reader;
  }
}
