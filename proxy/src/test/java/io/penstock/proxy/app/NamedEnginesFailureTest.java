package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.ReceivedRequest;
import io.penstock.simulator.kv.KvConnector;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Mooncake's pods, whose legs go out together: one of them fails. Whatever does, no prompt is
 * stranded, read twice, asked of the wrong engine or left to its lease.
 */
class NamedEnginesFailureTest extends DividedRequests {

  private static final String LOST = "penstock_handed_prompts_lost_total";

  private int asked;

  private static DividedPods.Setup setup() {
    return DividedPods.with()
        .connector(KvConnector.MOONCAKE)
        .disaggregation("decider: always, prefillTimeout: 300ms");
  }

  /** Every prefill pod's engine is known by name, so that each may be asked. */
  private DividedPods started(DividedPods.Setup setup) throws Exception {
    var pods = setup.start();
    for (int i = 0; i < setup.prefills; i++) {
      var pod = pods.prefill(i);
      await()
          .until(
              () -> {
                assertThat(ask(pods, false).statusCode()).isEqualTo(200);
                return !DividedPods.asked(Stream.of(pod)).isEmpty();
              });
    }
    return pods;
  }

  /** The first so many prefill pods fail; those that refuse have no connection from before. */
  private DividedPods failing(DividedPods.Setup setup, int prefills, String how) throws Exception {
    var pods = how.equals("connect") ? setup.start() : started(setup);
    for (int i = 0; i < prefills; i++) {
      pods.prefill(i).faults().add(fault(how));
    }
    return pods;
  }

  /** Asks until something is counted of a request; the answer is whole each time. */
  private void askUntilCounted(DividedPods pods, String series) {
    askUntilCounted(pods, series, () -> true);
  }

  /** The same of a request of which that holds too. */
  private void askUntilCounted(DividedPods pods, String series, BooleanSupplier too) {
    await()
        .atMost(Duration.ofSeconds(30)) // an engine is asked for its name every 5 s
        .pollInterval(Duration.ofMillis(10))
        .until(
            () -> {
              boolean stream = ++asked % 2 == 0;
              double before = pods.gateway.metric(series);
              var answer =
                  pods.gateway.post(
                      PATH, chat(prompt(), 4, stream), "x-request-id", "ask-" + asked);
              assertWhole(answer, stream);
              return pods.gateway.metric(series) > before && too.getAsBoolean();
            });
  }

