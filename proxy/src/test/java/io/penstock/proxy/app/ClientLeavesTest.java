package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.engine.EngineProfile;
import org.junit.jupiter.api.Test;

/** The client leaves while one of two legs runs, one after the other. */
class ClientLeavesTest extends DividedRequests {

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
