package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.PoolRules;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.http.ReceivedRequest;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients before pods that have no room: who is next, and what the others hear. */
class FlowControlTest {

  private static final String PATH = "/v1/chat/completions";
  private static final String OBJECTIVE = "x-llm-d-inference-objective";
  private static final String FLOW = "x-llm-d-inference-fairness-id";
  private static final String DROPPED = "x-llm-d-request-dropped-reason";

  @TempDir private Path folder;
  private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
  private TestGateway gateway;

  /** The gate, one request at a time, with more of {@code flowControl} and of {@code plugins}. */
  private void start(String flow, String plugins, UnaryOperator<ConfigSources.Builder> flags)
      throws IOException {
    start("maxConcurrency: 1", flow, plugins, flags);
  }

  /** The gate, with these parameters of the concurrency detector. */
  private void start(
      String room, String flow, String plugins, UnaryOperator<ConfigSources.Builder> flags)
      throws IOException {
    var policy = folder.resolve("epp.yaml");
    Files.writeString(
        policy,
        """
        apiVersion: llm-d.ai/v1alpha1
        kind: EndpointPickerConfig
        featureGates: [flowControl]
        plugins:
          - type: queue-scorer
          - {type: concurrency-detector, parameters: {%s}}
        %sschedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]
        flowControl:
          saturationDetector: {pluginRef: concurrency-detector}
        %s\
        """
            .formatted(room, plugins, flow.isEmpty() ? "" : "  " + flow + "\n"));
    var fleet = Fleet.of(PodConfig.builder().build());
    var config = folder.resolve("gateway.yaml");
    Files.writeString(
        config,
        """
        log: {access: false}
        pools:
          - name: tiny
            models: [tiny]
            discovery: {file: {path: "%s"}}
            picker: {configFile: "%s"}
        """
            .formatted(endpoints(fleet.pod(0).port()), policy));
    gateway = TestGateway.over(fleet, flags.apply(ConfigSources.builder().file(config)));
    picker()
        .rules(
            PoolRules.of(
                List.of(new Objective("high", 10), new Objective("batch", -1)), List.of()));
  }

  /** Has the pool consist of the pods at these ports of loopback. */
  private Path endpoints(int... ports) throws IOException {
    var text = new StringBuilder("endpoints: [");
    for (int port : ports) {
      text.append("{name: pod-%d, address: 127.0.0.1, port: '%d'},".formatted(port, port));
    }
    var next = folder.resolve("next.yaml");
    Files.writeString(next, text.append("]\n"));
    var file = folder.resolve("endpoints.yaml");
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return file;
  }

  /** The pool's only pod goes. */
  private void empty() throws IOException {
    endpoints();
    await().until(() -> picker().snapshot().endpoints().isEmpty());
  }

  private void start(String flow, String plugins) throws IOException {
    start(flow, plugins, UnaryOperator.identity());
  }

  private PoolPicker picker() {
    return gateway.app.picker("tiny");
  }

  @AfterEach
  void nobodyIsLost() {
    clients.shutdown();
    try {
      gateway.assertQuiet();
      var counts = picker().admission().counts();
      await().untilAsserted(() -> assertThat(counts.isQuiet()).as("%s", counts).isTrue());
      assertThat(counts.holds()).as("%s", counts).isTrue();
    } finally {
      gateway.close();
    }
  }

  /** A stream that begins and goes on until its client closes it. */
  private Socket running(String... headers) throws IOException {
    gateway.pod(0).faults().add(new Fault.StallAfterEvents(2), 1);
    var socket = gateway.connect();
    var text = request(PATH, chat("runs", 100, true));
    for (int i = 0; i < headers.length; i += 2) {
      text =
          text.replace(
              "host: test\r\n", "host: test\r\n" + headers[i] + ": " + headers[i + 1] + "\r\n");
    }
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    var in = socket.getInputStream();
    var head = new StringBuilder();
    while (!head.toString().contains("data:")) {
      head.append((char) in.read());
    }
    return socket;
  }

