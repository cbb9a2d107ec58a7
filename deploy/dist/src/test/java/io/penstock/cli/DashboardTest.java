package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.reconcile.ReconcileMetrics;
import io.penstock.controller.reconcile.ServiceCounts;
import io.penstock.picker.app.PickerApp;
import io.penstock.picker.app.PickerPool;
import io.penstock.picker.app.PickerSettings;
import io.penstock.picker.discovery.EndpointAddress;
import io.penstock.picker.discovery.StaticSource;
import io.penstock.picker.extproc.ExtProcSettings;
import io.penstock.picker.extproc.tls.TlsChoice;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.ModelRule;
import io.penstock.proxy.app.GatewayApp;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * What {@code deploy/dashboards} and {@code deploy/alerts.yaml} ask for is what a gateway, a picker
 * and a controller that run have, by name, label and value.
 */
class DashboardTest {

  private static final Path DEPLOY = Path.of("..");
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Labels that Prometheus adds to what it scrapes, and the bound of a bucket. */
  private static final Set<String> ADDED = Set.of("instance", "job", "le");

  /** Values that only trouble brings, and that no page has while all is well. */
  private static final Map<String, Set<String>> TROUBLE = Map.of("status", Set.of("failure"));

  private static final SeriesPage PAGES = new SeriesPage();
  private static Fleet fleet;

