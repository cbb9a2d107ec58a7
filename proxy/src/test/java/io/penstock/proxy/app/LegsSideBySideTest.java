package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.kv.KvConnector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SGLang's pods: both legs go out at once and meet in a room. */
class LegsSideBySideTest extends DividedRequests {

  private DividedPods.Setup pods() {
    return DividedPods.with().connector(KvConnector.SGLANG);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void both_legs_carry_one_room_and_the_prompt_is_read_once(boolean stream) throws Exception {
    try (var pods = pods().start()) {
      assertThat(ask(pods, stream).statusCode()).isEqualTo(200);

      String prefill = pods.prefilled().getFirst().bodyText();
      assertThat(prefill).matches("(?s).*\"bootstrap_room\":[0-9]{1,19}}");
      assertThat(pods.decoded().getFirst().bodyText()).isEqualTo(prefill);
      assertThat(pods.held().read()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"connect", "reset", "unavailable", "timeout"})
  void the_prefill_fails_and_both_begin_anew_with_another_room(String how) throws Exception {
    try (var pods = pods().disaggregation("decider: always, prefillTimeout: 300ms").start()) {
      pods.prefill(0)
          .faults()
          .add(
              switch (how) {
                case "connect" -> new Fault.Refuse();
                case "reset" -> new Fault.ResetAfterBytes(0);
                case "unavailable" -> new Fault.AnswerStatus(500, -1);
                default -> new Fault.StallBeforeHead();
              });

      int asked = askUntil(pods, TO_PREFILL + "\"" + how + "\",}");

      await().until(() -> pods.held().read() == asked);
    }
  }

  @Test
  void the_prefill_fails_everywhere_and_the_pod_that_answers_computes_the_prompt()
      throws Exception {
    try (var pods = pods().start()) {
      pods.prefill(0).faults().add(new Fault.AnswerStatus(500, -1));
      pods.prefill(1).faults().add(new Fault.AnswerStatus(500, -1));

      assertThat(ask(pods, false).statusCode()).isEqualTo(200);

      assertThat(pods.decoded().stream().filter(leg -> !leg.bodyText().contains("room")))
          .hasSize(1);
    }
  }

  @Test
  void the_prefill_refuses_the_request_and_its_client_hears_it() throws Exception {
    try (var pods = pods().kv(kv -> kv.withBytesPerSecond(1)).start()) {
      pods.prefill(0).faults().add(new Fault.AnswerStatus(400, -1));
      pods.prefill(1).faults().add(new Fault.AnswerStatus(400, -1));

      assertThat(ask(pods, false).statusCode()).isEqualTo(400);

      assertThat(pods.prefilled()).hasSize(1);
    }
  }

  @Test
  void the_decode_fails_and_the_prompt_is_freed() throws Exception {
    try (var pods = pods().start()) {
      pods.decode(0).faults().add(new Fault.ResetAfterBytes(0));

      int asked = askUntil(pods, "penstock_handed_prompts_lost_total");

      assertThat(asked).isPositive();
    }
  }

  /** Whichever comes first, the failure or the prefill's answer; of twenty, some of each. */
  @Test
  void decodes_fail_while_answers_of_their_prefills_are_on_the_way_and_no_prompt_stays()
      throws Exception {
    try (var pods = pods().flags(flags -> flags.flag("--ejection.failures", "0")).start()) {
      pods.decode(0).faults().add(new Fault.ResetAfterBytes(0));

      for (int asked = 0; pods.gateway.metric("penstock_handed_prompts_lost_total") < 20; asked++) {
        assertThat(asked).isLessThan(400);
        assertThat(ask(pods, asked % 2 == 0).statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void the_client_leaves_and_both_legs_end() throws Exception {
    try (var pods =
        pods()
            .prefills(1)
            .decodes(1)
            .pods((i, pod) -> i == 0 ? pod.profile(EngineProfile.named("70b")) : pod)
            .start()) {
      try (var client = pods.gateway.connect()) {
        send(client, chat(prompt().repeat(100), 4, true));
        await().until(() -> pods.prefill(0).stats().running() == 1);
      }

      await().until(() -> pods.prefill(0).stats().running() == 0);
      assertThat(pods.held().read()).isZero();
    }
  }
}
