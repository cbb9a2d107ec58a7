package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.app.GatewayApp;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import io.penstock.proxy.openai.ApiKeys;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real openai-python SDK, with its own retries, against the gateway. */
@Tag("openai")
class OpenAiSdkIT {

  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));
  private static String python;

  private Fleet fleet;
  private GatewayApp app;

  @BeforeAll
  static void bringUpTheSdk() throws Exception {
    var up = run(List.of(ROOT.resolve("deploy/kit/openai-up").toString()), Duration.ofMinutes(5));
    boolean required = String.valueOf(System.getenv("PENSTOCK_REQUIRE")).contains("openai");
    if (!required) {
      assumeThat(up.status).as("deploy/kit/openai-up: " + up.output).isZero();
    }
    assertThat(up.status).as(up.output).isZero();
    python = up.output.strip().lines().reduce((first, last) -> last).orElseThrow();
  }

  @BeforeEach
  void start() throws Exception {
    fleet = Fleet.builder().build();
    for (int i = 0; i < 3; i++) {
      fleet.start(PodConfig.builder().models("tiny").embeddings(true).seed(1).build());
    }
    app = gateway(ConfigSources.builder());
  }

  private GatewayApp gateway(ConfigSources.Builder sources) throws IOException {
    var loaded =
        (LoadResult.Loaded)
            GatewayConfigLoader.load(
                sources
                    .listen("127.0.0.1:0")
                    .admin("127.0.0.1:0")
                    .flag("--log.access", "false")
                    .flag("--limits.request-body", "64KiB")
                    .endpoints(
                        fleet.pods().stream()
                            .map(pod -> pod.hostPort())
                            .collect(Collectors.joining(",")))
                    .build());
    var started = GatewayApp.start(loaded, "test");
    await().atMost(Duration.ofSeconds(10)).until(started::ready);
    return started;
  }

  @AfterEach
  void stop() {
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> {
              assertThat(app.conservation().holds()).isTrue();
              assertThat(app.conservation().inFlight()).isZero();
              assertThat(app.reserved()).isZero();
            });
    app.close();
    fleet.close();
  }

  @Test
  void lists_and_retrieves_models() throws Exception {
    assertThat(step("models")).isEqualTo("{\"ids\": [\"tiny\"], \"retrieved\": \"tiny\"}");
  }

  @Test
  void chats_as_with_the_pod_itself() throws Exception {
    String direct = stepAt(pod(), "chat");
    assertThat(withoutId(step("chat"))).isEqualTo(withoutId(direct));
    assertThat(step("chat")).contains("\"request_id\": \"req_", "\"completion_tokens\": 8");
  }

  @Test
  void streams_with_one_usage_chunk() throws Exception {
    String direct = stepAt(pod(), "stream");
    assertThat(step("stream")).isEqualTo(direct).contains("\"usage\": 8", "\"empty\": 1");
  }

  @Test
  void tool_calls_are_the_pods_byte_for_byte() throws Exception {
    assertThat(step("tools")).isEqualTo(stepAt(pod(), "tools")).contains("get_weather");
  }

  @Test
  void embeds() throws Exception {
    assertThat(step("embeddings")).isEqualTo(stepAt(pod(), "embeddings")).contains("\"count\": 2");
  }

  @Test
  void an_unknown_model_is_not_found_and_asked_for_once() throws Exception {
    assertThat(step("error", "huge"))
        .contains("\"exception\": \"NotFoundError\"", "\"attempts\": 1", "model_not_found")
        .contains("\"param\": \"model\"", "\"request_id\": \"req_");
  }

  @Test
  void a_wrong_type_is_a_bad_request_and_asked_for_once() throws Exception {
    assertThat(step("bad_type"))
        .contains("\"exception\": \"BadRequestError\"", "\"attempts\": 1", "invalid_type");
  }

  @Test
  void a_body_above_the_limit_is_refused_once() throws Exception {
    assertThat(step("too_large", "100000"))
        .contains("\"status\": 413", "\"attempts\": 1", "request_too_large");
  }

  @Test
  void an_unknown_path_is_not_found() throws Exception {
    assertThat(step("unknown_path"))
        .contains("\"exception\": \"NotFoundError\"", "\"attempts\": 1", "unknown_url");
  }

  @Test
  void pods_that_are_down_are_an_internal_server_error_worth_three_attempts() throws Exception {
    fleet.pods().forEach(pod -> pod.faults().add(new Fault.Refuse()));
    assertThat(step("error"))
        .contains("\"exception\": \"InternalServerError\"", "\"status\": 502", "\"attempts\": 3")
        .contains("upstream_connect_error");
  }

  @Test
  void a_wrong_key_is_an_authentication_error_and_a_denied_model_a_permission_error(
      @TempDir Path folder) throws Exception {
    Path keys = folder.resolve("keys.yaml");
    Files.writeString(
        keys, ApiKeys.entryFor("ops", "sk-good", new SplittableRandom(1)) + "  models: [other]\n");
    app.close();
    app = gateway(ConfigSources.builder().flag("--auth.keys-file", keys.toString()));
    assertThat(step("error", "tiny", "sk-bad"))
        .contains("\"exception\": \"AuthenticationError\"", "\"attempts\": 1", "invalid_api_key");
    assertThat(step("error", "tiny", "sk-good"))
        .contains("\"exception\": \"PermissionDeniedError\"", "\"attempts\": 1");
  }

  @Test
  void a_stream_that_dies_is_an_api_error_not_a_short_answer() throws Exception {
    fleet.pods().forEach(pod -> pod.faults().add(new Fault.DieInEvent(3)));
    assertThat(step("error_in_stream")).contains("\"exception\": \"APIError\"");
  }

  @Test
  void leaving_a_stream_stops_the_pod() throws Exception {
    fleet.pods().forEach(pod -> pod.faults().add(new Fault.StallAfterEvents(5)));
    assertThat(step("leave")).contains("\"seen\": 3");
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> fleet.pods().stream().mapToLong(pod -> pod.stats().aborts()).sum() == 1);
  }

  private String pod() {
    return "http://" + fleet.pod(0).hostPort();
  }

  private String step(String... arguments) throws Exception {
    long before = app.conservation().accepted();
    String seen = stepAt(ServeCommand.url(app.address(), false), arguments);
    long attempts = app.conservation().accepted() - before;
    return seen.contains("\"exception\"")
        ? seen.substring(0, seen.length() - 1) + ", \"attempts\": " + attempts + "}"
        : seen;
  }

  private static String stepAt(String base, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(python);
    command.add(ROOT.resolve("deploy/kit/openai/contract.py").toString());
    command.add(arguments[0]);
    command.add(base);
    command.addAll(List.of(arguments).subList(1, arguments.length));
    var done = run(command, Duration.ofMinutes(1));
    assertThat(done.status).as(done.output).isZero();
    return done.output.strip();
  }

  private static String withoutId(String json) {
    return json.replaceFirst("\"request_id\": (null|\"[^\"]*\")", "");
  }

  private record Done(int status, String output) {}

  private static Done run(List<String> command, Duration atMost) throws Exception {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(atMost.toSeconds(), TimeUnit.SECONDS)).as(output).isTrue();
    return new Done(process.exitValue(), output);
  }
}
