package io.penstock.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseHeadTest {

  @Test
  void end_to_end_fields_pass_as_sent_and_those_of_the_connection_do_not() throws Exception {
    var head =
        parse(
            "HTTP/1.1 200 OK",
            "date: now",
            "Server: uvicorn",
            "Content-Type: Text/Event-Stream; charset=utf-8",
            "X-Weird:  a b ",
            "connection: keep-alive, x-private",
            "X-Private: 1",
            "x-request-id: theirs",
            "transfer-encoding: chunked");

    var out = Unpooled.buffer();
    head.writeHeadersTo(out);
    assertThat(out.toString(StandardCharsets.ISO_8859_1))
        .isEqualTo(
            "date: now\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\nX-Weird:  a b\r\n");
    assertThat(head.isEventStream()).isTrue();
    assertThat(head.framing()).isEqualTo(ResponseHead.Framing.CHUNKED);
    assertThat(head.keepAlive()).isTrue();
    assertThat(head.field("x-weird")).isEqualTo("a b");
    out.release();
  }

  @Test
  void the_end_of_a_body_is_where_rfc_9112_says() throws Exception {
    assertThat(parse("HTTP/1.1 204 No Content", "content-length: 5").framing())
        .isEqualTo(ResponseHead.Framing.NONE);
    assertThat(parse("HTTP/1.1 304 Not Modified", "content-length: 5").framing())
        .isEqualTo(ResponseHead.Framing.NONE);
    assertThat(parse("HTTP/1.1 200 OK", "content-length: 5").contentLength()).isEqualTo(5);
    assertThat(parse("HTTP/1.1 200 OK").framing()).isEqualTo(ResponseHead.Framing.UNTIL_CLOSE);
    assertThat(parse("HTTP/1.1 200 OK").keepAlive()).isFalse();
    assertThat(parse("HTTP/1.0 200 OK", "content-length: 5").keepAlive()).isFalse();
    assertThat(parse("HTTP/1.1 200 OK", "content-length: 0").framing())
        .isEqualTo(ResponseHead.Framing.NONE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "content-length: 5\r\ntransfer-encoding: chunked",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: +5",
        "content-length: ",
        "content-length: 5,5",
        "transfer-encoding: xchunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "x-a : b",
        "x-a: b\r\n folded",
        "x-a: b\nx-c: d",
        "x-a: b\rx",
        ": nameless",
        "no colon"
      })
  void what_two_readers_could_read_differently_is_refused(String field) {
    assertThatThrownBy(() -> parse("HTTP/1.1 200 OK", field)).isInstanceOf(MalformedAnswer.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP/2 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 abc", "ICY 200 OK", "x"})
  void a_status_line_of_another_kind_is_refused(String line) {
    assertThatThrownBy(() -> parse(line)).isInstanceOf(MalformedAnswer.class);
  }

  private static ResponseHead parse(String... lines) throws MalformedAnswer {
    return ResponseHeadParser.parse(
        (String.join("\r\n", lines) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1), false);
  }
}
