package io.penstock.tools.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonFactory;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConversationsTest {

  private static final ChatBody CHAT = new ChatBody("a \"model\"", true);

  private record Sent(String body, String system, String user) {}

  @ParameterizedTest
  @ValueSource(ints = {1 << 10, 16 << 10, 64 << 10, 400 << 10})
  void bodies_are_valid_and_as_long_as_asked_for(int bytes) throws IOException {
    for (var sent : send(shape(bytes, 0.5), 8)) {
      assertThat(sent.body.getBytes(UTF_8)).hasSize(bytes);
      assertThat(sent.body).contains("\"stream\":true", "\"max_tokens\":7");
      double share = (double) sent.system.length() / (sent.system.length() + sent.user.length());
      assertThat(share).isCloseTo(0.8, within(0.01));
    }
  }

  @Test
  void groups_share_their_prefix_and_no_two_questions_are_equal() throws IOException {
    Map<String, Integer> prefixes = new HashMap<>();
    Set<String> questions = new HashSet<>();
    for (var sent : send(shape(1 << 10, 1), 400)) {
      prefixes.merge(sent.system, 1, Integer::sum);
      questions.add(sent.user.substring(0, 16));
    }
    assertThat(prefixes).hasSize(4);
    assertThat(prefixes.values()).allSatisfy(count -> assertThat(count).isBetween(60, 140));
    assertThat(questions).hasSize(400);
  }

  @Test
  void distinct_prompts_differ_from_their_first_bytes_on() throws IOException {
    Set<String> starts = new HashSet<>();
    for (var sent : send(shape(1 << 10, 0), 400)) {
      starts.add(sent.system.substring(0, 16));
    }
    assertThat(starts).hasSize(400);
  }

  @Test
  void the_share_of_shared_prefixes_is_kept() throws IOException {
    Map<String, Integer> prefixes = new HashMap<>();
    for (var sent : send(shape(1 << 10, 0.8), 1_000)) {
      prefixes.merge(sent.system, 1, Integer::sum);
    }
    long own = prefixes.values().stream().filter(count -> count == 1).count();
    assertThat(own / 1_000.0).isCloseTo(0.2, within(0.05));
    assertThat(prefixes.size() - own).isEqualTo(4);
  }

  @Test
  void equal_seeds_send_equal_prompts() throws IOException {
    assertThat(send(shape(2 << 10, 0.5), 50)).isEqualTo(send(shape(2 << 10, 0.5), 50));
  }

  @Test
  void a_body_needs_room_for_the_prompt() {
    assertThatThrownBy(() -> shape(100, 1)).hasMessageContaining("100 bytes is too small");
    assertThatThrownBy(() -> new Conversations.Shape(0, 100, 100, 1, 1, 1))
        .hasMessageContaining("groups is 0, allowed: 1 to 10000");
    assertThatThrownBy(() -> new Conversations.Shape(1, 100, 100, 1, 1.5, 1))
        .hasMessageContaining("sharedShare is 1.5");
  }

  @Test
  void equal_block_ids_of_a_trace_give_equal_text() throws IOException {
    var first = new TraceRequest(0, 0, 1_100, 20, new int[] {0, 1, 2});
    var second = new TraceRequest(1, 0, 1_030, 30, new int[] {0, 1, 9});
    List<Sent> sent = new ArrayList<>();
    try (var prompts = new TracePrompts(CHAT, new Trace("t", List.of(first, second)), 3)) {
      for (int i = 0; i < 3; i++) {
        sent.add(sent(prompts.next()));
      }
    }

    int shared = 2 * 512 * Words.WORD_BYTES;
    assertThat(sent.get(0).system).hasSize(1_100 * Words.WORD_BYTES);
    assertThat(sent.get(1).system).hasSize(1_030 * Words.WORD_BYTES);
    assertThat(sent.get(1).system.substring(0, shared))
        .isEqualTo(sent.get(0).system.substring(0, shared));
    assertThat(sent.get(1).system.substring(shared))
        .isNotEqualTo(sent.get(0).system.substring(shared, 1_030 * Words.WORD_BYTES));
    assertThat(sent.get(1).body).contains("\"max_tokens\":30");
    assertThat(sent.get(2)).isEqualTo(sent.get(0));
  }

  private static Conversations.Shape shape(int bytes, double shared) {
    return Conversations.Shape.ofBody(CHAT, bytes, 4, 0.8, 7, shared, 42);
  }

  private static List<Sent> send(Conversations.Shape shape, int count) throws IOException {
    List<Sent> sent = new ArrayList<>();
    try (var source = new Conversations(CHAT, shape)) {
      for (int i = 0; i < count; i++) {
        sent.add(sent(source.next()));
      }
    }
    return sent;
  }

  /** What arrives at the other end, taken apart by a JSON library. */
  private static Sent sent(OutgoingBody body) throws IOException {
    var channel = new EmbeddedChannel();
    body.writeTo(channel);
    channel.flush();
    var text = new StringBuilder();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      text.append(part.toString(UTF_8));
      part.release();
    }
    channel.finishAndReleaseAll();
    List<String> contents = new ArrayList<>();
    try (var json = new JsonFactory().createParser(text.toString())) {
      while (json.nextToken() != null) {
        if ("content".equals(json.currentName())) {
          contents.add(json.nextTextValue());
        } else if ("model".equals(json.currentName())) {
          assertThat(json.nextTextValue()).isEqualTo("a \"model\"");
        }
      }
    }
    assertThat(contents).hasSize(2);
    return new Sent(text.toString(), contents.get(0), contents.get(1));
  }
}
