package io.penstock.proxy.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What two readers could read differently is refused, whole and at every split; what is sound is
 * read the same way at every split.
 */
class StrictRequestDecoderTest {

  private static final int MAX_HEAD_BYTES = 1_024;

  /** What became of one message. */
  private record Read(@Nullable String fault, boolean tooLarge, long length, String body) {}

  /** Feeds the pieces and reads the first message as {@link Http1Connection} does. */
  private static Read read(String... pieces) {
    var channel = new EmbeddedChannel(new StrictRequestDecoder(MAX_HEAD_BYTES, () -> {}));
    for (var piece : pieces) {
      channel.writeInbound(Unpooled.copiedBuffer(piece, StandardCharsets.ISO_8859_1));
    }
    String fault = "no head";
    boolean tooLarge = false;
    long length = 0;
    boolean inBody = false;
    boolean ended = false;
    var body = new StringBuilder();
    for (Object message = channel.readInbound();
        message != null && !ended;
        message = channel.readInbound()) {
      if (message instanceof HttpRequest request && !inBody) {
        fault = RequestFraming.fault(request);
        tooLarge = RequestFraming.tooLarge(request);
        length = fault == null ? RequestFraming.length(request) : 0;
        inBody = true;
        ended = fault != null;
      }
      if (message instanceof HttpContent content && inBody && fault == null) {
        if (content.decoderResult().isFailure()) {
          fault = "broken body";
          ended = true;
        }
        body.append(content.content().toString(StandardCharsets.ISO_8859_1));
        if (message instanceof LastHttpContent) {
          body.append('$');
          ended = true;
        }
      }
      ReferenceCountUtil.release(message);
    }
    channel.finishAndReleaseAll();
    return new Read(fault, tooLarge, length, body.toString());
  }

  private static void assertRefused(String message) {
    assertThat(read(message).fault()).as("%s", message).isNotNull().isNotEqualTo("no head");
    for (int cut = 1; cut < message.length(); cut++) {
      assertThat(read(message.substring(0, cut), message.substring(cut)).fault())
          .as("%s cut at %d", message, cut)
          .isNotNull()
          .isNotEqualTo("no head");
    }
  }

  private static void assertRead(String message, long length, String body) {
    var whole = read(message);
    assertThat(whole).as("%s", message).isEqualTo(new Read(null, false, length, body + "$"));
    for (int cut = 1; cut < message.length(); cut++) {
      assertThat(read(message.substring(0, cut), message.substring(cut)))
          .as("%s cut at %d", message, cut)
          .isEqualTo(whole);
    }
  }

  private static String post(String... fields) {
    return "POST /v1/completions HTTP/1.1\r\nhost: x\r\n"
        + String.join("\r\n", fields)
        + "\r\n\r\n";
  }

