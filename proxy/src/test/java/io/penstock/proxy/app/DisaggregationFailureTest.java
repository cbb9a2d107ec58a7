package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvConnector;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a client sees, which pods are asked, and what becomes of prompts in pods' memory when one of
 * two legs fails. Every test ends with no prompt held, read twice, by the wrong pod or by nobody.
 */
class DisaggregationFailureTest {

  private static final String PATH = "/v1/chat/completions";
  private static final String TRANSFER = "kv_transfer_params";
  private static final String TO_PREFILL =
      "penstock_prefill_fallbacks_total{to=\"prefill\",reason=";
  private static final String TO_DECODE = "penstock_prefill_fallbacks_total{to=\"decode\",reason=";

  private int prompts;

  /** A prompt that no pod has cached. */
  private String prompt() {
    return ("prompt number " + prompts++ + " ").repeat(20);
  }

  private HttpResponse<String> ask(DividedPods pods, boolean stream)
      throws IOException, InterruptedException {
    return pods.gateway.post(PATH, chat(prompt(), 4, stream));
  }

  /** Asks until a pod's fault has struck; each time the client gets its whole answer. */
  private int askUntil(DividedPods pods, String series) throws IOException, InterruptedException {
    int asked = 0;
    while (pods.gateway.metric(series) == 0) {
      assertThat(asked).as("requests without %s", series).isLessThan(200);
      var answer = ask(pods, asked % 2 == 0);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      asked++;
    }
    return asked;
  }

  private static void assertAllHandedOver(DividedPods pods, int requests) {
    assertThat(pods.decoded()).hasSize(requests);
    assertThat(pods.decoded()).allMatch(leg -> leg.bodyText().contains(TRANSFER));
    assertThat(pods.held().read()).isEqualTo(requests);
  }

  private static void assertAnsweredAlone(DividedPods pods) {
    assertThat(pods.decoded()).hasSize(1);
    assertThat(pods.decoded().getFirst().bodyText()).doesNotContain(TRANSFER);
    assertThat(pods.held().handedOut()).isZero();
  }

  @Nested
  class Prefill {

    @Test
    void refuses_connections_and_another_prefill_pod_is_asked() throws Exception {
      try (var pods = DividedPods.with().start()) {
        pods.prefill(0).faults().add(new Fault.Refuse());

        int asked = askUntil(pods, TO_PREFILL + "\"connect\",}");

        assertAllHandedOver(pods, asked);
        assertThat(DividedPods.asked(Stream.of(pods.prefill(1)))).hasSize(asked);
      }
    }

    @Test
    void resets_and_another_prefill_pod_is_asked() throws Exception {
      try (var pods = DividedPods.with().start()) {
        pods.prefill(0).faults().add(new Fault.ResetAfterBytes(0));

        int asked = askUntil(pods, TO_PREFILL + "\"reset\",}");

        assertAllHandedOver(pods, asked);
      }
    }

    @Test
    void fails_with_5xx_and_another_prefill_pod_is_asked() throws Exception {
      try (var pods = DividedPods.with().start()) {
        pods.prefill(0).faults().add(new Fault.AnswerStatus(500, -1));

        int asked = askUntil(pods, TO_PREFILL + "\"unavailable\",}");

        assertAllHandedOver(pods, asked);
      }
    }

    @Test
    void hangs_and_another_prefill_pod_is_asked_after_the_time_of_one() throws Exception {
      try (var pods =
          DividedPods.with().disaggregation("decider: always, prefillTimeout: 300ms").start()) {
        pods.prefill(0).faults().add(new Fault.StallBeforeHead());

        int asked = askUntil(pods, TO_PREFILL + "\"timeout\",}");

        assertAllHandedOver(pods, asked);
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"connect", "reset", "unavailable", "timeout", "protocol"})
    void fails_on_every_pod_and_the_one_that_answers_computes_the_prompt(String how)
        throws Exception {
      var fault =
          switch (how) {
            case "connect" -> new Fault.Refuse();
            case "reset" -> new Fault.ResetAfterBytes(0);
            case "unavailable" -> new Fault.AnswerStatus(500, -1);
            case "timeout" -> new Fault.StallBeforeHead();
            default -> new Fault.Garbage();
          };
      try (var pods =
          DividedPods.with().disaggregation("decider: always, prefillTimeout: 300ms").start()) {
        pods.prefill(0).faults().add(fault);
        pods.prefill(1).faults().add(fault);

        var answer = ask(pods, false);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertAnsweredAlone(pods);
        assertThat(pods.gateway.metric(TO_DECODE + "\"" + how + "\",}")).isEqualTo(1);
      }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void refuses_the_request_itself_and_its_client_hears_it_once(boolean stream) throws Exception {
      try (var pods = DividedPods.with().start()) {
        pods.prefill(0).faults().add(new Fault.AnswerStatus(400, -1));
        pods.prefill(1).faults().add(new Fault.AnswerStatus(400, -1));

        var answer = ask(pods, stream);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).startsWith("{\"error\":{\"message\":");
        assertThat(pods.prefilled()).hasSize(1);
        assertThat(pods.decoded()).isEmpty();
      }
    }

