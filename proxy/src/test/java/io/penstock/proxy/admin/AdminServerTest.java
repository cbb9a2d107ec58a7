package io.penstock.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.penstock.proxy.metrics.PrometheusPage;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The admin and health listeners over real sockets, in front of a view of the test's own. */
class AdminServerTest {

  /** A view whose answers the test sets. */
  private static final class TestView implements AdminView {
    final AtomicInteger drains = new AtomicInteger();
    final AtomicInteger turns = new AtomicInteger();
    volatile Readiness readiness = new Readiness(false, List.of(new Check("pool a", true, "")));
    volatile boolean failing;

    @Override
    public Readiness readiness() {
      return readiness;
    }

    @Override
    public String config() {
      if (failing) {
        throw new IllegalStateException("on purpose");
      }
      return "{\"c\":1}";
    }

    @Override
    public String endpoints() {
      return "[{\"e\":1}]";
    }

    @Override
    public String rules() {
      return "[{\"r\":1}]";
    }

    @Override
    public @Nullable String endpoint(String id) {
      return id.equals("10.0.0.1:8000") ? "{\"e\":2}" : null;
    }

    @Override
    public String decisions(DecisionQuery query, int limit) {
      return query.equals(DecisionQuery.ANY) ? "[" + limit + "]" : "[\"" + query + "\"]";
    }

    @Override
    public @Nullable String decision(String id, @Nullable String pool) {
      return id.equals("a/b")
          ? "{\"d\":1" + (pool == null ? "" : ",\"in\":\"" + pool + "\"") + "}"
          : null;
    }

    @Override
    public LiveFeed feed(DecisionQuery query) {
      return () -> {
        if (failing) {
          throw new IllegalStateException("on purpose");
        }
        return "event: turn\ndata: " + query.model() + " " + turns.incrementAndGet() + "\n\n";
      };
    }

    @Override
    public String quality() {
      return "{\"q\":1}";
    }

    @Override
    public void drain() {
      drains.incrementAndGet();
    }
  }

  private final TestView view = new TestView();
  private final CollectorRegistry registry = new CollectorRegistry();
  private final HttpClient http = HttpClient.newHttpClient();
  private MultiThreadIoEventLoopGroup loops;
  private ExecutorService executor;
  private AdminServer admin;
  private AdminServer health;

  @BeforeEach
  void start() throws IOException {
    loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    executor = Executors.newVirtualThreadPerTaskExecutor();
    Counter.build("penstock_test_total", "A counter.").register(registry).inc(3);
    admin = listen(AdminServer.Scope.ADMIN);
    health = listen(AdminServer.Scope.HEALTH);
  }

  @AfterEach
  void stop() {
    admin.close();
    health.close();
    executor.close();
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private AdminServer listen(AdminServer.Scope scope) throws IOException {
    return AdminServer.start(
        loops,
        NioServerSocketChannel.class,
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        scope,
        view,
        registry,
        executor);
  }

  private HttpResponse<String> ask(AdminServer server, String method, String path)
      throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.address().getPort() + path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private String raw(String bytes) throws IOException {
    try (var socket = new Socket(admin.address().getAddress(), admin.address().getPort())) {
      socket.setSoTimeout(15_000);
      socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/livez | text/plain; charset=utf-8 | ok",
        "/readyz | text/plain; charset=utf-8 | ok",
        "/config | application/json | {\"c\":1}",
        "/debug/endpoints | application/json | [{\"e\":1}]",
        "/debug/rules | application/json | [{\"r\":1}]",
        "/debug/decisions | application/json | [100]",
        "/debug/quality | application/json | {\"q\":1}",
        "/debug/decisions?limit=7 | application/json | [7]",
        "/debug/decisions?x=1&limit=7 | application/json | [7]",
        "/debug/decisions?limit=99999 | application/json | [1000]",
        "/debug/decisions?limit=0 | application/json | [1]",
        "/debug/decisions?limit=x | application/json | [100]",
        "/debug/decisions/a%2Fb | application/json | {\"d\":1}",
        "/debug/decisions/a%2Fb?pool=p | application/json | {\"d\":1,\"in\":\"p\"}",
        "/debug/endpoints/10.0.0.1%3A8000 | application/json | {\"e\":2}",
        "/debug/endpoints/10.0.0.1:8000 | application/json | {\"e\":2}"
      })
  void people_get_pages(String path, String type, String body) throws Exception {
    var answer = ask(admin, "GET", path);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type")).hasValue(type);
    assertThat(answer.headers().firstValue("cache-control")).hasValue("no-store");
    assertThat(answer.body().strip()).isEqualTo(body);
  }

  @Test
  void the_metrics_page_is_prometheus_text() throws Exception {
    for (var server : List.of(admin, health)) {
      var answer = ask(server, "GET", "/metrics");
      assertThat(answer.headers().firstValue("content-type").orElseThrow())
          .startsWith("text/plain; version=0.0.4");
      assertThat(PrometheusPage.parse(answer.body()).value("penstock_test_total")).isEqualTo(3);
    }
  }

  @Test
  void the_root_lists_the_paths() throws Exception {
    assertThat(ask(admin, "GET", "/").body())
        .contains("/livez", "/readyz", "/metrics", "/config", "POST /drain");
  }

  @Test
  void readiness_says_what_is_missing() throws Exception {
    view.readiness =
        new AdminView.Readiness(
            true,
            List.of(
                new AdminView.Check("pool a", true, ""),
                new AdminView.Check("pool \"b\"", false, "no_endpoints")));

    var answer = ask(health, "GET", "/readyz");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body().strip())
        .isEqualTo("{\"ready\":false,\"reasons\":[\"draining\",\"no_endpoints\"]}");
    assertThat(ask(admin, "GET", "/readyz?verbose").body())
        .contains("{\"name\":\"pool \\\"b\\\"\",\"passes\":false,\"reason\":\"no_endpoints\"}");
    assertThat(ask(admin, "GET", "/livez").statusCode()).isEqualTo(200);

    view.readiness = new AdminView.Readiness(false, List.of());
    assertThat(ask(admin, "GET", "/readyz?verbose").statusCode()).isEqualTo(200);
  }

