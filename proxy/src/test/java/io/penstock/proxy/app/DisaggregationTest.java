package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.http.ReceivedRequest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prompts computed on one pod and answered by another, with NIXL's parameters in between. */
class DisaggregationTest {

  private static final String WORDS =
      "one two three four five six seven eight nine ten ".repeat(12);
  private static final String PATH = "/v1/chat/completions";

  @Test
  void a_prompt_is_computed_by_one_pod_and_answered_by_another() throws Exception {
    try (var pods = DividedPods.with().start()) {
      var answer =
          pods.gateway.post(
              PATH,
              chat(WORDS, 5, false),
              "x-request-id",
              "both-legs",
              "traceparent",
              "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(pods.prefilled()).hasSize(1);
      assertThat(pods.decoded()).hasSize(1);
      var prefill = pods.prefilled().getFirst();
      var decode = pods.decoded().getFirst();
      assertThat(prefill.bodyText())
          .isEqualTo(
              "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\""
                  + WORDS
                  + "\"}],\"max_tokens\":1,\"max_completion_tokens\":1,\"stream\":false,"
                  + "\"ignore_eos\":true,\"kv_transfer_params\":{\"do_remote_decode\":true,"
                  + "\"do_remote_prefill\":false,\"remote_engine_id\":null,"
                  + "\"remote_block_ids\":null,\"remote_host\":null,\"remote_port\":null}}");
      String whole = chat(WORDS, 5, false);
      assertThat(decode.bodyText())
          .startsWith(
              whole.substring(0, whole.length() - 1)
                  + ",\"kv_transfer_params\":{\"do_remote_prefill\":true,"
                  + "\"do_remote_decode\":false,\"remote_block_ids\":[[0,")
          .endsWith("\"remote_prefill_cached_tokens\":0}}");
      for (var leg : new ReceivedRequest[] {prefill, decode}) {
        assertThat(leg.path()).isEqualTo(PATH);
        assertThat(leg.header("x-request-id")).hasValue("both-legs");
        assertThat(leg.header("traceparent"))
            .hasValue("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
      }
      assertThat(pods.held().read()).isEqualTo(1);
      assertThat(pods.held().tokensReceived()).isPositive();
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void the_answer_is_the_one_the_pod_gives_by_itself(boolean stream) throws Exception {
    try (var pods = DividedPods.with().decodes(1).start()) {
      var divided = pods.gateway.post(PATH, chat(WORDS, 9, stream), "x-request-id", "same");

      assertThat(pods.held().read()).isEqualTo(1);
      assertThat(withoutUsage(divided.body()))
          .isEqualTo(withoutUsage(alone(pods, chat(WORDS, 9, stream))));
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void usage_counts_as_cached_what_the_prefill_pod_had_cached(boolean stream) throws Exception {
    try (var pods = DividedPods.with().prefills(1).decodes(1).start()) {
      String body =
          stream
              ? chat(WORDS, 3, true)
                  .replace("}],", "}],\"stream_options\":{\"include_usage\":true},")
              : chat(WORDS, 3, false);

      var cold = pods.gateway.post(PATH, body).body();
      assertThat(pods.decode(0).resetPrefixCache()).isTrue();
      var warm = pods.gateway.post(PATH, body).body();

      assertThat(cached(cold)).isZero();
      int known = cached(warm);
      assertThat(known).isPositive().isEqualTo(pods.prefill(0).stats().cachedTokens());
      assertThat(pods.decode(0).stats().cachedTokens()).isGreaterThan(2L * known);
    }
  }

  private static int cached(String body) {
    return count("cached_tokens", body);
  }

  /** The last of that name. */
  private static int count(String name, String body) {
    var found = Pattern.compile("(?s).*\"" + name + "\":([0-9]+) *[,}].*").matcher(body);
    assertThat(found.matches()).as(body).isTrue();
    return Integer.parseInt(found.group(1));
  }

  /** There the tokens of the prompt leave out those that were cached. */
  @ParameterizedTest
  @CsvSource({"true", "false"})
  void usage_of_messages_counts_as_cached_what_the_prefill_pod_had_cached(boolean stream)
      throws Exception {
    try (var pods = DividedPods.with().prefills(1).decodes(1).start()) {
      String body = chat(WORDS, 3, stream);
      String input = "penstock_tokens_total{model=\"tiny\",type=\"input\",}";
      String cachedInput = "penstock_tokens_total{model=\"tiny\",type=\"cached_input\",}";

      var cold = pods.gateway.post("/v1/messages", body).body();
      assertThat(count("cache_read_input_tokens", cold)).isZero();
      int prompt = count("input_tokens", cold);
      assertThat(prompt).isGreaterThan(100);
      // Counted when the client has its answer.
      await().until(() -> pods.gateway.metric(input) == prompt);
      assertThat(pods.gateway.metric(cachedInput)).isZero();

      assertThat(pods.decode(0).resetPrefixCache()).isTrue();
      var warm = pods.gateway.post("/v1/messages", body).body();
      int known = (int) pods.prefill(0).stats().cachedTokens();
      assertThat(known).isPositive();
      assertThat(count("input_tokens", warm) + count("cache_read_input_tokens", warm))
          .isEqualTo(prompt);
      await().until(() -> pods.gateway.metric(input) == 2 * prompt);
      await().until(() -> pods.gateway.metric(cachedInput) == known);
    }
  }

  @Test
  void decisions_and_durations_are_counted() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.gateway.post(PATH, chat(WORDS, 3, true));
      pods.gateway.post(PATH, chat(WORDS, 3, true).replace("{\"model", "{\"n\":2,\"model"));

      String decisions = "penstock_disaggregation_decisions_total{pool=\"divided\",decision=";
      assertThat(pods.gateway.metric(decisions + "\"two_pods\",reason=\"always\",}")).isOne();
      assertThat(pods.gateway.metric(decisions + "\"one_pod\",reason=\"answers\",}")).isOne();
      for (var leg : new String[] {"prefill", "decode"}) {
        assertThat(pods.gateway.metric("penstock_leg_duration_seconds_count{leg=\"" + leg + "\",}"))
            .isOne();
      }
    }
  }

  @Test
  void the_transfer_is_measured_where_the_answer_is_streamed() throws Exception {
    long bytesPerSecond = 50_000_000;
    try (var pods =
        DividedPods.with()
            .prefills(1)
            .decodes(1)
            .kv(kv -> kv.withBytesPerSecond(bytesPerSecond))
            .start()) {
      pods.gateway.post(PATH, chat(WORDS, 3, true), "x-request-id", "streamed");

      double seconds = pods.held().tokensReceived() * 131_072.0 / bytesPerSecond;
      double step = 0.009; // as is known of a pod that has shown nothing yet
      assertThat(seconds).isGreaterThan(10 * step);
      assertThat(pods.gateway.metric("penstock_kv_transfer_seconds_sum"))
          .isGreaterThan(seconds - step);
      assertThat(pods.gateway.metric("penstock_kv_transfer_seconds_count")).isOne();
      assertThat(pods.gateway.admin("/debug/decisions/streamed")).containsOnlyOnce("\"transfer\":");

      pods.gateway.post(PATH, chat(WORDS, 3, false), "x-request-id", "whole");

      assertThat(pods.held().read()).isEqualTo(2);
      assertThat(pods.gateway.metric("penstock_kv_transfer_seconds_count")).isOne();
      assertThat(pods.gateway.admin("/debug/decisions/whole")).doesNotContain("\"transfer\":");
    }
  }

  @Test
  void a_configuration_of_llm_d_divides_the_long_prompts_as_its_decider_says() throws Exception {
    String config =
        """
        {config: {
          plugins: [
            {type: disagg-profile-handler, parameters: {deciders: {prefill: prefix-based-pd-decider}}},
            {type: prefix-based-pd-decider, parameters: {nonCachedTokens: 100}},
            {type: prefill-filter}, {type: decode-filter}, {type: prefix-cache-scorer}],
          schedulingProfiles: [
            {name: prefill, plugins: [{pluginRef: prefill-filter}, {pluginRef: prefix-cache-scorer}]},
            {name: decode, plugins: [{pluginRef: decode-filter}, {pluginRef: prefix-cache-scorer}]}]}}
        """
            .replace('\n', ' ');
    try (var pods = DividedPods.with().disaggregation("decider: never").picker(config).start()) {
      var divided = pods.gateway.post(PATH, chat(WORDS, 5, false));
      var whole = pods.gateway.post(PATH, chat("one two three", 5, false));

      assertThat(divided.statusCode()).isEqualTo(200);
      assertThat(whole.statusCode()).isEqualTo(200);
      assertThat(pods.prefilled()).hasSize(1);
      assertThat(pods.held().read()).isEqualTo(1);
      String decisions = "penstock_disaggregation_decisions_total{pool=\"divided\",decision=";
      assertThat(pods.gateway.metric(decisions + "\"two_pods\",reason=\"decider\",}")).isOne();
      assertThat(pods.gateway.metric(decisions + "\"one_pod\",reason=\"decider\",}")).isOne();
    }
  }

  @Test
  void transfer_parameters_go_on_as_the_bytes_that_came() throws Exception {
    String extra =
        ",\"remote_seed\":18446744073709551615,\"remote_share\":0.10,\"later\":{\"a\":[1e3,null]}";
    try (var pods = DividedPods.with().kv(kv -> kv.withExtraParams(extra)).start()) {
      pods.gateway.post(PATH, chat(WORDS, 2, false));

      assertThat(pods.decoded().getFirst().bodyText())
          .contains(",\"remote_prefill_cached_tokens\":0" + extra + "}}");
    }
  }

  @Test
  void what_a_client_says_of_transfers_reaches_no_pod() throws Exception {
    try (var pods = DividedPods.with().start()) {
      String body =
          "{\"kv_transfer_params\":{\"do_remote_prefill\":true,\"remote_host\":\"10.6.6.6\"},"
              + "\"bootstrap_host\":\"10.6.6.6\","
              + chat(WORDS, 2, false).substring(1);
      pods.gateway.post(PATH, body, "x-prefiller-host-port", "10.6.6.6:80");

      assertThat(pods.prefilled().getFirst().bodyText()).doesNotContain("10.6.6.6");
      assertThat(pods.decoded().getFirst().bodyText()).doesNotContain("10.6.6.6");
      assertThat(pods.decoded().getFirst().header("x-prefiller-host-port")).isEmpty();
      assertThat(pods.held().read()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/completions | {'model':'tiny','prompt':'PROMPT','max_tokens':3,'min_tokens':2,'echo':true,'stop':['x']} |"
            + " {'model':'tiny','prompt':'PROMPT','max_tokens':1,'stream':false,'ignore_eos':true,KV",
        "/v1/messages | {'max_tokens':3,'model':'tiny','messages':[{'role':'user','content':'PROMPT'}],'stop_sequences':['x']} |"
            + " {'model':'tiny','messages':[{'role':'user','content':'PROMPT'}],'max_tokens':1,'stream':false,'ignore_eos':true,KV",
        "/v1/responses | {'model':'tiny','max_output_tokens':3,'input':'PROMPT','store':true} |"
            + " {'model':'tiny','input':'PROMPT','max_output_tokens':1,'stream':false,'ignore_eos':true,'store':false,KV",
        "/v1/chat/completions | {'model':'tiny','messages':[{'role':'user','content':'PROMPT'}],'max_completion_tokens':4,"
            + "'logprobs':true,'top_logprobs':2,'response_format':{'type':'text'},'stop_token_ids':[7],'temperature':0} |"
            + " {'model':'tiny','messages':[{'role':'user','content':'PROMPT'}],'temperature':0,'max_tokens':1,"
            + "'max_completion_tokens':1,'stream':false,'ignore_eos':true,KV",
      })
  void every_api_of_generation_can_be_divided(String path, String body, String prefill)
      throws Exception {
    try (var pods = DividedPods.with().start()) {
      String sent = body.replace('\'', '"').replace("PROMPT", WORDS);
      var answer = pods.gateway.post(path, sent);

      assertThat(answer.statusCode()).isEqualTo(200);
      String expected = prefill.replace('\'', '"').replace("PROMPT", WORDS);
      assertThat(pods.prefilled().getFirst().bodyText())
          .startsWith(expected.replace("KV", "\"kv_transfer_params\":{\"do_remote_decode\":true"));
      assertThat(pods.decoded().getFirst().bodyText())
          .startsWith(sent.substring(0, sent.length() - 1) + ",\"kv_transfer_params\":{");
      assertThat(pods.held().read()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"true, true", "false, true", "false, false"})
  void token_ids_are_generated_from_a_prompt_that_another_pod_computed(
      boolean stream, boolean named) throws Exception {
    try (var pods = DividedPods.with().pods((i, pod) -> pod.scaleOut(true)).start()) {
      String body =
          "{%s\"token_ids\":[%s3],\"stream\":%s,\"sampling_params\":{"
                  .formatted(named ? "\"model\":\"tiny\"," : "", "5,6,7,8,".repeat(30), stream)
              + "\"max_tokens\":3,\"min_tokens\":2,\"extra_args\":{\"kv_transfer_params\":{"
              + "\"do_remote_prefill\":true,\"remote_host\":\"10.6.6.6\"}}}}";

      var answer = pods.gateway.post("/inference/v1/generate", body);

      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).contains("\"finish_reason\":\"length\"");
      assertThat(pods.prefilled()).hasSize(1);
      assertThat(pods.prefilled().getFirst().bodyText()).doesNotContain("10.6.6.6", "min_tokens");
      assertThat(pods.decoded()).hasSize(1);
      assertThat(pods.decoded().getFirst().bodyText())
          .contains("\"max_tokens\":3,\"min_tokens\":2,")
          .doesNotContain("10.6.6.6");
      assertThat(pods.held().read()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/chat/completions | {'model':'tiny','n':2,'messages':[{'role':'user','content':'x'}],'max_tokens':2}",
        "/v1/completions | {'model':'tiny','prompt':['one','two'],'max_tokens':2}",
        "/v1/completions | {'model':'tiny','prompt':'one','prompt_logprobs':0,'max_tokens':2}",
        "/v1/completions | {'model':'tiny','echo':true,'prompt':'one','logprobs':1,'max_tokens':2}",
      })
  void what_cannot_be_divided_stays_on_one_pod(String path, String body) throws Exception {
    try (var pods = DividedPods.with().start()) {
      assertThat(pods.gateway.post(path, body.replace('\'', '"')).statusCode()).isEqualTo(200);

      assertThat(pods.prefilled()).isEmpty();
      assertThat(pods.decoded()).hasSize(1);
      assertThat(pods.decoded().getFirst().bodyText()).doesNotContain("kv_transfer_params");
    }
  }

  @Test
  void by_cost_a_short_prompt_stays_on_one_pod() throws Exception {
    try (var pods = DividedPods.with().disaggregation("decider: cost").start()) {
      pods.gateway.post(PATH, chat("hello", 2, false), "x-request-id", "short");

      assertThat(pods.prefilled()).isEmpty();
      var weighing = pods.gateway.app.decision("short").weighing();
      assertThat(weighing.remoteSeconds()).isGreaterThan(weighing.localSeconds());
      assertThat(pods.gateway.admin("/debug/decisions/short"))
          .contains("\"disaggregation\":{\"reason\":\"cost\",\"localCost\":");
    }
  }

  @Test
  void the_record_has_both_legs_and_both_costs() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.gateway.post(PATH, chat(WORDS, 3, true), "x-request-id", "both");

      pods.assertClean();
      assertThat(pods.gateway.admin("/debug/decisions/both"))
          .contains(
              "\"prefill\":{\"endpoint\":\"" + prefillAddress(pods),
              "\"localCost\":",
              "\"remoteCost\":",
              "\"leg\":\"prefill\",\"progress\":\"completed\"",
              "\"leg\":\"decode\",\"progress\":\"completed\"");
    }
  }

  private static String prefillAddress(DividedPods pods) {
    return DividedPods.asked(Stream.of(pods.prefill(0))).isEmpty()
        ? pods.prefill(1).hostPort()
        : pods.prefill(0).hostPort();
  }

  private static String alone(DividedPods pods, String body)
      throws IOException, InterruptedException {
    try (var http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://" + pods.decode(0).hostPort() + PATH))
                  .header("content-type", "application/json")
                  .header("x-request-id", "same")
                  .POST(HttpRequest.BodyPublishers.ofString(body))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  /** Times differ, and so does what was cached. */
  private static String withoutUsage(String body) {
    Matcher created = Pattern.compile("\"created\":\\d+").matcher(body);
    return created.replaceAll("").replaceAll("\"prompt_tokens_details\":\\{[^}]*}", "");
  }
}
