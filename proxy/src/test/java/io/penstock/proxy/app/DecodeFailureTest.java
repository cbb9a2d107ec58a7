package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.fault.Fault;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pod that was to answer from a computed prompt fails. */
class DecodeFailureTest extends DividedRequests {

  @Test
  void refuses_connections_and_another_answers_from_the_same_prompt() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.decode(0).faults().add(new Fault.Refuse());

      int asked =
          askUntil(pods, "penstock_upstream_retries_total{reason=\"upstream_connect_error\",}");

      assertThat(pods.prefilled()).hasSize(asked);
      assertAllHandedOver(pods, asked);
    }
  }

  @Test
  void has_no_room_and_another_answers_from_the_same_prompt() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.decode(0).faults().add(new Fault.AnswerStatus(503, -1));

      int asked =
          askUntil(pods, "penstock_upstream_retries_total{reason=\"no_healthy_endpoints\",}");

      assertThat(pods.prefilled()).hasSize(asked);
      assertThat(pods.held().read()).isEqualTo(asked);
    }
  }

  @Test
  void is_gone_and_one_that_is_picked_anew_answers_from_the_same_prompt() throws Exception {
    assertPickedAnew(SimulatedPod::kill);
  }

  @Test
  void has_no_room_and_one_that_is_picked_anew_answers_from_the_same_prompt() throws Exception {
    assertPickedAnew(pod -> pod.faults().add(new Fault.AnswerStatus(503, -1), 1));
  }

  /** The other one had no room when the two were picked, and the decision does not name it. */
  private void assertPickedAnew(Consumer<SimulatedPod> fails) throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.decode(1).faults().add(new Fault.AnswerStatus(503, 10), 1);
      int asked =
          askUntil(pods, "penstock_upstream_retries_total{reason=\"no_healthy_endpoints\",}");
      fails.accept(pods.decode(0));

      var answer = ask(pods, false);

      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(pods.prefilled()).hasSize(asked + 1);
      assertThat(pods.held().read()).isEqualTo(asked + 1);
    }
  }

  @Test
  void is_the_only_one_and_gone_and_a_pod_that_prefills_answers() throws Exception {
    try (var pods =
        DividedPods.with()
            .decodes(1)
            .disaggregation("decider: cost, overhead: 0s, bandwidth: 1024GiB")
            .kv(kv -> kv.withLease(Duration.ofMillis(300)))
            .start()) {
      pods.expectLeases(); // who holds the prompt may be the one that answers
      pods.decode(0).faults().add(new Fault.Refuse());
      String body = chat("so many words ".repeat(500), 4, false);
      assertThat(pods.gateway.post(PATH, body).statusCode()).isEqualTo(200);

      var answer = pods.gateway.post(PATH, body);

      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      String divided = "penstock_disaggregation_decisions_total{pool=\"divided\",decision=";
      assertThat(pods.gateway.metric(divided + "\"two_pods\",reason=\"cost\",}")).isOne();
    }
  }

  @Test
  void dies_before_its_first_byte_and_its_prompt_is_given_up_and_freed() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.decode(0).faults().add(new Fault.ResetAfterBytes(0));

      int asked = askUntil(pods, "penstock_handed_prompts_lost_total");

      // The first of the two prompts of the last request was freed by a decode of one token.
      assertThat(pods.gateway.metric("penstock_handed_prompts_released_total")).isEqualTo(1);
      await().until(() -> pods.held().read() == asked + 1);
      assertThat(pods.prefilled()).hasSize(asked + 1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void fails_with_500_as_the_only_one_and_computes_the_prompt_itself(boolean stream)
      throws Exception {
    try (var pods = DividedPods.with().prefills(1).decodes(1).start()) {
      pods.decode(0).faults().add(new Fault.AnswerStatus(500, -1), 1);

      var answer = ask(pods, stream);

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(pods.prefilled()).hasSize(1);
      var decoded = pods.decoded();
      assertThat(decoded.getFirst().bodyText()).contains(TRANSFER);
      assertThat(decoded.stream().filter(leg -> !leg.bodyText().contains(TRANSFER))).hasSize(1);
      await().until(() -> pods.held().read() == 1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void cannot_reach_a_prefill_pod_that_died_and_computes_the_prompt_itself(boolean stream)
      throws Exception {
    try (var pods =
        DividedPods.with()
            .prefills(1)
            .decodes(1)
            .kv(kv -> kv.withBytesPerSecond(10_000_000)) // seconds for such a prompt
            .start()) {
      try (var client = pods.gateway.connect()) {
        send(client, chat(prompt(), 4, stream));
        await().until(() -> pods.held().handedOut() == 1 && pods.decoded().size() == 1);
        pods.prefill(0).kill();

        assertThat(readAll(client))
            .startsWith("HTTP/1.1 200 OK")
            .contains("\"finish_reason\":\"length\"");
      }
      // One by the answer, one by the decode that was to free the prompt of a pod that is gone.
      await().until(() -> pods.decode(0).stats().kv().failedReads() == 2);
      assertThat(pods.decoded().stream().filter(leg -> !leg.bodyText().contains(TRANSFER)))
          .hasSize(1);
    }
  }

  @Test
  void dies_after_its_first_byte_and_the_stream_ends_with_an_error() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.decode(0).faults().add(new Fault.DieInEvent(2));
      pods.decode(1).faults().add(new Fault.DieInEvent(2));

      try (var client = pods.gateway.connect()) {
        send(client, chat(prompt(), 8, true));
        assertThat(readAll(client)).contains("data: {\"error\":{").doesNotContain("[DONE]");
      }

      assertThat(pods.prefilled()).hasSize(1);
      assertThat(pods.decoded()).hasSize(1);
    }
  }

  @Test
  void pods_are_not_there_and_nobody_is_asked() throws Exception {
    try (var pods = DividedPods.with().decodes(0).start()) {
      var answer = ask(pods, false);

      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.body()).contains("\"code\":\"no_healthy_endpoints\"");
      assertThat(answer.headers().firstValue("x-should-retry")).hasValue("true");
      assertThat(pods.prefilled()).isEmpty();
    }
  }

  @Test
  void refuses_the_request_and_its_prompt_is_freed() throws Exception {
    try (var pods = DividedPods.with().decodes(1).start()) {
      pods.decode(0).faults().add(new Fault.AnswerStatus(404, -1), 1);

      assertThat(ask(pods, false).statusCode()).isEqualTo(404);

      assertThat(pods.prefilled()).hasSize(1);
      await().until(() -> pods.held().read() == 1);
    }
  }

  @Test
  void refuses_the_release_too_and_the_prompt_is_left_to_its_lease() throws Exception {
    try (var pods =
        DividedPods.with().decodes(1).kv(kv -> kv.withLease(Duration.ofMillis(300))).start()) {
      pods.decode(0).faults().add(new Fault.AnswerStatus(404, -1), 2);

      assertThat(ask(pods, false).statusCode()).isEqualTo(404);

      await().until(() -> pods.held().expired() == 1 && pods.held().pinned() == 0);
      assertThat(pods.gateway.metric("penstock_handed_prompts_released_total")).isOne();
      await().until(() -> pods.gateway.metric("penstock_handed_prompts_unreleased_total") == 1);
      pods.expectLeases();
    }
  }

  @Test
  void pods_all_refuse_and_the_prompt_is_left_to_its_lease() throws Exception {
    try (var pods = DividedPods.with().kv(kv -> kv.withLease(Duration.ofMillis(300))).start()) {
      pods.decode(0).faults().add(new Fault.Refuse());
      pods.decode(1).faults().add(new Fault.Refuse());

      var answer = ask(pods, false);

      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(pods.prefilled()).hasSize(1);
      await().until(() -> pods.held().expired() == 1 && pods.held().pinned() == 0);
      pods.expectLeases();
    }
  }
}
