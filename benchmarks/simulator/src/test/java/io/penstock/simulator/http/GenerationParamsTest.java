package io.penstock.simulator.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonReader;
import org.junit.jupiter.api.Test;

class GenerationParamsTest {

  private static final int DEFAULT_MAX_TOKENS = 16;

  @Test
  void at_least_so_many_tokens_are_no_more_than_at_most() throws Exception {
    refused(
        "{\"max_tokens\":1,\"min_tokens\":2}",
        "min_tokens must be less than or equal to max_tokens=1, got 2.");
    refused(
        "{\"min_tokens\":2147483647}",
        "min_tokens must be less than or equal to max_tokens=16, got 2147483647.");
    refused("{\"min_tokens\":-1}", "min_tokens must be greater than or equal to 0, got -1.");
    refused("{\"min_tokens\":\"2\"}", "Input should be a valid integer");

    assertThat(read("{\"max_tokens\":2,\"min_tokens\":2}").minTokens()).isEqualTo(2);
    assertThat(GenerationParams.of(parsed("{\"min_tokens\":20}"), 0).minTokens()).isEqualTo(20);
  }

  @Test
  void a_prompt_has_no_more_than_16384_choices() throws Exception {
    refused("{\"n\":16385}", "n must be at most 16384, got 16385.");
    refused("{\"n\":2147483647}", "n must be at most 16384, got 2147483647.");
    refused("{\"n\":0}", "n must be at least 1, got 0.");

    assertThat(read("{\"n\":16384}").n()).isEqualTo(16_384);
  }

  private static void refused(String body, String message) {
    assertThatThrownBy(() -> read(body))
        .isInstanceOfSatisfying(
            BadRequest.class, refusal -> assertThat(refusal.error().code()).isEqualTo(400))
        .hasMessageContaining(message);
  }

  private static GenerationParams read(String body) throws Exception {
    return GenerationParams.of(parsed(body), DEFAULT_MAX_TOKENS);
  }

  private static Json.Obj parsed(String body) throws Exception {
    return (Json.Obj) JsonReader.parse(body);
  }
}
