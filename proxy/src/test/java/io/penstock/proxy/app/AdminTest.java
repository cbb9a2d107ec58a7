package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonFactory;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import io.penstock.proxy.metrics.PrometheusPage;
import io.penstock.proxy.openai.ApiKeys;
import io.penstock.simulator.fault.Fault;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the admin and health listeners show of a running gateway. */
class AdminTest {

  private static final String CHAT = "/v1/chat/completions";

  private static HttpResponse<String> ask(InetSocketAddress address, String method, String path)
      throws Exception {
    try (var http = HttpClient.newHttpClient()) {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.getPort() + path))
              .method(method, HttpRequest.BodyPublishers.noBody())
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  private static String json(String text) throws IOException {
    try (var parser = new JsonFactory().createParser(text)) {
      int values = 0;
      while (parser.nextToken() != null) {
        values++;
      }
      assertThat(values).isPositive();
    }
    return text;
  }

  @Test
  void a_gateway_whose_pods_are_not_there_is_alive_but_not_ready() throws Exception {
    var sources =
        ConfigSources.builder()
            .endpoints("127.0.0.1:1")
            .listen("127.0.0.1:0")
            .admin("127.0.0.1:0")
            .flag("--health", "127.0.0.1:0");
    try (var app =
        GatewayApp.start((LoadResult.Loaded) GatewayConfigLoader.load(sources.build()), "test")) {
      var health = app.healthAddress();
      assertThat(ask(health, "GET", "/livez").statusCode()).isEqualTo(200);
      await()
          .untilAsserted(
              () -> {
                var ready = ask(health, "GET", "/readyz");
                assertThat(ready.statusCode()).isEqualTo(503);
                assertThat(json(ready.body())).contains("no_endpoint_has_listed_its_models");
              });
      assertThat(ask(app.adminAddress(), "GET", "/readyz?verbose").body())
          .contains("\"name\":\"pool default\",\"passes\":false");
      assertThat(ask(health, "GET", "/config").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void metrics_are_prometheus_text_that_counts_what_happened() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      gateway.post(CHAT, chat("hello", 5, false));
      gateway.post(CHAT, chat("hello", 5, false).replace("tiny", "none"));
      gateway.pod(0).faults().add(new Fault.DieInEvent(1), 1);
      gateway.exchange(TestGateway.request(CHAT, chat("hello", 5, true)));
      gateway.assertQuiet();

      var page = PrometheusPage.parse(gateway.admin("/metrics"));
      assertThat(page.value("penstock_requests_accepted_total")).isEqualTo(3);
      assertThat(page.value("penstock_requests_completed_total{model=tiny}")).isEqualTo(1);
      assertThat(page.value("penstock_requests_rejected_total{reason=model_not_found}"))
          .isEqualTo(1);
      assertThat(page.value("penstock_requests_failed_total{reason=upstream_reset}")).isEqualTo(1);
      assertThat(page.value("penstock_requests_in_flight")).isZero();
      assertThat(page.value("penstock_tokens_total{model=tiny, type=output}")).isEqualTo(5);
      double created = page.value("penstock_upstream_connections_created_total");
      assertThat(created).isPositive();
      assertThat(created + page.value("penstock_upstream_connections_reused_total")).isEqualTo(2);
      assertThat(page.value("penstock_upstream_connect_failures_total")).isZero();
      assertThat(page.value("penstock_upstream_connections")).isBetween(0.0, created);
      assertThat(page.series()).noneMatch(series -> series.contains("none}"));
    }
  }

  @Test
  void configuration_endpoints_and_decisions_are_json() throws Exception {
    try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
      for (int i = 0; i < 3; i++) {
        gateway.post(CHAT, chat("hello " + i, 2, false), "x-request-id", "ask-" + i);
      }

      assertThat(json(gateway.admin("/config")))
          .contains("\"listen\":{\"value\":\"127.0.0.1:0\",\"source\":\"--listen\"}");
      assertThat(json(gateway.admin("/debug/endpoints")))
          .contains(gateway.pod(0).hostPort(), gateway.pod(1).hostPort(), "\"in_flight\":0");
      assertThat(json(gateway.admin("/debug/decisions?limit=2")))
          .contains("ask-2", "ask-1")
          .doesNotContain("ask-0");
      String decision = json(gateway.admin("/debug/decisions/ask-1"));
      assertThat(decision).contains("ask-1").doesNotContain("ask-0", "hello");
      String id = decision.replaceFirst("(?s).*?\"id\":\"?(\\d+).*", "$1");
      assertThat(gateway.admin("/debug/decisions/" + id)).isEqualTo(decision);
      assertThat(ask(gateway.app.adminAddress(), "GET", "/debug/decisions/ask-9").statusCode())
          .isEqualTo(404);
    }
  }

