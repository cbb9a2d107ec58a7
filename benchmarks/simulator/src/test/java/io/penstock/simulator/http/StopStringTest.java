package io.penstock.simulator.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonReader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Streams whose text is held back while it could begin a stop string. */
class StopStringTest {

  private static final int TOKENS = 8;

  @Test
  void a_completion_has_a_chunk_for_each_token_though_its_text_is_held_back() throws Exception {
    var chunks = stream("/v1/completions", "\"prompt\":\"a\"");

    assertThat(chunks).hasSize(TOKENS);
    assertThat(choice(chunks.getFirst()).text("text", "none")).isEmpty();
    assertThat(choice(chunks.getFirst()).items("prompt_token_ids")).hasSize(1);
    assertThat(chunks).allSatisfy(each -> assertThat(tokenIds(each)).hasSize(1));
  }

  @Test
  void a_chat_has_a_chunk_for_each_token_though_its_text_is_held_back() throws Exception {
    var chunks =
        stream("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]");

    assertThat(chunks).hasSize(1 + TOKENS); // the role comes first
    assertThat(chunks.getFirst().items("prompt_token_ids")).isNotEmpty();
    assertThat(chunks.subList(1, chunks.size()))
        .allSatisfy(each -> assertThat(tokenIds(each)).hasSize(1));
  }

  private static Json.Obj choice(Json.Obj chunk) {
    return (Json.Obj) chunk.items("choices").getFirst();
  }

  private static List<Json> tokenIds(Json.Obj chunk) {
    return choice(chunk).items("token_ids");
  }

  private static List<Json.Obj> stream(String path, String prompt) throws Exception {
    try (var fleet = Fleet.of(PodConfig.builder().build());
        var client = new RawClient(fleet.pod(0).address())) {
      client.send(
          RawClient.post(
              path,
              "{\"model\":\"tiny\","
                  + prompt
                  + ",\"max_tokens\":"
                  + TOKENS
                  + ",\"ignore_eos\":true,\"stream\":true,\"stop\":[\"0123456789\"]"
                  + ",\"return_token_ids\":true}"));
      List<Json.Obj> chunks = new ArrayList<>();
      for (String line : client.readUntil("data: [DONE]").lines().toList()) {
        if (line.startsWith("data: {")) {
          chunks.add((Json.Obj) JsonReader.parse(line.substring("data: ".length())));
        }
      }
      return chunks;
    }
  }
}
