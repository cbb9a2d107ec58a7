package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.metrics.AccessLog;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** One line of JSON per request, whatever became of it. */
class AccessLogTest {

  private static final String CHAT = "/v1/chat/completions";

  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(AccessLog.LOGGER);
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          lines.add(event.getFormattedMessage());
        }
      };

  @BeforeEach
  void listen() {
    appender.start();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(appender);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(appender);
    logger.setLevel(null);
    logger.setAdditive(true);
  }

  private static TestGateway gateway() throws IOException {
    return TestGateway.of(2, flags -> flags.flag("--log.access", "true"));
  }

  /** The members of line i, which must be one flat JSON object without doubles. */
  private Map<String, String> line(int i) throws IOException {
    await().until(() -> lines.size() > i);
    Map<String, String> members = new LinkedHashMap<>();
    try (var json = new JsonFactory().createParser(lines.get(i))) {
      assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        assertThat(json.nextToken().isScalarValue()).as(name).isTrue();
        assertThat(members.put(name, json.getText())).as(name).isNull();
      }
      assertThat(json.currentToken()).isEqualTo(JsonToken.END_OBJECT);
      assertThat(json.nextToken()).isNull();
    }
    return members;
  }

  @Test
  void an_answered_request_has_its_times_pod_and_tokens() throws Exception {
    try (var gateway = gateway()) {
      gateway.post(
          CHAT + "?key=secret",
          chat("the prompt", 5, false),
          "x-request-id",
          "ask-1",
          "user-agent",
          "a \"quoted\" agent",
          "authorization",
          "Bearer sk-secret");

      var line = line(0);
      assertThat(line)
          .containsEntry("request.id", "ask-1")
          .containsEntry("outcome", "completed")
          .containsEntry("http.method", "POST")
          .containsEntry("http.path", CHAT)
          .containsEntry("http.version", "1.1")
          .containsEntry("http.status", "200")
          .containsEntry("user_agent", "a \"quoted\" agent")
          .containsEntry("pool", "default")
          .containsEntry("attempts", "1")
          .containsEntry("stream", "false")
          .containsEntry("gen_ai.operation.name", "chat")
          .containsEntry("gen_ai.request.model", "tiny")
          .containsEntry("gen_ai.usage.output_tokens", "5")
          .doesNotContainKey("reason");
      assertThat(line)
          .containsKeys(
              "duration_ms",
              "body_ms",
              "queue_ms",
              "pick_ms",
              "connect_ms",
              "ttft_ms",
              "decision.id");
      assertThat(Double.parseDouble(line.get("connect_ms"))).isNotNegative();
      assertThat(lines.getFirst()).doesNotContain("the prompt", "secret");
    }
  }

  @Test
  void a_request_that_a_rule_sends_to_another_model_has_both_names(@TempDir Path folder)
      throws Exception {
    var fleet = Fleet.builder().build();
    fleet.start(PodConfig.builder().seed(1).build());
    var file = folder.resolve("gateway.yaml");
    Files.writeString(
        file,
        """
        pools:
          - name: tiny
            discovery: {static: {endpoints: [{address: "%s"}]}}
            modelRewrites:
              - name: canary
                rules:
                  - matches: [{model: {value: chat}}]
                    targets: [{modelRewrite: tiny}]
        """
            .formatted(fleet.pod(0).hostPort()));
    try (var gateway =
        TestGateway.over(fleet, ConfigSources.builder().file(file).flag("--log.access", "true"))) {
      gateway.post(CHAT, chat("hello", 1, false).replace("tiny", "chat"));
      assertThat(line(0))
          .containsEntry("http.status", "200")
          .containsEntry("gen_ai.request.model", "chat")
          .containsEntry("gen_ai.response.model", "tiny");

      gateway.post(CHAT, chat("hello", 1, false));
      assertThat(line(1))
          .containsEntry("http.status", "200")
          .containsEntry("gen_ai.request.model", "tiny")
          .doesNotContainKey("gen_ai.response.model");
    }
  }

  @Test
  void every_way_to_end_has_its_line() throws Exception {
    try (var gateway = gateway()) {
      gateway.post(CHAT, "{\"model\":\"no\\nne\u00e9\",\"messages\":[]}");
      assertThat(line(0))
          .containsEntry("outcome", "rejected")
          .containsEntry("reason", "model_not_found")
          .containsEntry("http.status", "404")
          .containsEntry("gen_ai.request.model", "no\nne\u00e9")
          .doesNotContainKeys("endpoint", "connect_ms");

      for (int i = 0; i < 2; i++) {
        gateway.pod(i).faults().add(new Fault.DieInEvent(1));
      }
      gateway.exchange(TestGateway.request(CHAT, chat("hello", 5, true)));
      assertThat(line(1))
          .containsEntry("outcome", "failed")
          .containsEntry("reason", "upstream_reset")
          .containsEntry("http.status", "200")
          .containsEntry("stream", "true");

      for (int i = 0; i < 2; i++) {
        gateway.pod(i).faults().set(new Fault.StallBeforeHead());
      }
      try (var client = Http2Client.of(gateway)) {
        client.post(CHAT, chat("hello", 5, true));
        await().until(() -> gateway.app.conservation().inFlight() == 1);
      }
      assertThat(line(2))
          .containsEntry("outcome", "client_cancelled")
          .containsEntry("reason", "client_closed_request")
          .containsEntry("http.status", "499")
          .containsEntry("http.version", "2");

      gateway.exchange("no http\r\n\r\n");
      assertThat(line(3))
          .containsEntry("outcome", "rejected")
          .containsEntry("reason", "malformed_request");
      assertThat(lines).hasSize(4);
    }
  }

  /** Nobody else was there to ask, which takes no time from the pod that answered. */
  @Test
  void an_error_of_the_only_pod_has_the_times_of_any_answer() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--log.access", "true"))) {
      gateway.pod(0).faults().add(new Fault.AnswerStatus(500, -1), 1);
      gateway.post(CHAT, chat("hello", 5, false));

      assertThat(line(0))
          .containsEntry("http.status", "500")
          .containsKeys("queue_ms", "pick_ms", "connect_ms");
    }
  }

  @Test
  void an_error_of_a_pod_behind_keep_alive_comments_is_the_answer_that_it_is() throws Exception {
    var comment = new CountDownLatch(1);
    try (var pod =
            new BytePod(
                (gateway, request) -> {
                  comment.await();
                  TestGateway.send(
                      gateway,
                      BytePod.json("400 Bad Request", "{\"error\":{\"message\":\"too long\"}}"));
                });
        var gateway =
            TestGateway.before(
                pod,
                flags -> flags.flag("--log.access", "true").flag("--sse.keep-alive", "100ms"));
        var socket = gateway.connect()) {
      TestGateway.send(socket, TestGateway.request(CHAT, chat("hello", 5, true)));
      TestGateway.readTo(socket, ": keep-alive\n\n");
      comment.countDown();

      assertThat(line(0))
          .containsEntry("outcome", "completed")
          .containsEntry("http.status", "400")
          .containsEntry("endpoint", pod.address())
          .doesNotContainKey("reason");
    }
  }

  @Test
  void of_what_went_well_a_share_is_logged_and_all_of_the_rest() throws Exception {
    try (var gateway =
        TestGateway.of(
            2, flags -> flags.flag("--log.access", "true").flag("--log.sample-successes", "0.5"))) {
      for (int i = 0; i < 60; i++) {
        gateway.post(CHAT, chat("hello", 1, false), "x-request-id", "ask-" + i);
        gateway.post(CHAT, chat("hello", 1, false).replace("tiny", "none"));
      }
      gateway.assertQuiet();

      assertThat(lines).filteredOn(line -> line.contains("\"rejected\"")).hasSize(60);
      var well = lines.stream().filter(line -> line.contains("\"completed\"")).toList();
      assertThat(well).hasSizeBetween(15, 45);

      int before = lines.size();
      for (int i = 0; i < 60; i++) {
        gateway.post(CHAT, chat("hello", 1, false), "x-request-id", "ask-" + i);
      }
      gateway.assertQuiet();
      assertThat(lines).as("the same ids again").hasSize(before + well.size());
    }
  }

  @Test
  void the_page_has_every_field_and_no_other() throws Exception {
    var page = Files.readString(Path.of("../docs/access-log.md"));
    var table =
        page.lines()
            .filter(line -> line.startsWith("| `"))
            .map(line -> line.substring(3, line.indexOf('`', 3)))
            .toList();
    var source =
        Files.readString(Path.of("src/main/java/io/penstock/proxy/metrics/AccessLog.java"));
    var written =
        Pattern.compile("(?:text|number|millis)\\(line, \"([^\"]+)\"|\\\\\"([a-z_.]+)\\\\\":")
            .matcher(source)
            .results()
            .map(found -> found.group(1) == null ? found.group(2) : found.group(1))
            .distinct()
            .toList();

    assertThat(written).contains("time", "msg", "request.id", "prefix.match_ratio", "stream");
    assertThat(table).containsExactlyInAnyOrderElementsOf(written);
  }

  @Test
  void a_line_has_only_fields_of_the_page() throws Exception {
    var page = Files.readString(Path.of("../docs/access-log.md"));
    try (var pods = DividedPods.with().flags(flags -> flags.flag("--log.access", "true")).start()) {
      pods.gateway.post(
          CHAT,
          chat("so many words ".repeat(50), 5, true),
          "traceparent",
          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          "x-stainless-retry-count",
          "1");

      assertThat(line(0).keySet()).allMatch(name -> page.contains("| `" + name + "` |"));
      assertThat(line(0))
          .containsEntry("trace.id", "0af7651916cd43dd8448eb211c80319c")
          .containsKeys("prefill.endpoint", "prefill_ms", "client.retry_count", "ttft_ms");
    }
  }

  @Test
  void every_jq_example_works_on_lines_of_the_log() throws Exception {
    var page = Files.readString(Path.of("../docs/access-log.md"));
    var examples =
        Pattern.compile("```sh\n(jq .*?)\n```", Pattern.DOTALL)
            .matcher(page)
            .results()
            .map(found -> found.group(1))
            .toList();
    assertThat(examples).hasSizeGreaterThan(5);
    var names =
        Pattern.compile("\\.\"([a-z_.]+)\"|[(\\[ ]\\.([a-z_]+)")
            .matcher(String.join("\n", examples))
            .results()
            .map(found -> found.group(1) == null ? found.group(2) : found.group(1))
            .toList();
    assertThat(names).isNotEmpty().allMatch(name -> page.contains("| `" + name + "` |"));
    if (!jq("--version").isEmpty()) {
      run(examples);
    }
  }

  private void run(List<String> examples) throws Exception {
    try (var gateway = gateway()) {
      for (int i = 0; i < 4; i++) {
        gateway.post(CHAT, chat("hello " + i, 5, true), "x-request-id", "ask-" + i);
      }
      gateway.post(CHAT, chat("hello", 1, false).replace("tiny", "none"));
      gateway.assertQuiet();
    }
    var log = Files.createTempFile("access", ".log");
    try {
      Files.writeString(log, String.join("\n", lines) + "\n");
      for (var example : examples) {
        var shell = example.replace("access.log", log.toString()).replace("REQUEST_ID", "ask-1");
        var process = new ProcessBuilder("sh", "-c", shell).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as("%s: %s", shell, said).isZero();
        assertThat(said).as(shell).isNotBlank().doesNotContain("error");
      }
    } finally {
      Files.delete(log);
    }
  }

  private static String jq(String argument) throws Exception {
    try {
      var process = new ProcessBuilder("jq", argument).start();
      return new String(process.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException absent) {
      return "";
    }
  }
}
