package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.handler.codec.http2.Http2Error;
import io.penstock.proxy.config.GatewayConfig.TransportKind;
import io.penstock.proxy.listen.Transport;
import io.penstock.simulator.fault.Fault;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** The transports other than the usual one carry the same traffic. */
class TransportTest {

  private static final String CHAT = "/v1/chat/completions";

  @Test
  void nio_carries_everything() throws Exception {
    carriesEverything("nio");
  }

  @Test
  void io_uring_carries_everything_or_says_why_not() throws Exception {
    if (hasIoUring()) {
      carriesEverything("io_uring");
    } else {
      assertThatThrownBy(() -> TestGateway.of(1, flags -> flags.flag("--transport", "io_uring")))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("transport io_uring is not available on this machine");
    }
  }

  /** Whether this machine has it, asked as the gateway asks: how Netty is set up counts once. */
  static boolean hasIoUring() {
    try {
      Transport.of(TransportKind.IO_URING);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Many at once, large and small, streamed and not, left and broken: reads must not mix. */
  private static void carriesEverything(String transport) throws Exception {
    try (var gateway = TestGateway.of(2, flags -> flags.flag("--transport", transport));
        var client = Http2Client.of(gateway)) {
      List<Callable<String>> asks = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        String words = ("word" + i + " ").repeat(i % 4 == 0 ? 4_000 : 5);
        boolean stream = i % 2 == 0;
        asks.add(() -> gateway.post(CHAT, chat(words, 200, stream)).body());
      }
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<String>> answers = threads.invokeAll(asks);
        for (int i = 0; i < answers.size(); i++) {
          String answer = answers.get(i).get();
          assertThat(answer).endsWith(i % 2 == 0 ? "data: [DONE]\n\n" : "}");
          assertThat(answer.split("\n\n", -1)).hasSizeGreaterThan(i % 2 == 0 ? 200 : 0);
        }
      }
      assertThat(client.post(CHAT, chat("hello", 200, true)).awaitEnd().body())
          .endsWith("data: [DONE]\n\n");

      gateway.pod(0).faults().add(new Fault.StallAfterEvents(2));
      gateway.pod(1).faults().add(new Fault.StallAfterEvents(2));
      client.post(CHAT, chat("hello", 9, true)).awaitBody().reset(Http2Error.CANCEL);
      await().until(() -> gateway.pod(0).stats().aborts() + gateway.pod(1).stats().aborts() == 1);
    }
  }
}
