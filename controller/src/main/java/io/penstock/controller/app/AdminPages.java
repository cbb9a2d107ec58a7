package io.penstock.controller.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Pages for the kubelet and for Prometheus: {@code /livez}, {@code /readyz} and {@code /metrics}.
 * Thread-safe; a virtual thread for each request.
 */
final class AdminPages implements AutoCloseable {

  private final HttpServer server;

  /**
   * Begins to serve.
   *
   * @param unready why the process is not ready, empty when it is
   */
  AdminPages(InetSocketAddress address, CollectorRegistry registry, Supplier<String> unready)
      throws IOException {
    server = HttpServer.create(address, 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/livez", exchange -> answer(exchange, 200, "text/plain", "alive\n"));
    server.createContext(
        "/readyz",
        exchange -> {
          var why = unready.get();
          answer(
              exchange,
              why.isEmpty() ? 200 : 503,
              "text/plain",
              (why.isEmpty() ? "ready" : why) + "\n");
        });
    server.createContext(
        "/metrics",
        exchange -> {
          var page = new StringWriter();
          TextFormat.write004(page, registry.metricFamilySamples());
          answer(exchange, 200, TextFormat.CONTENT_TYPE_004, page.toString());
        });
    server.start();
  }

  InetSocketAddress address() {
    return server.getAddress();
  }

  private static void answer(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    try (exchange) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("content-type", type);
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
