package io.penstock.controller.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.penstock.controller.desired.ClusterFacts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a replica is ready, before an API server that has no object at all. */
class ControllerAppTest {

  private static final String OWN = "/apis/serving.kserve.io/v1alpha2/";
  private static final String KEDA = "/apis/keda.sh/v1alpha1";
  private static final String KUBECONFIG = "kubeconfig";

  @TempDir private Path folder;

  /** Beginnings of paths that are answered 500. */
  private final Set<String> broken = ConcurrentHashMap.newKeySet();

  private final AtomicInteger brokenAnswers = new AtomicInteger();
  private final CountDownLatch over = new CountDownLatch(1);
  private final HttpClient http = HttpClient.newHttpClient();
  private volatile boolean keda;
  private HttpServer api;
  private ControllerApp app;

  @BeforeEach
  void serve() throws Exception {
    api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    api.createContext("/", this::answer);
    api.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    api.start();
    var kubeconfig = folder.resolve("config");
    Files.writeString(
        kubeconfig,
        """
        apiVersion: v1
        kind: Config
        current-context: a
        clusters: [{name: a, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: a, user: {}}]
        contexts: [{name: a, context: {cluster: a, user: a}}]
        """
            .formatted(api.getAddress().getPort()));
    System.setProperty(KUBECONFIG, kubeconfig.toString());
  }

  @AfterEach
  void close() {
    System.clearProperty(KUBECONFIG);
    if (app != null) {
      app.close();
    }
    over.countDown();
    api.stop(0);
    http.close();
  }

  /** Those that are stored in the older version are listed only once the webhooks convert them. */
  @Test
  void the_webhooks_are_reachable_while_our_own_objects_cannot_be_listed() throws Exception {
    broken.add(OWN);

    start();

    await().untilAsserted(() -> assertThat(readiness()).isEqualTo(200));
  }

  @Test
  void a_kind_of_others_that_comes_and_cannot_be_listed_takes_no_replica_away() throws Exception {
    start();
    await().untilAsserted(() -> assertThat(readiness()).isEqualTo(200));

    broken.add(KEDA + "/");
    keda = true;
    await().until(() -> brokenAnswers.get() > 0);

    assertThat(readiness()).isEqualTo(200);
  }

  @Test
  void a_replica_that_may_not_list_what_every_cluster_has_is_not_ready() throws Exception {
    broken.add("/api/v1/pods");

    start();
    await().until(() -> brokenAnswers.get() > 1);

    assertThat(readiness()).isEqualTo(503);
  }

  private void start() throws Exception {
    var loopback = InetAddress.getLoopbackAddress();
    app =
        ControllerApp.start(
            new ControllerSettings(
                ClusterFacts.offline(),
                1,
                new InetSocketAddress(loopback, 0),
                "penstock-system",
                "penstock-controller",
                "one",
                Duration.ofMillis(20),
                new WebhookSettings(
                    new InetSocketAddress(loopback, 0), "penstock-system", null, null)));
  }

  private int readiness() throws Exception {
    var uri = URI.create("http://127.0.0.1:" + app.adminAddress().getPort() + "/readyz");
    return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var path = exchange.getRequestURI().getPath();
      if (broken.stream().anyMatch(path::startsWith)) {
        send(exchange, 500, "{}");
        brokenAnswers.incrementAndGet();
      } else if (exchange.getRequestMethod().equals("POST")) {
        send(
            exchange,
            201,
            new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
      } else if ("websocket".equals(exchange.getRequestHeaders().getFirst("Upgrade"))) {
        // No WebSockets; the client goes on to watch over plain HTTP.
        send(exchange, 200, "{}");
      } else if (String.valueOf(exchange.getRequestURI().getQuery()).contains("watch=true")) {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().flush();
        over.await();
      } else if (keda && path.equals(KEDA)) {
        send(exchange, 200, "{\"resources\": [{\"name\": \"scaledobjects\"}]}");
      } else if (path.matches("/api/v1/[a-z]+|/apis/[^/]+/[^/]+/[a-z]+")) {
        send(
            exchange,
            200,
            "{\"apiVersion\": \"v1\", \"kind\": \"AnyList\","
                + " \"metadata\": {\"resourceVersion\": \"1\"}, \"items\": []}");
      } else {
        send(exchange, 404, "{}");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("content-type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