  @Test
  void decisions_are_asked_for_by_what_they_are() throws Exception {
    assertThat(
            ask(
                    admin,
                    "GET",
                    "/debug/decisions?model=m%2F1&tenant=t&outcome=failed&request=r&endpoint=e&pool=p")
                .body())
        .contains(new DecisionQuery("p", "m/1", "t", "failed", "r", "e").toString());
    for (var path : List.of("/debug/decisions", "/debug/decisions/stream", "/debug/decisions/x")) {
      assertThat(raw("GET " + path + "?model=%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 400");
    }
  }

  @Test
  void a_browser_gets_the_live_page_and_its_files_and_may_load_nothing_else() throws Exception {
    var page =
        raw(
            "GET / HTTP/1.1\r\nhost: x\r\naccept: text/html,*/*;q=0.8\r\nconnection: close\r\n\r\n");
    assertThat(page)
        .startsWith("HTTP/1.1 200")
        .contains("content-type: text/html", "frame-ancestors 'none'", "<!doctype html>")
        .contains("default-src 'none'; script-src 'self'; style-src 'self'");
    var named = Pattern.compile("(?:src|href)=\"(/[^\"#]+)\"").matcher(page);
    var paths = named.results().map(match -> match.group(1)).distinct().toList();
    assertThat(paths).contains("/page/app.js", "/page/style.css");
    for (var path : paths) {
      assertThat(ask(admin, "GET", path).statusCode()).as(path).isEqualTo(200);
    }
    var script = ask(admin, "GET", "/page/app.js");
    assertThat(script.headers().firstValue("content-type"))
        .hasValue("text/javascript; charset=utf-8");
    var imports = Pattern.compile("from '\\./([a-z.]+)'").matcher(script.body());
    assertThat(imports.results().map(match -> match.group(1)))
        .contains("flow.js")
        .allSatisfy(
            file -> assertThat(ask(admin, "GET", "/page/" + file).statusCode()).isEqualTo(200));
    for (var path : List.of("/page/", "/page/x.js", "/page/../AdminPages.class", "/page")) {
      assertThat(ask(admin, "GET", path).statusCode()).as(path).isEqualTo(404);
    }
  }

  @Test
  void a_page_hears_the_stream_turn_by_turn() throws Exception {
    var before = view.turns.get();
    try (var socket = stream("?model=m")) {
      var lines = socket.getInputStream();
      var heard = new StringBuilder();
      for (int c = lines.read();
          c >= 0 && !heard.toString().contains("m " + (before + 3));
          c = lines.read()) {
        heard.append((char) c);
      }
      assertThat(heard)
          .contains("content-type: text/event-stream", "transfer-encoding: chunked")
          .contains("event: turn", "data: m " + (before + 1), "data: m " + (before + 2));
    }
  }

  private Socket stream(String query) throws IOException {
    var socket = new Socket(admin.address().getAddress(), admin.address().getPort());
    socket.setSoTimeout(15_000);
    socket
        .getOutputStream()
        .write(
            ("GET /debug/decisions/stream" + query + " HTTP/1.1\r\nhost: x\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
    return socket;
  }

  @Test
  void no_more_than_sixteen_pages_are_fed_and_one_that_leaves_makes_room() throws Exception {
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < 16; i++) {
        var socket = stream("");
        open.add(socket);
        assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.ISO_8859_1))
            .isEqualTo("HTTP/1.1 200");
      }
      assertThat(ask(admin, "GET", "/debug/decisions/stream").statusCode()).isEqualTo(503);
      open.removeLast().close();
      await()
          .untilAsserted(
              () -> {
                try (var socket = stream("")) {
                  assertThat(socket.getInputStream().readNBytes(12))
                      .isEqualTo("HTTP/1.1 200".getBytes(StandardCharsets.ISO_8859_1));
                }
              });
    } finally {
      for (var socket : open) {
        socket.close();
      }
    }
  }

  @Test
  void a_stream_whose_feed_fails_ends_and_one_that_is_asked_for_more_too() throws Exception {
    view.failing = true;
    try (var socket = stream("")) {
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
          .startsWith("HTTP/1.1 200")
          .doesNotContain("event:");
    }
    view.failing = false;
    try (var socket = stream("")) {
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
      assertThat(socket.getInputStream().readAllBytes()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/page/app.js",
        "/debug/decisions/stream",
        "/",
        "/config",
        "/debug/endpoints",
        "/debug/decisions",
        "/drain",
        "/x"
      })
  void the_health_listener_has_its_three_pages_only(String path) throws Exception {
    for (var method : List.of("GET", "POST")) {
      assertThat(ask(health, method, path).statusCode()).isEqualTo(404);
    }
    assertThat(view.drains).hasValue(0);
    for (var page : List.of("/livez", "/readyz", "/metrics")) {
      assertThat(ask(health, "GET", page).statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /livez, GET",
    "DELETE, /readyz, GET",
    "POST, /metrics, GET",
    "PUT, /config, GET",
    "POST, /debug/decisions/x, GET",
    "POST, /debug/decisions/stream, GET",
    "POST, /page/app.js, GET",
    "GET, /drain, POST"
  })
  void another_method_is_405_with_the_one_that_is_taken(String method, String path, String allow)
      throws Exception {
    var answer = ask(admin, method, path);
    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("allow")).hasValue(allow);
    assertThat(view.drains).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/none", "/livez/", "/LIVEZ", "/debug", "/debug/decisions/none", "/drain/x"})
  void what_is_not_there_is_404(String path) throws Exception {
    assertThat(ask(admin, "GET", path).statusCode()).isEqualTo(404);
  }

  @Test
  void drain_is_a_post_that_no_web_page_can_make() throws Exception {
    String foreign =
        raw("POST /drain HTTP/1.1\r\norigin: http://evil\r\nconnection: close\r\n\r\n");
    assertThat(foreign).startsWith("HTTP/1.1 403");
    assertThat(view.drains).hasValue(0);

    var answer = ask(admin, "POST", "/drain");
    assertThat(answer.statusCode()).isEqualTo(202);
    assertThat(answer.body()).contains("\"draining\":true");
    assertThat(view.drains).hasValue(1);
  }

  @Test
  void an_answer_to_head_has_the_length_and_no_body() throws Exception {
    for (var path : List.of("/livez", "/config")) {
      String answers = raw("HEAD " + path + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
      assertThat(answers).startsWith("HTTP/1.1 200").endsWith("\r\n\r\n");
      assertThat(answers).containsPattern("content-length: [1-9]");
    }
  }

  @Test
  void a_page_that_fails_is_500_and_the_connection_goes_on() throws Exception {
    view.failing = true;
    var failed = ask(admin, "GET", "/config");
    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).doesNotContain("on purpose");
    view.failing = false;
    assertThat(ask(admin, "GET", "/config").statusCode()).isEqualTo(200);
  }

  @Test
  void what_is_no_request_closes_the_connection() throws Exception {
    assertThat(raw("hello\r\n\r\n")).startsWith("HTTP/1.1 400");
    assertThat(
            raw(
                "POST /drain HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
                    + "content-length: 5000\r\n\r\n"
                    + "x".repeat(5_000)))
        .startsWith("HTTP/1.1 413");
    assertThat(view.drains).hasValue(0);
  }
}