    @Test
    void hands_nothing_over_and_the_pod_that_answers_computes_the_prompt() throws Exception {
      try (var pods = DividedPods.with().start()) {
        pods.prefill(0).faults().add(new Fault.NoTransfer());
        pods.prefill(1).faults().add(new Fault.NoTransfer());

        var answer = ask(pods, true);

        assertThat(answer.body()).endsWith("data: [DONE]\n\n");
        assertThat(pods.prefilled()).hasSize(1);
        assertAnsweredAlone(pods);
      }
    }

    @Test
    void ends_at_its_first_token_and_the_pod_that_answers_computes_the_prompt() throws Exception {
      try (var pods = DividedPods.with().start()) {
        pods.prefill(0).faults().add(new Fault.EosFirst());
        pods.prefill(1).faults().add(new Fault.EosFirst());

        var answer = ask(pods, false);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(pods.prefilled()).hasSize(1);
        assertAnsweredAlone(pods);
      }
    }

    @Test
    void pods_are_not_there_and_requests_stay_whole() throws Exception {
      try (var pods = DividedPods.with().prefills(0).start()) {
        assertThat(ask(pods, false).statusCode()).isEqualTo(200);

        assertAnsweredAlone(pods);
      }
    }

    @Test
    void fails_and_so_does_every_pod_that_answers_which_is_an_error_within_the_retries()
        throws Exception {
      try (var pods = DividedPods.with().start()) {
        for (int i = 0; i < 2; i++) {
          pods.prefill(i).faults().add(new Fault.Refuse());
          pods.decode(i).faults().add(new Fault.Refuse());
        }

        var answer = ask(pods, false);

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(answer.headers().firstValue("x-should-retry")).hasValue("true");
        assertThat(answer.body()).contains("\"code\":\"upstream_connect_error\"");
      }
    }

    @Test
    void pod_is_replaced_on_its_address_and_nothing_of_the_old_one_is_used() throws Exception {
      try (var pods = DividedPods.with().prefills(1).decodes(1).start()) {
        assertThat(ask(pods, false).statusCode()).isEqualTo(200);
        var old = pods.prefill(0);
        old.kill();
        var fresh =
            pods.startStranger(
                PodConfig.builder()
                    .seed(77)
                    .port(old.port())
                    .kv(KvConfig.of(KvConnector.NIXLV2).withPort(old.kvPort()))
                    .build());

        assertThat(ask(pods, false).statusCode()).isEqualTo(200);

        assertThat(fresh.stats().kv().read()).isEqualTo(1);
        assertThat(pods.decode(0).stats().kv().failedReads()).isZero();
      }
    }
  }

  @Nested
  class Decode {

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

  @Nested
  class Client {

    @Test
    void leaves_during_the_prefill_which_is_aborted() throws Exception {
      try (var pods =
          DividedPods.with()
              .prefills(1)
              .pods((i, pod) -> i == 0 ? pod.profile(EngineProfile.named("70b")) : pod)
              .start()) {
        try (var client = pods.gateway.connect()) {
          send(client, chat(prompt().repeat(100), 4, true));
          await().until(() -> pods.prefill(0).stats().running() == 1);
        }

        await().until(() -> pods.prefill(0).stats().running() == 0);
        assertThat(pods.held().handedOut()).isZero();
        assertThat(pods.decoded()).isEmpty();
      }
    }

    @Test
    void leaves_between_the_legs_and_the_prompt_is_read_before_the_decode_is_aborted()
        throws Exception {
      try (var pods =
          DividedPods.with()
              .prefills(1)
              .decodes(1)
              .kv(kv -> kv.withBytesPerSecond(100_000_000)) // some tenths of a second
              .start()) {
        try (var client = pods.gateway.connect()) {
          send(client, chat(prompt(), 4_000, true));
          await().until(() -> pods.decoded().size() == 1);
        }

        await().until(() -> pods.held().read() == 1);
        await().until(() -> pods.decode(0).stats().aborts() == 1);
      }
    }

