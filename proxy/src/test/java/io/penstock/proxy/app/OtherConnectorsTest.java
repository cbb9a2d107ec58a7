package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.kv.KvConnector;
import java.time.Duration;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connectors that ask one pod after the other and hand on nothing that the first answers. */
class OtherConnectorsTest extends DividedRequests {

  /** vLLM's OffloadingConnector: both legs carry an id, and the decode where to ask for it. */
  @Nested
  class Offloading {

    private DividedPods.Setup pods() {
      return DividedPods.with().connector(KvConnector.OFFLOADING);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void both_legs_carry_one_id_and_the_prompt_is_read_once(boolean stream) throws Exception {
      try (var pods = pods().prefills(1).decodes(1).start()) {
        var answer = ask(pods, stream);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("\"finish_reason\":\"length\"");
        String prefill = pods.prefilled().getFirst().bodyText();
        String id =
            prefill.replaceAll(
                "(?s).*\"remote_decoder\":\\{\"kv_request_id\":\"([0-9a-f-]{36})\"}}}", "$1");
        assertThat(id).hasSize(36);
        assertThat(pods.decoded().getFirst().bodyText())
            .endsWith(
                ",\"kv_transfer_params\":{\"remote_prefiller\":{\"kv_request_id\":\""
                    + id
                    + "\",\"remote_host\":\"127.0.0.1\",\"remote_port\":"
                    + pods.prefill(0).kvPort()
                    + "}}}");
        assertThat(pods.held().read()).isEqualTo(1);
        assertThat(pods.held().tokensReceived()).isPositive();
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"connect", "reset", "unavailable"})
    void a_prefill_pod_fails_and_another_is_asked(String how) throws Exception {
      try (var pods = pods().start()) {
        pods.prefill(0)
            .faults()
            .add(
                switch (how) {
                  case "connect" -> new Fault.Refuse();
                  case "reset" -> new Fault.ResetAfterBytes(0);
                  default -> new Fault.AnswerStatus(500, -1);
                });

        int asked = askUntil(pods, TO_PREFILL + "\"" + how + "\",}");

        assertAllHandedOver(pods, asked);
      }
    }

    @Test
    void the_decode_dies_before_its_first_byte_and_the_prompt_is_freed() throws Exception {
      try (var pods = pods().start()) {
        pods.decode(0).faults().add(new Fault.ResetAfterBytes(0));

        int asked = askUntil(pods, "penstock_handed_prompts_lost_total");

        await().until(() -> pods.held().read() == asked + 1);
      }
    }

    @Test
    void the_client_leaves_between_the_legs_and_the_prompt_is_read() throws Exception {
      try (var pods =
          pods()
              .prefills(1)
              .decodes(1)
              .kv(kv -> kv.withBytesPerSecond(100_000_000).withLease(Duration.ofSeconds(20)))
              .start()) {
        try (var client = pods.gateway.connect()) {
          send(client, chat(prompt(), 4_000, true));
          await().until(() -> pods.decoded().size() == 1);
        }

        await().until(() -> pods.held().read() == 1);
        await().until(() -> pods.decode(0).stats().aborts() == 1);
      }
    }
  }

  /** A store that all pods share: nobody holds anything for anybody. */
  @Nested
  class SharedStorage {

    private DividedPods.Setup pods() {
      return DividedPods.with().connector(KvConnector.SHARED_STORAGE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void the_prefill_writes_the_prompt_and_the_decode_finds_it(boolean stream) throws Exception {
      try (var pods = pods().start()) {
        assertThat(ask(pods, stream).statusCode()).isEqualTo(200);

        assertThat(pods.prefilled()).hasSize(1);
        assertThat(pods.prefilled().getFirst().bodyText())
            .contains("\"max_tokens\":1,")
            .endsWith(",\"cache_hit_threshold\":0}");
        assertThat(pods.decoded()).hasSize(1);
        assertThat(pods.decoded().getFirst().bodyText()).endsWith(",\"cache_hit_threshold\":0}");
        assertThat(pods.held().tokensReceived()).isGreaterThan(100);
        assertThat(pods.held().handedOut()).isZero();
      }
    }

    @Test
    void a_message_that_is_to_think_is_answered_from_two_pods() throws Exception {
      try (var pods = pods().start()) {
        String thinking = "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2},\"max_tokens\"";
        String body = chat(prompt(), 4, false).replace("\"max_tokens\"", thinking);

        var answer = pods.gateway.post("/v1/messages", body);

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(pods.prefilled()).hasSize(1);
        assertThat(pods.decoded().getFirst().bodyText()).contains(thinking);
      }
    }

    @Test
    void the_prefill_fails_everywhere_and_the_pod_that_answers_computes_the_prompt()
        throws Exception {
      try (var pods = pods().start()) {
        pods.prefill(0).faults().add(new Fault.AnswerStatus(500, -1));
        pods.prefill(1).faults().add(new Fault.AnswerStatus(500, -1));

        assertThat(ask(pods, false).statusCode()).isEqualTo(200);

        assertThat(pods.decoded()).hasSize(1);
        assertThat(pods.held().tokensReceived()).isZero();
      }
    }

    @Test
    void the_decode_dies_before_its_first_byte_and_there_is_nothing_to_free() throws Exception {
      try (var pods = pods().start()) {
        pods.decode(0).faults().add(new Fault.ResetAfterBytes(0));

        askUntil(pods, "penstock_handed_prompts_lost_total");

        assertThat(pods.gateway.metric("penstock_handed_prompts_released_total")).isZero();
      }
    }
  }
}