  @BeforeAll
  static void scrape() throws Exception {
    fleet = Fleet.of(PodConfig.builder().build(), PodConfig.builder().build());
    gateway();
    picker();
    controller();
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  private static void gateway() throws Exception {
    var sources =
        ConfigSources.builder()
            .listen("127.0.0.1:0")
            .admin("127.0.0.1:0")
            .endpoints(fleet.pod(0).hostPort())
            .endpoints(Role.PREFILL, fleet.pod(1).hostPort())
            .shadow("llm-d-default")
            .shadowSample("1")
            .flag("--log.access", "false")
            .flag("--replicas.redis", "redis://127.0.0.1:1")
            .flag("--tracing.endpoint", "http://127.0.0.1:1/v1/traces");
    var loaded = (LoadResult.Loaded) GatewayConfigLoader.load(sources.build());
    try (var app = GatewayApp.start(loaded, "test");
        var http = HttpClient.newHttpClient()) {
      await().until(app::ready);
      var base = "http://127.0.0.1:" + app.address().getPort();
      var body =
          """
          {"model":"tiny","messages":[{"role":"user","content":"hello"}],"max_tokens":3,"stream":true,
           "stream_options":{"include_usage":true}}""";
      for (int i = 0; i < 3; i++) {
        var answer =
            http.send(
                HttpRequest.newBuilder(URI.create(base + "/v1/chat/completions"))
                    .header("content-type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      }
      var admin = "http://127.0.0.1:" + app.adminAddress().getPort();
      await().until(() -> get(http, admin + "/debug/quality").contains("\"sampled\":3"));
      PAGES.add(get(http, admin + "/metrics"));
    }
  }

  private static void picker() throws Exception {
    var address = fleet.pod(0).hostPort().split(":", 2);
    var source =
        new StaticSource(
            List.of(
                new EndpointAddress(
                    address[0], Integer.parseInt(address[1]), Role.BOTH, Map.of())));
    var free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var settings =
        new PickerSettings(
            List.of(new PickerPool("pods", Set.of("tiny"), surroundings -> source)),
            free,
            free,
            free,
            new TlsChoice.Plaintext(),
            ExtProcSettings.defaults(),
            ModelRule.PREFERRED,
            Optional.empty(),
            Duration.ofMillis(50),
            Duration.ZERO,
            Duration.ofMinutes(1),
            new PickerSettings.Build("0123abc", "1.0"),
            () -> true);
    try (var app = PickerApp.start(settings);
        var http = HttpClient.newHttpClient()) {
      await().until(app::ready);
      ExtProcRequest.send(app.address());
      var page = "http://127.0.0.1:" + app.metricsAddress().getPort() + "/metrics";
      await().until(() -> get(http, page).contains("scheduler_attempts_total{status"));
      PAGES.add(get(http, page));
    }
  }

  private static void controller() throws Exception {
    var registry = new CollectorRegistry();
    var service =
        (ObjectNode)
            JSON.readTree(
                """
                {"status":{"phase":"Ready","conditions":[{"type":"Ready","status":"False"}]}}""");
    var stopped = service.deepCopy();
    stopped.withObject("/status").put("phase", "Stopped");
    var _ = new ReconcileMetrics(registry);
    registry.register(
        new Collector() {
          @Override
          public List<MetricFamilySamples> collect() {
            return ServiceCounts.count(List.of(service, stopped));
          }
        });
    DefaultExports.register(registry);
    var page = new StringWriter();
    TextFormat.write004(page, registry.metricFamilySamples());
    PAGES.add(page.toString());
  }

  private static String get(HttpClient http, String uri) throws IOException, InterruptedException {
    return http.send(
            HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** Labels of counters that have no series before the first of their events. */
  private static final Map<String, Set<String>> LATER =
      Map.of(
          "penstock_controller_writes_total", Set.of("kind", "verb"),
          "penstock_controller_render_failures_total", Set.of("reason"));

  private static void check(String where, String text) {
    var query = PromQuery.of(text);
    assertThat(query.selectors()).as("%s: %s", where, text).isNotEmpty();
    for (var selector : query.selectors()) {
      var metric = selector.metric();
      if (LATER.containsKey(metric)) {
        continue;
      }
      assertThat(PAGES.has(metric)).as("%s: nobody has %s (%s)", where, metric, text).isTrue();
      for (var matcher : selector.matchers()) {
        var values = PAGES.labels(metric).get(matcher.label());
        assertThat(values)
            .as("%s: %s has no label %s (%s)", where, metric, matcher.label(), text)
            .isNotNull();
        if (!matcher.value().contains("$")) {
          var trouble = TROUBLE.getOrDefault(matcher.label(), Set.of());
          for (var value : matcher.value().split("\\|", -1)) {
            assertThat(values.contains(value) || trouble.contains(value) || isNegated(matcher))
                .as("%s: %s has no %s=%s (%s)", where, metric, matcher.label(), value, text)
                .isTrue();
          }
        }
      }
    }
    for (var label : query.grouping()) {
      assertThat(ADDED.contains(label) || labels(query).contains(label))
          .as("%s: nothing has the label %s (%s)", where, label, text)
          .isTrue();
    }
  }

  private static boolean isNegated(PromQuery.Matcher matcher) {
    return matcher.operator().startsWith("!");
  }

  private static Set<String> labels(PromQuery query) {
    Set<String> labels = new HashSet<>();
    for (var selector : query.selectors()) {
      labels.addAll(PAGES.labels(selector.metric()).keySet());
      labels.addAll(LATER.getOrDefault(selector.metric(), Set.of()));
    }
    return labels;
  }

  private static Map<String, JsonNode> boards() throws IOException {
    Map<String, JsonNode> boards = new LinkedHashMap<>();
    try (var files = Files.list(DEPLOY.resolve("dashboards"))) {
      for (var file : files.sorted().toList()) {
        boards.put(file.getFileName().toString(), JSON.readTree(Files.readString(file)));
      }
    }
    return boards;
  }

  @Test
  void every_query_of_a_board_finds_series() throws Exception {
    assertThat(boards().keySet())
        .containsExactly(
            "controller.json",
            "disaggregation.json",
            "gateway-overview.json",
            "pods.json",
            "routing-quality.json",
            "saturation.json");
    int queries = 0;
    for (var board : boards().entrySet()) {
      for (var panel : board.getValue().get("panels")) {
        for (var target : panel.path("targets")) {
          check(board.getKey() + ", " + panel.get("title").asText(), target.get("expr").asText());
          queries++;
        }
      }
      for (var variable : board.getValue().at("/templating/list")) {
        var query = variable.at("/query/query").asText();
        var found = Pattern.compile("label_values\\((.*), *([a-z_]+)\\)").matcher(query);
        if (found.matches()) {
          var selector = PromQuery.of(found.group(1)).selectors().getFirst();
          check(board.getKey() + ", " + variable.get("name").asText(), found.group(1));
          assertThat(PAGES.labels(selector.metric())).containsKey(found.group(2));
        }
      }
    }
    assertThat(queries).isGreaterThan(90);
  }

  @Test
  void every_legend_is_of_labels_that_its_query_leaves() throws Exception {
    for (var board : boards().entrySet()) {
      for (var panel : board.getValue().get("panels")) {
        for (var target : panel.path("targets")) {
          var query = PromQuery.of(target.get("expr").asText());
          Pattern.compile("\\{\\{(\\w+)}}")
              .matcher(target.get("legendFormat").asText())
              .results()
              .forEach(
                  label ->
                      assertThat(
                              query.grouping().contains(label.group(1))
                                  || (query.grouping().stream().allMatch("instance"::equals)
                                      && (ADDED.contains(label.group(1))
                                          || labels(query).contains(label.group(1)))))
                          .as("%s: %s", target.get("expr").asText(), label.group())
                          .isTrue());
        }
      }
    }
  }

  @Test
  void every_board_is_one_that_grafana_opens_anywhere() throws Exception {
    List<String> uids = new ArrayList<>();
    for (var board : boards().entrySet()) {
      var json = board.getValue();
      var name = board.getKey();
      uids.add(json.get("uid").asText());
      assertThat(json.get("schemaVersion").asInt()).as(name).isGreaterThanOrEqualTo(36);
      assertThat(json.get("title").asText()).as(name).startsWith("Penstock / ");
      assertThat(json.at("/templating/list/0/type").asText()).as(name).isEqualTo("datasource");
      Set<Integer> ids = new HashSet<>();
      Set<Long> cells = new HashSet<>();
      Set<String> variables = new HashSet<>();
      json.at("/templating/list").forEach(each -> variables.add(each.get("name").asText()));
      for (var panel : json.get("panels")) {
        var as = name + ", " + panel.get("title").asText();
        assertThat(ids.add(panel.get("id").asInt())).as(as).isTrue();
        var at = panel.get("gridPos");
        assertThat(at.get("x").asInt() + at.get("w").asInt()).as(as).isLessThanOrEqualTo(24);
        for (int x = at.get("x").asInt(); x < at.get("x").asInt() + at.get("w").asInt(); x++) {
          for (int y = at.get("y").asInt(); y < at.get("y").asInt() + at.get("h").asInt(); y++) {
            assertThat(cells.add(1000L * y + x)).as("%s lies over another", as).isTrue();
          }
        }
        if (panel.get("type").asText().equals("row")) {
          continue;
        }
        assertThat(panel.at("/datasource/uid").asText()).as(as).isEqualTo("${datasource}");
        assertThat(panel.at("/fieldConfig/defaults/unit").asText()).as(as).isNotEmpty();
        for (var target : panel.get("targets")) {
          assertThat(target.get("legendFormat").asText()).as(as).isNotEmpty();
          Pattern.compile("\\$([a-z]+)\\b")
              .matcher(target.get("expr").asText())
              .results()
              .forEach(used -> assertThat(variables).as(as).contains(used.group(1)));
        }
      }
    }
    assertThat(uids).doesNotHaveDuplicates();
  }

  @Test
  void every_alert_finds_series_and_says_what_to_do() throws Exception {
    var yaml = Files.readString(DEPLOY.resolve("alerts.yaml"));
    var groups = JSON.valueToTree(new Load(LoadSettings.builder().build()).loadFromString(yaml));
    List<String> names = new ArrayList<>();
    for (var group : groups.get("groups")) {
      for (var rule : group.get("rules")) {
        var name = rule.get("alert").asText();
        names.add(name);
        check(name, rule.get("expr").asText());
        assertThat(rule.at("/labels/severity").asText()).as(name).isIn("page", "ticket");
        assertThat(rule.at("/annotations/summary").asText()).as(name).isNotEmpty();
        assertThat(rule.at("/annotations/description").asText()).as(name).endsWith(".");
        var query = PromQuery.of(rule.get("expr").asText());
        Pattern.compile("\\$labels\\.(\\w+)")
            .matcher(rule.get("annotations").toString())
            .results()
            .forEach(
                label ->
                    assertThat(
                            query.grouping().isEmpty() || query.grouping().contains(label.group(1)))
                        .as("%s: %s", name, label.group())
                        .isTrue());
      }
    }
    assertThat(names).hasSizeGreaterThan(20).doesNotHaveDuplicates();
  }

  @Test
  void a_query_of_what_nobody_has_is_found_out() {
    for (var wrong :
        List.of(
            "sum(rate(penstock_requests_acepted_total[5m]))",
            "sum(penstock_requests_completed_total{modell=\"tiny\"})",
            "sum by (modell) (penstock_requests_completed_total)",
            "penstock_requests_rejected_total{reason=~\"saturated|full\"}")) {
      assertThatThrownBy(() -> check("test", wrong)).isInstanceOf(AssertionError.class);
    }
  }
}
