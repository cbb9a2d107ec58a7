package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.readTo;
import static io.penstock.proxy.app.TestGateway.request;
import static io.penstock.proxy.app.TestGateway.send;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A pod closes a connection of the gateway's in the moment in which a request goes out on it. */
class StaleConnectionTest {

  @Test
  void the_same_pod_is_asked_again_and_nothing_is_held_against_it() throws Exception {
    var asked = new AtomicInteger();
    try (var pod =
            new BytePod(
                (gateway, request) -> {
                  if (asked.incrementAndGet() == 2) {
                    gateway.close();
                  } else {
                    send(gateway, BytePod.json("200 OK", "{\"asked\":" + asked + "}"));
                  }
                });
        var gateway =
            TestGateway.before(
                pod,
                flags -> flags.flag("--log.access", "false").flag("--ejection.failures", "1"));
        var socket = gateway.connect()) {
      send(socket, request("/v1/chat/completions", chat("hello", 4, false)));
      assertThat(readTo(socket, "}")).startsWith("HTTP/1.1 200 OK").endsWith("{\"asked\":1}");

      send(socket, request("/v1/chat/completions", chat("hello", 4, false)));

      assertThat(readTo(socket, "}")).startsWith("HTTP/1.1 200 OK").endsWith("{\"asked\":3}");
      assertThat(gateway.metric("penstock_endpoint_ejections_total{pool=\"tiny\",}")).isZero();
    }
  }
}
