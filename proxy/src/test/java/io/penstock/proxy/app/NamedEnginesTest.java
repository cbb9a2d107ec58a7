package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvConnector;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * Mooncake's pods: both legs go out at once with a transfer id, and the decode's names an engine
 * that the prefill pod's bootstrap server told.
 */
class NamedEnginesTest extends DividedRequests {

  private static DividedPods.Setup pods() {
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
