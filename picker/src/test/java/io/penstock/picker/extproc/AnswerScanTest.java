package io.penstock.picker.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerScanTest {

  private static final String STREAM =
      """
      data: {"id":"1","choices":[{"delta":{"content":"a"}}],"usage":null}

      data: {"id":"1","choices":[{"delta":{"content":"b"}}],"usage":null}

      data: {"id":"1","choices":[],"usage":{"prompt_tokens":12,"total_tokens":21,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":8}}}

      data: [DONE]

      """;

  @Test
  void finds_events_and_usage_wherever_a_stream_is_cut() {
    byte[] bytes = STREAM.getBytes(UTF_8);
    for (int cut = 0; cut <= bytes.length; cut++) {
      var scan = new AnswerScan();
      int events = scan.piece(bytes, 0, cut) + scan.piece(bytes, cut, bytes.length - cut);
      scan.end();
      assertThat(events).as("cut at %d", cut).isEqualTo(4);
      counts(scan, 12, 8, 9);
      assertThat(scan.bytes()).isEqualTo(bytes.length);
    }
  }

  @Test
  void finds_usage_in_a_stream_of_single_bytes() {
    var scan = new AnswerScan();
    byte[] bytes = STREAM.getBytes(UTF_8);
    int events = 0;
    for (int i = 0; i < bytes.length; i++) {
      events += scan.piece(bytes, i, 1);
    }
    scan.end();
    assertThat(events).isEqualTo(4);
    counts(scan, 12, 8, 9);
  }

  @Test
  void finds_usage_at_the_end_of_a_long_answer() {
    var text =
        "{\"choices\":[\""
            + "x".repeat(100_000)
            + "\"],\"usage\": {\"prompt_tokens\": 3,"
            + " \"completion_tokens\": 4}}";
    var scan = new AnswerScan();
    byte[] bytes = text.getBytes(UTF_8);
    for (int at = 0; at < bytes.length; at += 700) {
      scan.piece(bytes, at, Math.min(700, bytes.length - at));
    }
    scan.end();
    counts(scan, 3, -1, 4);
  }

  @Test
  void joins_what_the_messages_api_reports_first_and_last() {
    var scan = new AnswerScan();
    piece(
        scan,
        "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":30,"
            + "\"cache_read_input_tokens\":16,\"output_tokens\":0}}}\n\n");
    piece(scan, "event: content_block_delta\ndata: {\"x\":\"" + "y".repeat(5_000) + "\"}\n\n");
    piece(scan, "event: message_delta\ndata: {\"usage\":{\"output_tokens\":7}}\n\n");
    scan.end();
    counts(scan, 46, 16, 7);
  }

  /** Anthropic counts apart what is read from the cache and what is written to it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'input_tokens':5,'output_tokens':1,'cache_read_input_tokens':95} | 100 | 95",
        "{'input_tokens':5,'output_tokens':1,'cache_creation_input_tokens':null,"
            + "'cache_read_input_tokens':95} | 100 | 95",
        "{'input_tokens':5,'output_tokens':1,'cache_creation_input_tokens':64,"
            + "'cache_read_input_tokens':31} | 100 | 31",
        "{'input_tokens':100,'input_tokens_details':{'cached_tokens':95},'output_tokens':1} | 100 | 95",
        "{'prompt_tokens':100,'completion_tokens':1,'cache_read_input_tokens':95} | 100 | 95",
        "{'input_tokens':2147483647,'output_tokens':1,'cache_read_input_tokens':9} | 2147483647 | 9",
      })
  void counts_the_whole_prompt_whatever_of_it_was_cached(String usage, int prompt, int cached) {
    var scan = new AnswerScan();
    piece(scan, "{\"usage\":" + usage.replace('\'', '"') + "}");
    scan.end();
    counts(scan, prompt, cached, 1);
  }

  @Test
  void finds_what_sglangs_own_api_counts() {
    var scan = new AnswerScan();
    String event =
        "data: {\"text\":\"a\",\"meta_info\":{\"finish_reason\":%s,\"prompt_tokens\":40,"
            + "\"completion_tokens\":%d,\"cached_tokens\":32}}\n\n";
    piece(scan, event.formatted("null", 1));
    piece(scan, event.formatted("{\"type\":\"length\",\"length\":2}", 2) + "data: [DONE]\n\n");
    scan.end();
    counts(scan, 40, 32, 2);
  }

  @Test
  void counts_no_event_that_only_announces_a_response_wherever_it_is_cut() {
    byte[] announced =
        (event("response.created", "\n")
                + event("response.queued", "\r\n")
                + ": a comment\n\n"
                + event("response.in_progress", "\n"))
            .getBytes(UTF_8);
    for (int cut = 0; cut <= announced.length; cut++) {
      var scan = new AnswerScan();
      scan.piece(announced, 0, cut);
      scan.piece(announced, cut, announced.length - cut);
      assertThat(scan.events()).as("cut at %d", cut).isZero();
      piece(scan, event("response.created.not", "\n") + "data: {}\n\n");
      piece(scan, event("response.failed", "\n"));
      assertThat(scan.events()).as("cut at %d", cut).isEqualTo(3);
    }
  }

  @Test
  void an_answer_without_usage_reports_none() {
    var scan = new AnswerScan();
    piece(scan, "{\"usage\":null,\"usage\":\"prompt_tokens\":5}");
    scan.end();
    counts(scan, -1, -1, -1);
  }

  @Test
  void a_count_that_fits_no_int_is_none() {
    var scan = new AnswerScan();
    piece(scan, "{\"usage\":{\"prompt_tokens\":99999999999,\"completion_tokens\":1}}");
    scan.end();
    counts(scan, -1, -1, 1);
  }

  private static String event(String name, String lineEnd) {
    return "event: " + name + lineEnd + "data: {}" + lineEnd + lineEnd;
  }

  private static void piece(AnswerScan scan, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    scan.piece(bytes, 0, bytes.length);
  }

  private static void counts(AnswerScan scan, int prompt, int cached, int completion) {
    assertThat(scan.usage().promptTokens()).isEqualTo(prompt);
    assertThat(scan.usage().cachedTokens()).isEqualTo(cached);
    assertThat(scan.usage().completionTokens()).isEqualTo(completion);
  }
}