  @Test
  void sound_messages_are_read() {
    assertRead("GET /health HTTP/1.1\r\nhost: x\r\n\r\n", 0, "");
    assertRead("GET /health HTTP/1.0\r\n\r\n", 0, "");
    assertRead(post("content-length: 5") + "hello", 5, "hello");
    assertRead(post("Content-Length:5 ", "X-A:  b\t") + "hello", 5, "hello");
    assertRead(post("content-length: 0"), 0, "");
    assertRead("\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n", 0, "");
    assertRead(post("content-length: 5") + " \r\n x", 5, " \r\n x");
    assertRead(post("transfer-encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n", -1, "hello");
    assertRead(
        post("Transfer-Encoding: Chunked") + "2\r\nhe\r\n3\r\nllo\r\n00\r\n\r\n", -1, "hello");
    assertRead(post("transfer-encoding: chunked") + "5;a=b\r\nhello\r\n0\r\n\r\n", -1, "hello");
    assertRead(
        post("transfer-encoding: chunked") + "5\r\nhello\r\n0\r\nx-trailer: 1\r\n\r\n",
        -1,
        "hello");
  }

  @Test
  void a_length_has_one_reading() {
    for (var length : List.of("+5", "-5", "5,5", "5, 5", "0x5", "5 5", "", "٥", "5.0", "1e1")) {
      assertRefused(post("content-length: " + length) + "hello");
    }
    assertRefused(post("content-length: " + "9".repeat(30)));
    assertRefused(post("content-length: 5", "content-length: 6") + "hello");
    assertRefused(post("content-length: 5", "Content-Length: 5") + "hello");
  }

  @Test
  void a_coding_is_chunked_and_nothing_else() {
    for (var coding :
        List.of(
            "xchunked",
            "chunkedx",
            "gzip, chunked",
            "chunked, gzip",
            "chunked, chunked",
            "identity",
            "\"chunked\"",
            "chunked;q=1",
            "")) {
      assertRefused(post("transfer-encoding: " + coding) + "0\r\n\r\n");
    }
    assertRefused(post("transfer-encoding: chunked", "transfer-encoding: chunked") + "0\r\n\r\n");
    assertRefused(post("transfer-encoding: chunked", "transfer-encoding: identity") + "0\r\n\r\n");
    assertRefused("POST / HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n");
  }

  @Test
  void a_message_has_a_length_or_a_coding() {
    assertRefused(post("content-length: 5", "transfer-encoding: chunked") + "0\r\n\r\n");
    assertRefused(post("transfer-encoding: chunked", "content-length: 5") + "0\r\n\r\n");
    assertRefused(post("transfer-encoding: xchunked", "content-length: 5") + "hello");
  }

  @Test
  void lines_end_with_crlf_and_names_with_a_colon() {
    assertRefused("GET / HTTP/1.1\nhost: x\n\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\nx-a: b\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nx-a: b\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nx-a: b\r c\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost : x\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\ncontent-length : 5\r\n\r\nhello");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nx-a: b\r\n folded\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nx-a: b\r\n\tfolded\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\n host: x\r\n\r\n");
    assertRefused("\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nx-a: b\r\n folded\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\n \r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\n: nameless\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nx-a: b\0c\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nx\0a: b\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nx(a: b\r\n\r\n");
  }

  @Test
  void the_request_line_is_of_http_1_and_there_is_one_host() {
    assertRefused("GET / HTTP/2.0\r\nhost: x\r\n\r\n");
    assertRefused("GET / HTTP/1.2\r\nhost: x\r\n\r\n");
    assertRefused("GET / HTTP/0.9\r\nhost: x\r\n\r\n");
    assertRefused("GET / ICY/1.1\r\nhost: x\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\n\r\n");
    assertRefused("GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n");
    assertRefused("G(T / HTTP/1.1\r\nhost: x\r\n\r\n");
    assertRefused("GET /a b HTTP/1.1\r\nhost: x\r\n\r\n");
  }

  @Test
  void chunks_are_read_in_one_way() {
    for (var body :
        List.of(
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "5\r\nhellX\r0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "\r\nhello\r\n0\r\n\r\n",
            ";a=b\r\nhello\r\n0\r\n\r\n",
            "zz\r\nhello\r\n0\r\n\r\n",
            "fffffffff\r\nhello",
            "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
            "5\r\nhello\r\n0\r\nx: a\n\r\n")) {
      assertRefused(post("transfer-encoding: chunked") + body);
    }
  }

  @Test
  void a_request_behind_another_is_held_to_the_same_rules() {
    String first = post("content-length: 3") + " \n ";
    String folded = "GET / HTTP/1.1\r\nhost: x\r\nx-a: b\r\n folded\r\n\r\n";
    String both = first + folded;
    for (int cut = 1; cut < both.length(); cut++) {
      var channel = new EmbeddedChannel(new StrictRequestDecoder(MAX_HEAD_BYTES, () -> {}));
      channel.writeInbound(
          Unpooled.copiedBuffer(both.substring(0, cut), StandardCharsets.ISO_8859_1));
      channel.writeInbound(Unpooled.copiedBuffer(both.substring(cut), StandardCharsets.ISO_8859_1));
      channel.writeInbound(Unpooled.copiedBuffer(first, StandardCharsets.ISO_8859_1));
      List<String> faults = new ArrayList<>();
      for (Object message = channel.readInbound();
          message != null;
          message = channel.readInbound()) {
        if (message instanceof HttpRequest request) {
          faults.add(RequestFraming.fault(request) == null ? "sound" : "refused");
        }
        ReferenceCountUtil.release(message);
      }
      channel.finishAndReleaseAll();
      assertThat(faults).as("cut at %d", cut).containsExactly("sound", "refused");
    }
  }

  @Test
  void a_head_has_a_limit_in_bytes() {
    String large = post("x-large: " + "x".repeat(MAX_HEAD_BYTES));
    assertThat(read(large).tooLarge()).isTrue();
    String many = post("x: 1\r\n".repeat(MAX_HEAD_BYTES / 4).strip());
    assertThat(read(many).tooLarge()).isTrue();
    String line = "GET /" + "x".repeat(9_000) + " HTTP/1.1\r\nhost: x\r\n\r\n";
    assertThat(read(line).tooLarge()).isTrue();
    assertThat(read(post("x-large: " + "x".repeat(MAX_HEAD_BYTES / 2))).tooLarge()).isFalse();
  }
}
