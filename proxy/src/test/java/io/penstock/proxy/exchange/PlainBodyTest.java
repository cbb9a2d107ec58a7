package io.penstock.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.signals.TokenUsage;
import io.penstock.proxy.upstream.Walked;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PlainBodyTest {

  private static final String USAGE =
      "\"usage\":{\"prompt_tokens\":1234,\"total_tokens\":1300,\"completion_tokens\":66,"
          + "\"prompt_tokens_details\":{\"cached_tokens\":1024}},\"kv_transfer_params\":null}";
  private static final String SHORT = "{\"id\":\"resp_abc\"," + USAGE;

  /** What came out of one answer. */
  private static final class Run {
    final WrittenAnswer client;
    final PlainBody body;
    final Walked walked;

    Run(String framing, boolean chunkedClient) throws Exception {
      this(framing, chunkedClient, -1);
    }

    Run(String framing, boolean chunkedClient, int cachedTokens) throws Exception {
      this(framing, chunkedClient, ApiKind.CHAT, cachedTokens);
    }

    Run(String framing, boolean chunkedClient, ApiKind api, int cachedTokens) throws Exception {
      client = new WrittenAnswer(chunkedClient);
      body = new PlainBody(client, api, true, cachedTokens, null);
      walked = Walked.answer("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n");
    }

    void read(String bytes) throws Exception {
      ByteBuf read = Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1);
      walked.read(read, body::read);
    }

    void assertUsage(String as) {
      assertThat(body.usage().promptTokens()).as(as).isEqualTo(1234);
      assertThat(body.usage().completionTokens()).as(as).isEqualTo(66);
      assertThat(body.usage().cachedTokens()).as(as).isEqualTo(1024);
    }
  }

  private static Run withLength(int length) throws Exception {
    return new Run("content-length: " + length, true);
  }

  @Test
  void usage_is_read_wherever_the_body_is_cut() throws Exception {
    for (int cut = 0; cut <= SHORT.length(); cut++) {
      var run = withLength(SHORT.length());
      if (cut > 0) {
        run.read(SHORT.substring(0, cut));
      }
      if (cut < SHORT.length()) {
        run.read(SHORT.substring(cut));
      }
      run.assertUsage("cut at " + cut);
      assertThat(run.client.text()).isEqualTo(SHORT);
      assertThat(run.walked.ended()).isTrue();
    }
  }

  @Test
  void the_number_of_cached_tokens_is_set_wherever_the_body_is_cut() throws Exception {
    String set = SHORT.replace("\"cached_tokens\":1024", "\"cached_tokens\":7   ");
    for (int first = 1; first < SHORT.length() - 1; first++) {
      int second = first + (SHORT.length() - first) / 2;
      var run = new Run("content-length: " + SHORT.length(), true, 7);
      run.read(SHORT.substring(0, first));
      run.read(SHORT.substring(first, second));
      run.read(SHORT.substring(second));
      assertThat(run.client.text()).as("cut at %s and %s", first, second).isEqualTo(set);
      assertThat(run.body.bytes()).isEqualTo(SHORT.length());
      run.assertUsage("the pod's own");
    }
  }

  @Test
  void the_numbers_of_a_message_are_set_wherever_the_body_is_cut() throws Exception {
    String usage =
        "\"usage\":{\"input_tokens\":%s,\"output_tokens\":2000000000,"
            + "\"cache_creation_input_tokens\":1000000000,\"cache_read_input_tokens\":%s}";
    String sent = "{\"type\":\"message\"," + usage.formatted(16, 9984) + ",\"more\":null}";
    String set = "{\"type\":\"message\"," + usage.formatted(10000, 0) + ",\"more\":null}";
    for (int cut = 1; cut < sent.length(); cut++) {
      var run = new Run("content-length: " + sent.length(), true, ApiKind.MESSAGES, 0);
      run.read(sent.substring(0, cut));
      run.read(sent.substring(cut));
      assertThat(run.client.text()).as("cut at %s", cut).isEqualTo(set);
      assertThat(run.body.usage().promptTokens()).isEqualTo(1_000_010_000);
    }
  }

  @Test
  void usage_is_read_byte_by_byte() throws Exception {
    var run = withLength(SHORT.length());
    for (int i = 0; i < SHORT.length(); i++) {
      run.read(SHORT.substring(i, i + 1));
    }
    run.assertUsage("byte by byte");
  }

  @Test
  void usage_is_read_from_the_end_of_a_large_body_in_any_cuts_and_framing() throws Exception {
    for (int seed = 0; seed < 200; seed++) {
      var random = new SplittableRandom(seed);
      String payload =
          "{\"text\":\"" + "x".repeat(random.nextInt(3 * TokenUsage.TAIL_BYTES)) + "\"," + USAGE;
      boolean chunked = random.nextBoolean();
      boolean chunkedClient = random.nextBoolean();
      String sent = chunked ? chunks(payload, random) : payload;
      var run =
          new Run(
              chunked ? "transfer-encoding: chunked" : "content-length: " + payload.length(),
              chunkedClient);
      for (int at = 0; at < sent.length(); ) {
        int end = Math.min(sent.length(), at + 1 + random.nextInt(3_000));
        run.read(sent.substring(at, end));
        at = end;
      }
      run.assertUsage("seed " + seed);
      assertThat(run.client.text())
          .as("seed %d", seed)
          .isEqualTo(chunked && chunkedClient ? sent : payload);
    }
  }

  @Test
  void a_body_without_usage_has_none() throws Exception {
    var run = withLength(8);
    run.read("{\"a\"");
    run.read(":11}");
    assertThat(run.body.usage().promptTokens()).isEqualTo(-1);
    assertThat(run.body.usage().completionTokens()).isEqualTo(-1);
    assertThat(run.body.usage().cachedTokens()).isEqualTo(-1);
  }

  @Test
  void a_body_that_ends_with_the_connection_becomes_chunks_where_the_client_has_them()
      throws Exception {
    var run = new Run("x: y", true);
    run.read("hello");
    run.read(" world");
    assertThat(run.client.text()).isEqualTo("5\r\nhello\r\n6\r\n world\r\n");
    assertThat(run.body.endPassed()).isFalse();
  }

  @Test
  void the_end_of_chunks_that_pass_as_they_are_is_not_written_again() throws Exception {
    var run = new Run("transfer-encoding: chunked", true);
    run.read("5\r\nhello\r\n");
    assertThat(run.body.endPassed()).isFalse();
    run.read("0\r\n\r\n");
    assertThat(run.body.endPassed()).isTrue();
    assertThat(run.client.text()).isEqualTo("5\r\nhello\r\n0\r\n\r\n");
  }

  @Test
  void the_id_of_a_stored_response_is_found_in_the_first_bytes() throws Exception {
    var run = withLength(SHORT.length());
    run.read(SHORT);
    assertThat(run.body.responseId()).isEqualTo("resp_abc");
  }

  private static String chunks(String payload, SplittableRandom random) {
    var out = new StringBuilder();
    for (int at = 0; at < payload.length(); ) {
      int end = Math.min(payload.length(), at + 1 + random.nextInt(2_000));
      out.append(Integer.toHexString(end - at)).append("\r\n").append(payload, at, end);
      out.append("\r\n");
      at = end;
    }
    return out.append("0\r\n\r\n").toString();
  }
}
