package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.request.ApiKind;
import io.penstock.proxy.openai.Target.Inference;
import io.penstock.proxy.openai.Target.Local;
import io.penstock.proxy.openai.Target.MethodNotAllowed;
import io.penstock.proxy.openai.Target.ModelById;
import io.penstock.proxy.openai.Target.ResponseAction;
import io.penstock.proxy.openai.Target.ResponseById;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutesTest {

  private static final Target NOT_FOUND = new Target.NotFound();
  private static final Target MALFORMED = new Target.Malformed();

  @ParameterizedTest
  @CsvSource({
    "/v1/chat/completions, CHAT",
    "/v1/completions, COMPLETIONS",
    "/v1/responses, RESPONSES",
    "/v1/messages, MESSAGES",
    "/v1/embeddings, EMBEDDINGS",
    "/v1/messages/count_tokens, OPAQUE",
    "/v1/chat/completions/batch, OPAQUE",
    "/v1/chat/completions/render, OPAQUE",
    "/v1/completions/render, OPAQUE",
    "/v2/embed, OPAQUE",
    "/rerank, OPAQUE",
    "/v1/rerank, OPAQUE",
    "/v2/rerank, OPAQUE",
    "/score, OPAQUE",
    "/v1/score, OPAQUE",
    "/classify, OPAQUE",
    "/pooling, OPAQUE",
    "/generative_scoring, OPAQUE",
    "/v1/decisions, OPAQUE",
    "/inference/v1/generate, GENERATE",
    "/generate, SGLANG",
    "/invocations, OPAQUE",
    "/tokenize, OPAQUE",
    "/detokenize, OPAQUE"
  })
  void a_post_with_json_is_routed_by_its_model(String path, ApiKind api) {
    assertThat(Routes.match("POST", path)).isEqualTo(new Inference(api, false, path));
    assertThat(Routes.match("POST", path + "?x=1")).isEqualTo(new Inference(api, false, path));
    for (var method : List.of("GET", "HEAD", "PUT", "DELETE", "post", "OPTIONS")) {
      assertThat(Routes.match(method, path)).isEqualTo(new MethodNotAllowed("POST"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/audio/transcriptions", "/v1/audio/translations"})
  void a_post_with_a_form_is_routed_by_its_model(String path) {
    assertThat(Routes.match("POST", path)).isEqualTo(new Inference(ApiKind.OPAQUE, true, path));
  }

  @Test
  void the_table_has_no_path_that_these_tests_do_not_name() {
    assertThat(Routes.inference()).hasSize(26).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /health, HEALTH",
    "GET, /ping, PING",
    "POST, /ping, PING",
    "GET, /version, VERSION"
  })
  void some_paths_the_gateway_answers_itself(String method, String path, Local.Kind kind) {
    assertThat(Routes.match(method, path)).isEqualTo(new Local(kind));
  }

  @Test
  void models_are_listed_and_asked_for_by_id() {
    assertThat(Routes.match("GET", "/v1/models")).isEqualTo(new Target.ModelList());
    assertThat(Routes.match("POST", "/v1/models")).isEqualTo(new MethodNotAllowed("GET"));
    assertThat(Routes.match("GET", "/v1/models/tiny")).isEqualTo(new ModelById("tiny"));
    assertThat(Routes.match("GET", "/v1/models/org/tiny")).isEqualTo(new ModelById("org/tiny"));
    assertThat(Routes.match("GET", "/v1/models/org%2Ftiny")).isEqualTo(new ModelById("org/tiny"));
    assertThat(Routes.match("GET", "/v1/models/t%C3%AF")).isEqualTo(new ModelById("tï"));
    assertThat(Routes.match("DELETE", "/v1/models/tiny")).isEqualTo(new MethodNotAllowed("GET"));
  }

  @Test
  void stored_responses_go_by_their_id() {
    assertThat(Routes.match("GET", "/v1/responses/resp_1"))
        .isEqualTo(new ResponseById("resp_1", ResponseAction.RETRIEVE, "/v1/responses/resp_1"));
    assertThat(Routes.match("DELETE", "/v1/responses/resp_1"))
        .isEqualTo(new ResponseById("resp_1", ResponseAction.DELETE, "/v1/responses/resp_1"));
    assertThat(Routes.match("POST", "/v1/responses/resp_1/cancel"))
        .isEqualTo(
            new ResponseById("resp_1", ResponseAction.CANCEL, "/v1/responses/resp_1/cancel"));
    assertThat(Routes.match("GET", "/v1/responses/resp_1/input_items?limit=2"))
        .isEqualTo(
            new ResponseById(
                "resp_1", ResponseAction.INPUT_ITEMS, "/v1/responses/resp_1/input_items"));
    assertThat(Routes.match("PUT", "/v1/responses/resp_1"))
        .isEqualTo(new MethodNotAllowed("GET, DELETE"));
    assertThat(Routes.match("GET", "/v1/responses/resp_1/cancel"))
        .isEqualTo(new MethodNotAllowed("POST"));
    assertThat(Routes.match("GET", "/v1/responses/resp_1/other")).isEqualTo(NOT_FOUND);
    assertThat(Routes.match("GET", "/v1/responses/resp%2F1")).isEqualTo(NOT_FOUND);
    assertThat(Routes.match("GET", "/v1/responses/" + "r".repeat(257))).isEqualTo(NOT_FOUND);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter",
        "/sleep",
        "/sleep?level=1",
        "/wake_up",
        "/wake_up?tags=weights",
        "/is_sleeping",
        "/reset_prefix_cache",
        "/reset_mm_cache",
        "/reset_encoder_cache",
        "/collective_rpc",
        "/server_info",
        "/pause",
        "/resume",
        "/is_paused",
        "/scale_elastic_ep",
        "/is_scaling_elastic_ep",
        "/update_weights",
        "/init_weight_transfer_engine",
        "/get_world_size",
        "/abort_requests",
        "/start_profile",
        "/stop_profile",
        "/tokenizer_info",
        "/metrics",
        "/load",
        "/docs",
        "/openapi.json",
        "/v1",
        "/v1/",
        "/",
        "/v1/realtime",
        "/v1/chat/completions/x",
        "/v1/chat/completion",
        "/V1/chat/completions",
        "/v1/chat/completions%2Fbatch",
        "/healthz"
      })
  void what_is_not_in_the_table_does_not_exist(String uri) {
    for (var method : List.of("GET", "POST", "PUT", "DELETE", "HEAD")) {
      assertThat(Routes.match(method, uri)).as("%s %s", method, uri).isEqualTo(NOT_FOUND);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "//v1//chat/completions",
        "/v1/chat/completions/",
        "/v1/%63hat/completions",
        "http://any.host:80/v1/chat/completions",
        "HTTPS://any.host/v1/chat/completions?a=b"
      })
  void another_spelling_of_a_path_is_that_path_and_the_pod_gets_the_canonical_one(String uri) {
    assertThat(Routes.match("POST", uri))
        .isEqualTo(new Inference(ApiKind.CHAT, false, "/v1/chat/completions"));
    assertThat(Routes.forwarded("/v1/chat/completions", uri))
        .isIn("/v1/chat/completions", "/v1/chat/completions?a=b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "v1/chat/completions",
        "/v1/../metrics",
        "/v1/./chat/completions",
        "/..",
        "/v1/%2e%2e/metrics",
        "/v1/%2E/chat/completions",
        "/v1/chat%00/completions",
        "/v1/chat%0d%0acompletions",
        "/v1\\chat\\completions",
        "/v1%5cchat",
        "/v1/chat/completions%",
        "/v1/chat/completions%2",
        "/v1/chat/completions%zz",
        "/v1/chat completions",
        "/v1/chat/completions#x",
        "/v1/chät/completions",
        "/v1/models/%ff",
        "/v1/models/..",
        "/v1/models/a%2f..%2fb",
        "http://",
        "ftp://host/v1/models"
      })
  void what_two_servers_could_read_differently_is_malformed(String uri) {
    assertThat(Routes.match("GET", uri)).as(uri).isEqualTo(MALFORMED);
  }

  @Test
  void a_path_has_a_bound() {
    assertThat(Routes.match("GET", "/health?" + "x".repeat(9_000))).isEqualTo(MALFORMED);
  }

  @Test
  void the_query_goes_to_the_pod_as_it_is() {
    String same = "/v1/completions?a=%2F&b=..";
    assertThat(Routes.forwarded("/v1/completions", same)).isSameAs(same);
    assertThat(Routes.forwarded("/v1/completions", "//v1/completions?x"))
        .isEqualTo("/v1/completions?x");
    assertThat(Routes.forwarded("/v1/completions", "/v1/completions/"))
        .isEqualTo("/v1/completions");
  }
}
