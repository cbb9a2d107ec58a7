package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.PoolRules;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A request of two legs has to make room for one that matters more. */
class EvictedLegsTest extends DividedRequests {

  /** llm-d's, that divides long prompts, and has room for one request on each pod. */
  private static final String PICKER =
      """
      {config: {
        featureGates: [flowControl],
        plugins: [
          {type: disagg-profile-handler, parameters: {deciders: {prefill: prefix-based-pd-decider}}},
          {type: prefix-based-pd-decider, parameters: {nonCachedTokens: 20}},
          {type: prefill-filter}, {type: decode-filter}, {type: prefix-cache-scorer},
          {type: concurrency-detector, parameters: {maxConcurrency: 1}}],
        schedulingProfiles: [
          {name: prefill, plugins: [{pluginRef: prefill-filter}, {pluginRef: prefix-cache-scorer}]},
          {name: decode, plugins: [{pluginRef: decode-filter}, {pluginRef: prefix-cache-scorer}]}],
        flowControl: {saturationDetector: {pluginRef: concurrency-detector}, enableEviction: true}}}
      """
          .replace('\n', ' ');

  private static final Pattern DECODE =
      Pattern.compile("\"leg\":\"decode\",\"progress\":\"aborted\"[^}]*\"duration\":([0-9.]+)");

  /** An abort at once may come before the engine looks at it, and nobody would read the prompt. */
  @Test
  void a_decode_that_was_sent_goes_on_until_its_engine_must_have_looked_at_the_prompt()
      throws Exception {
    try (var pods =
            DividedPods.with()
                .prefills(1)
                .decodes(1)
                .disaggregation("decider: never")
                .picker(PICKER)
                .kv(kv -> kv.withBytesPerSecond(100_000)) // minutes
                .start();
        var clients = Executors.newVirtualThreadPerTaskExecutor()) {
      pods.gateway
          .app
          .picker("divided")
          .rules(PoolRules.of(List.of(new Objective("batch", -1)), List.of()));
      var batch =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return pods.gateway.post(
                      PATH,
                      chat(prompt(), 4, false),
                      "x-llm-d-inference-objective",
                      "batch",
                      "x-request-id",
                      "evicted");
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              },
              clients);
      await().until(() -> pods.decoded().size() == 1);

      assertThat(pods.gateway.post(PATH, chat("short", 2, false)).statusCode()).isEqualTo(200);

      assertThat(batch.get().statusCode()).isEqualTo(429);
      assertThat(batch.get().body()).contains("\"code\":\"evicted\"");
      await().until(() -> pods.held().released() == 1);
      pods.gateway.assertQuiet();
      var decode = DECODE.matcher(pods.gateway.admin("/debug/decisions/evicted"));
      assertThat(decode.find()).isTrue();
      assertThat(Double.parseDouble(decode.group(1))).isGreaterThanOrEqualTo(2);
      assertThat(pods.gateway.metric("penstock_handed_prompts_released_total")).isZero();
    }
  }
}
