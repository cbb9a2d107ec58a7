package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.GatewayConfig.TransportKind;
import io.penstock.proxy.listen.Transport;
import io.penstock.proxy.warmup.Rehearsal;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WarmUpTest {

  @Test
  void it_ends_by_itself_and_leaves_nothing_running() throws Exception {
    var before = threads();

    assertThat(WarmUp.run(TransportKind.AUTO, Duration.ofSeconds(20))).isPositive();

    await().untilAsserted(() -> assertThat(before).containsAll(threads()));
  }

  @Test
  void each_of_its_clients_is_answered_whole_and_by_streams_again_and_again() throws Exception {
    try (var rehearsal = new Rehearsal(Transport.of(TransportKind.AUTO));
        var gateway = GatewayApp.start(WarmUp.configuration(rehearsal, TransportKind.AUTO), "1")) {
      await().until(gateway::ready);

      rehearsal.ask(gateway.address());

      await().atMost(Duration.ofMinutes(1)).until(() -> rehearsal.answered() > 20 * 16);
    }
  }

  @Test
  void no_time_for_it_means_none() throws Exception {
    var before = threads();

    assertThat(WarmUp.run(TransportKind.AUTO, Duration.ZERO)).isZero();
    assertThat(before).containsAll(threads());
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("penstock-"))
        .collect(Collectors.toSet());
  }
}