    @Test
    void leaves_between_the_legs_and_a_prompt_that_takes_too_long_is_released() throws Exception {
      try (var pods =
          DividedPods.with()
              .prefills(1)
              .decodes(1)
              .kv(kv -> kv.withBytesPerSecond(100_000)) // minutes
              .start()) {
        try (var client = pods.gateway.connect()) {
          send(client, chat(prompt(), 4, false));
          await().until(() -> pods.decoded().size() == 1);
        }

        await().until(() -> pods.held().released() == 1);
      }
    }

    @Test
    void leaves_during_the_decode_which_is_aborted() throws Exception {
      try (var pods =
          DividedPods.with()
              .pods((i, pod) -> i >= 2 ? pod.profile(EngineProfile.named("70b")) : pod)
              .start()) {
        try (var client = pods.gateway.connect()) {
          send(client, chat(prompt(), 4_000, true));
          readUntil(client, "data: ");
        }

        await().until(() -> pods.decode(0).stats().aborts() + pods.decode(1).stats().aborts() == 1);
        assertThat(pods.held().read()).isEqualTo(1);
      }
    }
  }

  /** SGLang's pods: both legs go out at once and meet in a room. */
  @Nested
  class SideBySide {

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

        for (int asked = 0;
            pods.gateway.metric("penstock_handed_prompts_lost_total") < 20;
            asked++) {
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

  /**
   * Mooncake's pods: a transfer id, and an engine that the prefill pod's bootstrap server names.
   */
  @Nested
  class Named {

    private DividedPods.Setup pods() {
      return DividedPods.with().connector(KvConnector.MOONCAKE);
    }

    private void askUntilDivided(DividedPods pods) throws Exception {
      await()
          .until(
              () -> {
                assertThat(ask(pods, false).statusCode()).isEqualTo(200);
                return !pods.prefilled().isEmpty();
              });
    }

    @Test
    void both_legs_carry_one_transfer_and_the_decode_the_engine() throws Exception {
      try (var pods = pods().start()) {
        askUntilDivided(pods);

        var prefill = pods.prefilled().getFirst();
        String id =
            prefill.bodyText().replaceAll("(?s).*\"transfer_id\":\"(xfer-[0-9a-f-]{36})\"}}", "$1");
        assertThat(id).hasSize(41);
        assertThat(prefill.header("x-data-parallel-rank")).hasValue("0");
        assertThat(pods.decoded())
            .anyMatch(
                leg ->
                    leg.bodyText().contains("\"transfer_id\":\"" + id)
                        && leg.bodyText().contains("\"remote_bootstrap_addr\":\"http://127.0.0.1:")
                        && leg.bodyText().contains("\"remote_engine_id\":\""));
        await().until(() -> pods.held().read() == 1);
      }
    }

    @Test
    void an_engine_that_was_replaced_is_asked_for_its_name_again() throws Exception {
      try (var pods = pods().prefills(1).decodes(1).start()) {
        askUntilDivided(pods);
        var old = pods.prefill(0);
        old.kill();
        var fresh =
            pods.startStranger(
                PodConfig.builder()
                    .seed(77)
                    .port(old.port())
                    .kv(KvConfig.of(KvConnector.MOONCAKE).withPort(old.kvPort()))
                    .build());

        await()
            .atMost(Duration.ofSeconds(30))
            .until(
                () -> {
                  assertThat(ask(pods, false).statusCode()).isEqualTo(200);
                  return fresh.stats().kv().read() > 0;
                });
        pods.expectLeases();
      }
    }
  }

  private static void send(Socket client, String body) throws IOException {
    String close = request(PATH, body).replace("\r\nhost:", "\r\nconnection: close\r\nhost:");
    client.getOutputStream().write(close.getBytes(StandardCharsets.UTF_8));
    client.getOutputStream().flush();
  }

  private static String readAll(Socket client) throws IOException {
    return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static void readUntil(Socket client, String text) throws IOException {
    var read = new StringBuilder();
    while (read.indexOf(text) < 0) {
      int next = client.getInputStream().read();
      assertThat(next).as(read.toString()).isNotNegative();
      read.append((char) next);
    }
  }
}
