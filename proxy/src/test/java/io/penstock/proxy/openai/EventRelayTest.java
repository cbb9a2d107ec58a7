package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.proxy.upstream.Walked;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventRelayTest {

  private static final String HEAD =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

  /** Without leak tracking, which takes minutes for so many cuts; nothing held is asserted. */
  private static final UnpooledByteBufAllocator BUFFERS = new UnpooledByteBufAllocator(false, true);

  /** What came out: bytes as written, and the relay that wrote them. */
  private static final class Run {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final EventRelay relay;
    final Walked walked;

    Run(boolean chunked) throws Exception {
      walked = Walked.answer(HEAD);
      relay = new EventRelay(chunked, true, BUFFERS, this::write);
    }

    private void write(ByteBuf bytes) {
      try {
        bytes.getBytes(bytes.readerIndex(), out, bytes.readableBytes());
      } catch (IOException e) {
        throw new IllegalStateException(e);
      } finally {
        bytes.release();
      }
    }

    void read(byte[] from, int start, int end) throws Exception {
      ByteBuf read = BUFFERS.heapBuffer(Math.max(1, end - start));
      read.writeBytes(from, start, end - start);
      walked.read(read, relay::read);
    }

    String text() {
      return out.toString(StandardCharsets.UTF_8);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"chat_stream", "chat_stream_usage", "cmpl_stream", "cmpl_stream_usage_cont"})
  void a_recorded_stream_passes_whole_at_every_cut(String recording) throws Exception {
    byte[] body = body(recording);
    String payload = dechunked(new String(body, StandardCharsets.UTF_8));
    for (boolean chunked : new boolean[] {true, false}) {
      for (int cut = 0; cut <= body.length; cut++) {
        var run = new Run(chunked);
        run.read(body, 0, cut);
        String sofar = chunked ? dechunked(run.text()) : run.text();
        assertThat(payload).startsWith(sofar);
        assertThat(sofar.isEmpty() || sofar.endsWith("\n\n")).as("cut at %d", cut).isTrue();
        run.read(body, cut, body.length);
        assertThat(chunked ? dechunked(run.text()) : run.text()).isEqualTo(payload);
        assertThat(run.relay.sawDone()).isTrue();
        assertThat(run.relay.atEventEnd()).isTrue();
        assertThat(run.walked.ended()).isTrue();
      }
    }
  }

  @Test
  void any_cuts_and_any_chunking_give_the_same_payload() throws Exception {
    String payload = dechunked(new String(body("chat_stream_usage"), StandardCharsets.UTF_8));
    for (int seed = 0; seed < 300; seed++) {
      var random = new SplittableRandom(seed);
      byte[] body = chunkedAnew(payload, random);
      boolean chunked = random.nextBoolean();
      var run = new Run(chunked);
      for (int at = 0; at < body.length; ) {
        int end = Math.min(body.length, at + 1 + random.nextInt(400));
        run.read(body, at, end);
        at = end;
      }
      assertThat(chunked ? dechunked(run.text()) : run.text())
          .as("seed %d", seed)
          .isEqualTo(payload);
      assertThat(run.relay.usage().completionTokens()).as("seed %d", seed).isEqualTo(4);
    }
  }

  @Test
  void byte_by_byte_only_whole_events_pass() throws Exception {
    byte[] body = body("chat_stream");
    var run = new Run(true);
    for (int i = 0; i < body.length; i++) {
      run.read(body, i, i + 1);
      String sofar = dechunked(run.text());
      assertThat(sofar.isEmpty() || sofar.endsWith("\n\n")).isTrue();
    }
    assertThat(dechunked(run.text()))
        .isEqualTo(dechunked(new String(body, StandardCharsets.UTF_8)));
  }

  @Test
  void a_first_event_that_is_an_error_is_told_with_its_json() throws Exception {
    String json = "{\"error\":{\"message\":\"no\",\"type\":\"BadRequestError\",\"code\":400}}";
    byte[] body = chunk("data: " + json + "\n\n").getBytes(StandardCharsets.UTF_8);
    for (int cut = 0; cut <= body.length; cut++) {
      var run = new Run(true);
      run.read(body, 0, cut);
      run.read(body, cut, body.length);
      assertThat(run.relay.firstEventIsError()).as("cut at %d", cut).isTrue();
      assertThat(new String(run.relay.firstError(), StandardCharsets.UTF_8)).isEqualTo(json);
    }
  }

  @Test
  void events_that_only_announce_a_response_come_before_all_that_is_generated() throws Exception {
    String announced =
        event("response.created", "\n")
            + event("response.queued", "\r\n")
            + ": a comment\n\n"
            + event("response.in_progress", "\n");
    String generated =
        event("response.created.not", "\n") + "data: {}\n\n" + event("response.failed", "\n");
    byte[] body = (chunk(announced) + chunk(generated)).getBytes(StandardCharsets.UTF_8);
    int first = chunk(announced).length();
    for (int cut = 0; cut <= first; cut++) {
      var run = new Run(true);
      run.read(body, 0, cut);
      run.read(body, cut, first);
      assertThat(run.relay.events()).as("cut at %d", cut).isEqualTo(3);
      assertThat(run.relay.generated()).as("cut at %d", cut).isZero();
      run.read(body, first, body.length);
      assertThat(run.relay.events()).isEqualTo(6);
      assertThat(run.relay.generated()).isEqualTo(3);
    }
  }

  @Test
  void an_event_larger_than_the_cap_is_passed_on_as_it_is() throws Exception {
    var run = new Run(false);
    byte[] piece = chunk("x".repeat(64 * 1024)).getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 40; i++) {
      run.read(piece, 0, piece.length);
    }
    assertThat(run.out.size()).isGreaterThan(EventRelay.MAX_HELD_BYTES);
    run.relay.discard();
    assertThat(run.relay.atEventEnd()).isFalse();

    byte[] end = chunk("\n\n").getBytes(StandardCharsets.UTF_8);
    run.read(end, 0, end.length);
    assertThat(run.relay.atEventEnd()).isTrue();
  }

  private static String event(String name, String lineEnd) {
    return "event: " + name + lineEnd + "data: {}" + lineEnd + lineEnd;
  }

  private static byte[] body(String recording) throws IOException {
    try (var in = EventRelayTest.class.getResourceAsStream("/recordings/" + recording + ".resp")) {
      String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return answer.substring(answer.indexOf("\r\n\r\n") + 4).getBytes(StandardCharsets.UTF_8);
    }
  }

  private static byte[] chunkedAnew(String payload, SplittableRandom random) {
    var out = new StringBuilder();
    for (int at = 0; at < payload.length(); ) {
      int end = Math.min(payload.length(), at + 1 + random.nextInt(500));
      out.append(chunk(payload.substring(at, end)));
      at = end;
    }
    return out.append("0\r\n\r\n").toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String chunk(String payload) {
    return Integer.toHexString(payload.getBytes(StandardCharsets.UTF_8).length)
        + "\r\n"
        + payload
        + "\r\n";
  }

  /** An independent reader of chunks; fails on framing that is not sound. */
  private static String dechunked(String body) {
    var payload = new StringBuilder();
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at < bytes.length; ) {
      int line = at;
      while (bytes[line] != '\r') {
        line++;
      }
      int size = Integer.parseInt(new String(bytes, at, line - at, StandardCharsets.UTF_8), 16);
      assertThat(bytes[line + 1]).isEqualTo((byte) '\n');
      payload.append(new String(bytes, line + 2, size, StandardCharsets.UTF_8));
      at = line + 2 + size;
      assertThat(new String(bytes, at, 2, StandardCharsets.UTF_8)).isEqualTo("\r\n");
      at += 2;
    }
    return payload.toString();
  }
}
