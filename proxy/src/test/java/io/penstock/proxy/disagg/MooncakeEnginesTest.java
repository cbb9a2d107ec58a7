package io.penstock.proxy.disagg;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** What a prefill pod's bootstrap server is asked. */
class MooncakeEnginesTest {

  @Test
  void a_bootstrap_server_is_not_asked_for_another_protocol_about_which_it_would_warn()
      throws Exception {
    List<Headers> asked = new CopyOnWriteArrayList<>();
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/query",
        exchange -> {
          asked.add(exchange.getRequestHeaders());
          byte[] answer = "{\"0\":{\"engine_id\":\"e\"}}".getBytes(UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    var pod = prefill(server.getAddress().getPort());

    try (var engines = new MooncakeEngines(() -> new PoolSnapshot("p", 1, List.of(pod)), () -> 0)) {
      engines.refresh();

      await().until(() -> engines.of(pod) != null);
      assertThat(asked).hasSize(1);
      assertThat(asked.getFirst().keySet()).doesNotContain("Upgrade", "Http2-settings");
    } finally {
      server.stop(0);
    }
  }

  private static Endpoint prefill(int bootstrapPort) {
    return new Endpoint(
        0,
        new EndpointSpec(
            new EndpointId("a"),
            "a",
            "127.0.0.1",
            8_000,
            Role.PREFILL,
            Map.of(KvPort.LABEL, Integer.toString(bootstrapPort)),
            false),
        List.of());
  }
}
