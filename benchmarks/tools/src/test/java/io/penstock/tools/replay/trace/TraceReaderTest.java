package io.penstock.tools.replay.trace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceReaderTest {

  private static final String TWO =
      """
      {"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 7]}
      {"timestamp": 3000, "input_length": 512, "output_length": 0, "hash_ids": [0], "more": [{}]}
      """;

  @Test
  void the_built_in_traces_are_the_published_ones() throws IOException {
    var conversation = TraceReader.builtIn("conversation");
    assertThat(conversation.requests()).hasSize(12_031);
    assertThat(
            conversation.requests().stream().mapToLong(TraceRequest::promptTokens).sum() / 12_031)
        .isEqualTo(12_035);
    assertThat(TraceReader.builtIn("synthetic").requests()).hasSize(3_993);
  }

  @Test
  void reads_lines_plain_and_gzipped(@TempDir Path folder) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bytes)) {
      gzip.write(TWO.getBytes(UTF_8));
    }
    var plain = Files.writeString(folder.resolve("two.jsonl"), TWO);
    var gzipped = Files.write(folder.resolve("two.jsonl.gz"), bytes.toByteArray());
    for (var path : new Path[] {plain, gzipped}) {
      var requests = TraceReader.file(path).requests();
      assertThat(requests).hasSize(2);
      assertThat(requests.get(0).block(1)).isEqualTo(7);
      assertThat(requests.get(0).fullBlocks()).isEqualTo(1);
      assertThat(requests.get(1).arrivalNanos()).isEqualTo(3_000_000_000L);
      assertThat(requests.get(1).outputTokens()).isEqualTo(1);
    }
  }

  @Test
  void says_which_request_is_wrong() {
    assertThatThrownBy(() -> read(TWO + "{\"input_length\": 600, \"hash_ids\": [1]}"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("request 2")
        .hasMessageContaining("1 block ids for 600 tokens");
    assertThatThrownBy(() -> read("[1]")).hasMessageContaining("JSON object");
    assertThatThrownBy(() -> read("{\"timestamp\": ")).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> read("")).hasMessageContaining("no requests");
    assertThatThrownBy(() -> read("{\"hash_ids\": 3}")).isInstanceOf(IOException.class);
  }

  @Test
  void arrivals_count_from_the_first() throws IOException {
    var cut =
        read(
            """
            {"timestamp": 5000, "input_length": 512, "output_length": 5, "hash_ids": [7]}
            {"timestamp": 8000, "input_length": 512, "output_length": 5, "hash_ids": [0]}
            """);

    assertThat(cut.requests())
        .extracting(TraceRequest::arrivalNanos)
        .containsExactly(0L, 3_000_000_000L);
  }

  @Test
  void a_trace_that_is_not_in_the_order_of_its_arrivals_is_refused() {
    assertThatThrownBy(() -> read(TWO + TWO))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("request 2")
        .hasMessageContaining("before that of the request in front of it");
  }

  @Test
  void a_block_id_that_is_too_large_is_said_to_be_so_with_its_request() {
    assertThatThrownBy(() -> read(TWO.replace("[0, 7]", "[0, 9223372036854775807]")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("trace test, request 0")
        .hasMessageContaining("9223372036854775807");
  }

  private static Trace read(String text) throws IOException {
    return TraceReader.read("test", new ByteArrayInputStream(text.getBytes(UTF_8)));
  }
}