  @Test
  void keys_are_asked_for_reloaded_and_never_shown_or_sent_on(@TempDir Path folder)
      throws Exception {
    var random = new SplittableRandom(1);
    Path file = folder.resolve("keys.yaml");
    Files.writeString(
        file,
        ApiKeys.entryFor("all", "sk-all", random)
            + ApiKeys.entryFor("some", "sk-some", random)
            + "  models: [\"other-*\"]\n");
    try (var gateway =
        TestGateway.of(1, flags -> flags.flag("--auth.keys-file", file.toString()))) {
      assertRefused(gateway.post(CHAT, chat("hello", 2, false)), 401, "invalid_api_key");
      assertRefused(
          gateway.post(CHAT, chat("hello", 2, false), "authorization", "Bearer sk-none"),
          401,
          "invalid_api_key");
      assertRefused(
          gateway.post(CHAT, chat("hello", 2, false), "authorization", "Bearer sk-some"),
          403,
          "model_not_allowed");
      assertRefused(gateway.get("/v1/models"), 401, "invalid_api_key");
      assertThat(gateway.get("/v1/models", "authorization", "Bearer sk-some").body())
          .doesNotContain("tiny");
      assertThat(gateway.get("/health").statusCode()).isEqualTo(200);
      assertThat(gateway.pod(0).stats().inferenceRequests()).isZero();

      var answer = gateway.post(CHAT, chat("hello", 2, false), "authorization", "Bearer sk-all");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(gateway.lastReceived(CHAT).headers().toString())
          .doesNotContain("sk-all")
          .doesNotContainIgnoringCase("authorization");

      Files.writeString(file, ApiKeys.entryFor("next", "sk-next", random));
      await()
          .until(
              () ->
                  gateway.get("/v1/models", "authorization", "Bearer sk-next").statusCode() == 200);
      assertRefused(
          gateway.get("/v1/models", "authorization", "Bearer sk-all"), 401, "invalid_api_key");
      assertThat(gateway.metric("penstock_config_reload_total{kind=\"keys\",}")).isEqualTo(1);

      Files.writeString(file, "- name: broken\n");
      await()
          .until(() -> gateway.metric("penstock_config_reload_failed_total{kind=\"keys\",}") == 1);
      assertThat(gateway.get("/v1/models", "authorization", "Bearer sk-next").statusCode())
          .isEqualTo(200);

      assertThat(gateway.admin("/config"))
          .contains("keys.yaml")
          .doesNotContain("sk-", "salt", "sha256");
      assertThat(gateway.admin("/debug/decisions")).doesNotContain("sk-");
    }
  }

  private static void assertRefused(HttpResponse<String> answer, int status, String code) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).contains("\"code\":\"" + code + "\"").doesNotContain("sk-");
    assertThat(answer.headers().firstValue("x-should-retry")).hasValue("false");
    assertThat(answer.headers().firstValue("www-authenticate").isPresent())
        .isEqualTo(status == 401);
  }

  @Test
  void a_post_drains_the_gateway() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.pre-stop", "0s"))) {
      var admin = gateway.app.adminAddress();
      assertThat(ask(admin, "GET", "/drain").statusCode()).isEqualTo(405);
      assertThat(ask(admin, "GET", "/readyz").statusCode()).isEqualTo(200);

      assertThat(ask(admin, "POST", "/drain").statusCode()).isEqualTo(202);

      assertThat(gateway.app.awaitDrained(Duration.ofSeconds(10))).isTrue();
      var ready = ask(admin, "GET", "/readyz");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body()).contains("\"reasons\":[\"draining\"]");
      assertThat(ask(admin, "GET", "/livez").statusCode()).isEqualTo(200);
    }
  }
}