  /** A request that comes to wait. */
  private Future<HttpResponse<String>> waiting(String words, String... headers) {
    long before = picker().admission().counts().waiting();
    var answer = clients.submit(() -> gateway.post(PATH, chat(words, 2, false), headers));
    await().until(() -> picker().admission().counts().waiting() == before + 1);
    return answer;
  }

  private List<String> arrived() {
    List<String> words = new ArrayList<>();
    for (var received : gateway.pod(0).received()) {
      if (received.path().equals(PATH)) {
        words.add(content(received));
      }
    }
    return words;
  }

  private static String content(ReceivedRequest received) {
    return received.bodyText().replaceAll(".*\"content\":\"([^\"]*)\".*", "$1");
  }

  private static void refused(
      HttpResponse<String> answer, int status, String code, String dropped) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).contains("\"error\":{\"message\":", "\"code\":\"" + code + "\"");
    assertThat(answer.headers().firstValue(DROPPED)).contains(dropped);
    assertThat(answer.headers().firstValue("retry-after")).isPresent();
  }

  @Test
  void high_priority_overtakes_and_flows_take_turns() throws Exception {
    start(
        "defaultPriorityBand: {fairnessPolicyRef: round-robin-fairness-policy}",
        "  - type: round-robin-fairness-policy\n");
    List<Future<HttpResponse<String>>> answers = new ArrayList<>();
    try (var _ = running()) {
      answers.add(waiting("a1", FLOW, "a"));
      answers.add(waiting("a2", FLOW, "a"));
      answers.add(waiting("b1", FLOW, "b"));
      answers.add(waiting("high", OBJECTIVE, "high"));
      assertThat(
              gateway.metric(
                  "llm_d_epp_flow_control_queue_size{fairness_id=\"a\",priority=\"0\","
                      + "inference_pool=\"tiny\",model_name=\"tiny\",target_model_name=\"tiny\",}"))
          .isEqualTo(2);
    }
    for (var answer : answers) {
      assertThat(answer.get().statusCode()).isEqualTo(200);
    }
    assertThat(arrived()).containsExactly("runs", "high", "a1", "b1", "a2");
    assertThat(
            gateway.metric(
                "llm_d_epp_flow_control_requests_total{outcome=\"Dispatched\",priority=\"10\","
                    + "inference_pool=\"tiny\",}"))
        .isEqualTo(1);
  }

  @Test
  void a_prefill_that_nobody_sees_end_makes_room_without_another_request() throws Exception {
    start("concurrencyMode: tokens, maxTokenConcurrency: 1", "", "", UnaryOperator.identity());
    gateway.pod(0).faults().add(new Fault.StallBeforeHead(), 1);
    try (var silent = gateway.connect()) {
      silent
          .getOutputStream()
          .write(request(PATH, chat("silent", 2, false)).getBytes(StandardCharsets.ISO_8859_1));
      await().until(() -> arrived().equals(List.of("silent")));

      assertThat(gateway.post(PATH, chat("next", 2, false)).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_client_that_leaves_leaves_its_queue() throws Exception {
    start("", "");
    try (var _ = running()) {
      try (var leaving = gateway.connect()) {
        leaving
            .getOutputStream()
            .write(request(PATH, chat("leaves", 2, false)).getBytes(StandardCharsets.ISO_8859_1));
        await().until(() -> picker().admission().counts().waiting() == 1);
      }
      await().until(() -> picker().admission().counts().waiting() == 0);
    }
    assertThat(picker().admission().counts().of(FlowOutcome.EVICTED_CANCELLED)).isEqualTo(1);
    assertThat(arrived()).containsExactly("runs");
  }

  @Test
  void a_full_queue_is_429() throws Exception {
    start("maxRequests: 1", "");
    Future<HttpResponse<String>> waiting;
    try (var _ = running()) {
      waiting = waiting("waits");
      refused(gateway.post(PATH, chat("more", 2, false)), 429, "queue_full", "rejected-saturated");
    }
    assertThat(waiting.get().statusCode()).isEqualTo(200);
  }

  @Test
  void whoever_waited_too_long_by_the_pool_s_time_hears_429() throws Exception {
    start("defaultRequestTTL: 1ms", "");
    try (var _ = running()) {
      refused(
          gateway.post(PATH, chat("late", 2, true)), 429, "queue_timeout", "rejected-ttl-expired");
    }
    assertThat(picker().admission().counts().of(FlowOutcome.EVICTED_TTL)).isEqualTo(1);
  }

  @Test
  void and_by_the_gateways() throws Exception {
    start("", "", flags -> flags.flag("--timeouts.queue", "1ms"));
    try (var _ = running()) {
      refused(
          gateway.post(PATH, chat("late", 2, false)), 429, "queue_timeout", "rejected-ttl-expired");
    }
    // Another loop may be the one that counts.
    await().until(() -> picker().admission().counts().of(FlowOutcome.EVICTED_CANCELLED) == 1);
  }

  @Test
  void a_request_that_may_be_shed_makes_room_for_one_that_may_not() throws Exception {
    start("enableEviction: true", "");
    try (var batch = running(OBJECTIVE, "batch")) {
      var usual = clients.submit(() -> gateway.post(PATH, chat("usual", 2, false)));
      var rest = new String(batch.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(rest).contains("\"code\":\"evicted\"").doesNotContain("[DONE]");
      assertThat(usual.get().statusCode()).isEqualTo(200);
    }
    assertThat(picker().admission().counts().evicted()).isEqualTo(1);
    assertThat(
            gateway.metric(
                "llm_d_epp_flow_control_revocations_total{inference_pool=\"tiny\","
                    + "outcome=\"confirmed\",}"))
        .isEqualTo(1);
  }

  @Test
  void before_an_empty_pool_whoever_waits_hears_503_and_by_the_pool_s_time() throws Exception {
    start("noEndpointRequestTTL: 300ms", "", flags -> flags.flag("--timeouts.queue", "1ms"));
    empty();

    refused(
        gateway.post(PATH, chat("early", 2, false)),
        503,
        "no_healthy_endpoints",
        "rejected-no-endpoints");
    assertThat(picker().admission().counts().of(FlowOutcome.EVICTED_NO_ENDPOINTS)).isEqualTo(1);
  }

  @Test
  void before_an_empty_pool_a_request_waits_for_the_pod_that_comes() throws Exception {
    start("noEndpointRequestTTL: 1m", "", flags -> flags.flag("--timeouts.queue", "200ms"));
    empty();

    var waiting = waiting("early");
    endpoints(gateway.pod(0).port());

    assertThat(waiting.get().statusCode()).isEqualTo(200);
  }

  @Test
  void a_request_that_wants_a_cached_prompt_is_answered_only_where_there_is_one() throws Exception {
    start("", "");
    var words = "the same again ".repeat(100);
    var cold = gateway.post(PATH, chat(words, 2, false), "prefer", "if-available");
    assertThat(cold.statusCode()).isEqualTo(412);
    assertThat(cold.body()).contains("\"code\":\"prefix_not_cached\"");
    assertThat(gateway.post(PATH, chat(words, 2, false)).statusCode()).isEqualTo(200);
    var warm = gateway.post(PATH, chat(words, 2, false), "prefer", "if-available");
    assertThat(warm.statusCode()).isEqualTo(200);
  }

  @Test
  void a_gateway_that_stops_answers_those_that_wait() throws Exception {
    start("", "", flags -> flags.flag("--timeouts.pre-stop", "0s").flag("--timeouts.drain", "0s"));
    try (var _ = running()) {
      var waiting = waiting("waits");
      gateway.app.drain();
      refused503(waiting.get());
    }
  }

  private static void refused503(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue(DROPPED)).contains("rejected-shutting-down");
  }
}