  private static void assertWhole(HttpResponse<String> answer, boolean stream) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).containsOnlyOnce("\"finish_reason\":\"length\"");
    if (stream) {
      assertThat(answer.body()).endsWith("data: [DONE]\n\n");
    } else {
      assertThat(answer.body()).startsWith("{").contains("\"completion_tokens\":4").endsWith("}");
    }
  }

  /** What of the last request came to these pods. */
  private List<ReceivedRequest> legs(Stream<SimulatedPod> to) {
    return DividedPods.asked(to).stream()
        .filter(leg -> leg.header("x-request-id").orElse("").equals("ask-" + asked))
        .toList();
  }

  private static String transferId(ReceivedRequest leg) {
    return leg.bodyText().replaceAll("(?s).*\"transfer_id\":\"([^\"]*)\".*", "$1");
  }

  private static void assertNothingLeft(DividedPods pods) {
    pods.gateway.assertQuiet();
    await()
        .untilAsserted(
            () -> {
              var held = pods.held();
              assertThat(held.pinned()).as("stranded").isZero();
              assertThat(held.doubleReads()).as("read twice").isZero();
              assertThat(held.wrongTargets()).as("wrong target").isZero();
              assertThat(held.expired()).as("expired").isZero();
            });
  }

  private static Fault fault(String how) {
    return switch (how) {
      case "connect" -> new Fault.Refuse();
      case "reset" -> new Fault.ResetAfterBytes(0);
      case "unavailable" -> new Fault.AnswerStatus(500, -1);
      default -> new Fault.StallBeforeHead();
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"connect", "reset", "unavailable", "timeout"})
  void the_prefill_leg_fails_and_both_begin_anew_with_another_engine(String how) throws Exception {
    try (var pods = failing(setup(), 1, how)) {
      askUntilCounted(
          pods,
          TO_PREFILL + "\"" + how + "\",}",
          () -> !legs(Stream.of(pods.prefill(1))).isEmpty());

      var prefills = legs(Stream.of(pods.prefill(1)));
      assertThat(prefills).hasSize(1);
      String id = transferId(prefills.getFirst());
      assertThat(id).startsWith("xfer-");
      var decodes = legs(Stream.of(pods.decode(0), pods.decode(1)));
      assertThat(decodes).allMatch(leg -> leg.bodyText().contains(TRANSFER));
      assertThat(decodes.stream().filter(leg -> transferId(leg).equals(id)))
          .singleElement()
          .satisfies(
              leg ->
                  assertThat(leg.bodyText())
                      .contains(
                          "\"remote_bootstrap_addr\":\"http://127.0.0.1:"
                              + pods.prefill(1).kvPort()));
      assertThat(decodes.stream().filter(leg -> !transferId(leg).equals(id))).hasSizeLessThan(2);
      assertNothingLeft(pods);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"connect", "reset", "unavailable", "timeout"})
  void the_prefill_leg_fails_everywhere_and_the_pod_that_answers_computes_the_prompt(String how)
      throws Exception {
    try (var pods = failing(setup(), 2, how)) {
      long handedOut = pods.held().handedOut();

      askUntilCounted(pods, TO_DECODE + "\"" + how + "\",}");

      // A connection from before that is reset looks stale, and the pod is asked on another.
      int most = how.equals("reset") ? 2 : 1;
      assertThat(legs(Stream.of(pods.prefill(0)))).hasSizeLessThanOrEqualTo(most);
      assertThat(legs(Stream.of(pods.prefill(1)))).hasSizeLessThanOrEqualTo(most);
      var decodes = legs(Stream.of(pods.decode(0), pods.decode(1)));
      assertThat(decodes.stream().filter(leg -> !leg.bodyText().contains(TRANSFER))).hasSize(1);
      assertNothingLeft(pods);
      assertThat(pods.held().read() + pods.held().released())
          .as("what was computed before, and what a failing pod may have computed")
          .isEqualTo(pods.held().handedOut())
          .isGreaterThanOrEqualTo(handedOut);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void the_prefill_leg_is_refused_and_its_client_hears_it_once(boolean stream) throws Exception {
    try (var pods = started(setup())) {
      pods.prefill(0).faults().add(new Fault.AnswerStatus(400, -1));
      pods.prefill(1).faults().add(new Fault.AnswerStatus(400, -1));
      asked++;

      var answer =
          pods.gateway.post(PATH, chat(prompt(), 4, stream), "x-request-id", "ask-" + asked);

      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).startsWith("{\"error\":{\"message\":");
      assertThat(legs(Stream.of(pods.prefill(0), pods.prefill(1)))).hasSize(1);
      assertThat(legs(Stream.of(pods.decode(0), pods.decode(1)))).hasSizeLessThan(2);
      assertNothingLeft(pods);
    }
  }

  @Test
  void the_decode_leg_refuses_connections_and_another_reads_the_same_prompt() throws Exception {
    try (var pods = setup().start()) {
      pods.decode(0).faults().add(new Fault.Refuse());

      askUntilCounted(pods, "penstock_upstream_retries_total{reason=\"upstream_connect_error\",}");

      assertOtherDecodeReads(pods);
    }
  }

  @Test
  void the_decode_leg_finds_no_room_and_another_reads_the_same_prompt() throws Exception {
    try (var pods = started(setup())) {
      pods.decode(0).faults().add(new Fault.AnswerStatus(503, -1));

      askUntilCounted(
          pods,
          "penstock_upstream_retries_total{reason=\"no_healthy_endpoints\",}",
          () -> prefilled(pods));

      assertOtherDecodeReads(pods);
    }
  }

  private boolean prefilled(DividedPods pods) {
    return !legs(Stream.of(pods.prefill(0), pods.prefill(1))).isEmpty();
  }

  private void assertOtherDecodeReads(DividedPods pods) {
    var prefills = legs(Stream.of(pods.prefill(0), pods.prefill(1)));
    assertThat(prefills).as("computed once").hasSize(1);
    assertThat(legs(Stream.of(pods.decode(1))))
        .singleElement()
        .satisfies(leg -> assertThat(transferId(leg)).isEqualTo(transferId(prefills.getFirst())));
    assertThat(pods.gateway.metric(LOST)).isZero();
    assertNothingLeft(pods);
    assertThat(pods.held().read()).isEqualTo(pods.held().handedOut());
  }

  @ParameterizedTest
  @CsvSource({"reset", "unavailable"})
  void the_decode_leg_dies_before_its_first_byte_and_its_prompt_is_freed(String how)
      throws Exception {
    try (var pods = started(setup())) {
      pods.decode(0).faults().add(fault(how));

      askUntilCounted(pods, LOST);

      assertThat(pods.gateway.metric(LOST)).isOne();
      assertThat(pods.gateway.metric("penstock_handed_prompts_released_total")).isOne();
      var failed = legs(Stream.of(pods.decode(0)));
      String lost = transferId(failed.getFirst());
      assertThat(failed).allMatch(leg -> transferId(leg).equals(lost));
      assertThat(legs(Stream.of(pods.decode(1))))
          .as("the answer, and one token of the prompt that was given up")
          .hasSize(2)
          .anyMatch(leg -> transferId(leg).equals(lost) && leg.bodyText().contains("_tokens\":1,"))
          .anyMatch(leg -> !transferId(leg).equals(lost));
      assertNothingLeft(pods);
    }
  }

  @Test
  void the_decode_leg_dies_after_its_first_byte_and_the_stream_ends_with_an_error()
      throws Exception {
    try (var pods = started(setup())) {
      pods.decode(0).faults().add(new Fault.DieInEvent(2));
      pods.decode(1).faults().add(new Fault.DieInEvent(2));

      try (var client = pods.gateway.connect()) {
        send(client, chat(prompt(), 8, true));
        assertThat(readAll(client)).contains("data: {\"error\":{").doesNotContain("[DONE]");
      }

      assertNothingLeft(pods);
      assertThat(pods.held().read()).isEqualTo(pods.held().handedOut());
    }
  }

  @Test
  void the_client_leaves_and_both_legs_end() throws Exception {
    var slow = EngineProfile.named("70b");
    try (var pods =
        started(
            setup()
                .prefills(1)
                .decodes(1)
                .disaggregation("decider: always")
                .pods((i, pod) -> i == 0 ? pod.profile(slow) : pod))) {
      try (var client = pods.gateway.connect()) {
        send(client, chat(prompt().repeat(100), 4, true));
        await().until(() -> pods.prefill(0).stats().running() == 1);
      }

      await().until(() -> pods.prefill(0).stats().running() == 0);
      assertNothingLeft(pods);
    }
  }
}
