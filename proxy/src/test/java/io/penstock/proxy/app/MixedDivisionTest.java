package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.kv.KvConnector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Clients, some of which leave at any moment, whose answers take two pods, in front of pods that
 * fail in every way: whatever happens to either leg, everything is counted once and given back, and
 * no prompt is held for longer than its lease.
 */
class MixedDivisionTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final int CLIENTS = 6;
  private static final int REQUESTS = 25;
  private static final Duration LEASE = Duration.ofSeconds(1);

  private static final List<Fault> FAULTS =
      List.of(
          new Fault.ResetOnAccept(),
          new Fault.ResetAfterBytes(0),
          new Fault.ResetAfterBytes(300),
          new Fault.DieInEvent(1),
          new Fault.EndWithoutDone(1),
          new Fault.StallBeforeHead(),
          new Fault.StallAfterEvents(1),
          new Fault.AnswerStatus(500, -1),
          new Fault.AnswerStatus(503, 1),
          new Fault.AnswerStatus(400, -1),
          new Fault.Garbage(),
          new Fault.MalformedChunk(0),
          new Fault.ShortContentLength(5),
          new Fault.TrailingBytes(),
          new Fault.Informational(103));

  @ParameterizedTest
  @CsvSource({
    "NIXLV2, always, 1",
    "NIXLV2, cost, 2",
    "MOONCAKE, always, 3",
    "SGLANG, always, 4",
    "OFFLOADING, always, 5",
    "SHARED_STORAGE, always, 6"
  })
  void leaves_nothing_behind(KvConnector connector, String decider, long seed) throws Exception {
    var setup =
        DividedPods.with()
            .prefills(2)
            .decodes(3)
            .connector(connector)
            .disaggregation("decider: " + decider + ", prefillTimeout: 300ms")
            .kv(kv -> kv.withLease(LEASE))
            .flags(
                flags ->
                    flags
                        .flag("--ejection.duration", "100ms")
                        .flag("--timeouts.first-byte", "300ms")
                        .flag("--timeouts.answer", "300ms")
                        .flag("--timeouts.stream-idle", "300ms"));
    try (var pods = setup.start()) {
      pods.expectLeases();
      var random = new SplittableRandom(seed);
      List<Callable<Void>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        var own = random.split();
        clients.add(() -> ask(pods, own));
      }
      var faults = random.split();
      clients.add(() -> breakPods(pods, connector == KvConnector.NIXLV2, faults));
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (var done : threads.invokeAll(clients)) {
          done.get();
        }
      }

      pods.gateway.assertQuiet();
      var law = pods.gateway.app.conservation();
      assertThat(law.accepted()).isEqualTo(CLIENTS * REQUESTS);
      assertThat(law.completed()).as("%s", law).isPositive();
      await()
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(() -> assertThat(pods.held().pinned()).as("%s", pods.held()).isZero());
      assertThat(pods.held().wrongTargets()).as("%s", pods.held()).isZero();

      pods.gateway.fleet.pods().forEach(pod -> pod.faults().clear());
      await()
          .until(
              () -> pods.gateway.post(CHAT, chat("after all", 3, true)).body(),
              answer -> answer.endsWith("data: [DONE]\n\n"));
    }
  }

  private static Void ask(DividedPods pods, SplittableRandom random) throws Exception {
    for (int i = 0; i < REQUESTS; i++) {
      String words = ("words " + random.nextInt(8) + " ").repeat(1 + random.nextInt(300));
      String body = chat(words, 1 + random.nextInt(20), random.nextBoolean());
      MixedTrafficTest.ask(pods.gateway, body, random);
    }
    return null;
  }

  private static Void breakPods(DividedPods pods, boolean handsOut, SplittableRandom random) {
    if (handsOut) {
      pods.prefill(0)
          .faults()
          .add(random.nextBoolean() ? new Fault.EosFirst() : new Fault.NoTransfer());
    }
    var all = pods.gateway.fleet.pods();
    for (int i = 0; i < 60; i++) {
      var fault = FAULTS.get(random.nextInt(FAULTS.size()));
      all.get(random.nextInt(all.size())).faults().add(fault, 1 + random.nextInt(2));
    }
    return null;
  }
}
