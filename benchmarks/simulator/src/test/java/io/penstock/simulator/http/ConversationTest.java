package io.penstock.simulator.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonReader;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What a second turn finds in the cache of a pod, by the usage its answer tells. */
class ConversationTest {

  private static final int BLOCK = 16;
  private static final int GENERATED = 70;

  @Test
  void the_second_turn_finds_every_full_block_of_the_first_and_of_its_answer() throws Exception {
    try (var fleet = Fleet.of(PodConfig.builder().build())) {
      String question = message("user", "Tell me of the sea. ".repeat(10));
      var first = chat(fleet, question);
      var second =
          chat(
              fleet,
              question
                  + ","
                  + message("assistant", first.text())
                  + ","
                  + message("user", "And then?"));

      assertThat(first.cachedTokens()).isZero();
      assertThat(first.usage("completion_tokens")).isEqualTo(GENERATED);
      // The last token that was generated has no keys and values: nothing came after it.
      long computed = first.usage("prompt_tokens") + GENERATED - 1;
      assertThat(second.cachedTokens())
          .isEqualTo(computed / BLOCK * BLOCK)
          .isGreaterThan(first.usage("prompt_tokens"));
    }
  }

  private record Answer(Json.Obj json) {

    String text() {
      var choice = (Json.Obj) json.items("choices").getFirst();
      return ((Json.Obj) choice.fields().get("message")).text("content", "");
    }

    long usage(String count) {
      return ((Json.Obj) json.fields().get("usage")).integer(count, -1);
    }

    long cachedTokens() {
      var usage = (Json.Obj) json.fields().get("usage");
      return ((Json.Obj) usage.fields().get("prompt_tokens_details")).integer("cached_tokens", -1);
    }
  }

  private static Answer chat(Fleet fleet, String messages) throws Exception {
    byte[] request =
        RawClient.post(
            "/v1/chat/completions",
            "{\"model\":\"tiny\",\"messages\":["
                + messages
                + "],\"max_tokens\":"
                + GENERATED
                + ",\"ignore_eos\":true}");
    var closing =
        new String(request, StandardCharsets.UTF_8)
            .replace("Host: pod\r\n", "Host: pod\r\nConnection: close\r\n")
            .getBytes(StandardCharsets.UTF_8);
    String answer =
        new String(RawClient.exchange(fleet.pod(0).address(), closing), StandardCharsets.UTF_8);
    return new Answer(
        (Json.Obj) JsonReader.parse(answer.substring(answer.indexOf("\r\n\r\n") + 4)));
  }

  private static String message(String role, String content) {
    return "{\"role\":\"" + role + "\",\"content\":\"" + content + "\"}";
  }
}
