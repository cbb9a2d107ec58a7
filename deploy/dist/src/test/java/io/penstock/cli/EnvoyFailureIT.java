package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pickers and pods behind a real Envoy that die, stop and come back under load. */
@Tag("envoy")
class EnvoyFailureIT {

  private static final int CLIENTS = 8;
  private static final int PODS = 3;
  private static final int STREAMS = 40;
  private static final int LONG = 600;
  private static final String CHAT = "/v1/chat/completions";
  private static final String BODY =
      """
      {"model":"tiny","messages":[{"role":"user","content":"hello"}],"max_tokens":2}""";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"fail-close", "fail-open"})
  void envoy_accepts_the_shipped_file(String name) throws Exception {
    Path file = Files.writeString(folder.resolve(name + ".yaml"), EnvoyProcess.shipped(name));
    var process =
        new ProcessBuilder(
                Kit.bringUp("envoy", "envoy-up"), "--mode", "validate", "-c", file.toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  @Test
  void fail_close_while_the_picker_is_away_nothing_reaches_a_pod_and_then_all_is_well()
      throws Exception {
    try (var pods = new PickedPods(folder, "fail-close", PODS, Map.of())) {
      killUnderLoad(pods);
      long before = pods.inferenceRequests();
      for (int i = 0; i < 10; i++) {
        var answer = PenstockProcess.post(pods.envoy().url(), CHAT, BODY);
        assertThat(answer.statusCode()).isEqualTo(500);
      }
      assertThat(pods.inferenceRequests()).isEqualTo(before);
      backToNormal(pods);
    }
  }

  @Test
  void fail_open_while_the_picker_is_away_envoy_chooses_and_then_the_picker_does_again()
      throws Exception {
    try (var pods = new PickedPods(folder, "fail-open", PODS, Map.of())) {
      killUnderLoad(pods);
      try (var load = new ChatLoad(pods.envoy().url(), CLIENTS)) {
        load.awaitMore(60);
        load.stop();
        load.assertAllWhole();
      }
      backToNormal(pods);
    }
  }

  @Test
  void fail_open_while_the_picker_is_away_no_client_steers_what_is_behind_it() throws Exception {
    var steering =
        List.of(
            "x-gateway-destination-endpoint",
            "x-prefiller-host-port",
            "x-encoder-hosts-ports",
            "x-data-parallel-host-port",
            "x-kv-cache-source-host-port");
    try (var pods = new PickedPods(folder, "fail-open", 1, Map.of());
        var client = HttpClient.newHttpClient()) {
      pods.killPicker();
      pods.envoy().awaitHealthyPickers(0);
      var request =
          HttpRequest.newBuilder(URI.create(pods.envoy().url() + CHAT))
              .header("content-type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(BODY));
      steering.forEach(name -> request.header(name, "192.0.2.1:1"));

      var answer = client.send(request.build(), HttpResponse.BodyHandlers.discarding());

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(pods.pod(0).received())
          .filteredOn(received -> received.path().equals(CHAT))
          .singleElement()
          .satisfies(
              received ->
                  assertThat(steering).allMatch(name -> received.header(name).isEmpty(), "gone"));
    }
  }

  /** Ends the picker while clients chat, and returns when Envoy knows. */
  private static void killUnderLoad(PickedPods pods) throws Exception {
    try (var load = new ChatLoad(pods.envoy().url(), CLIENTS)) {
      load.awaitMore(40);
      pods.killPicker();
      pods.envoy().awaitHealthyPickers(0);
      load.stop();
    }
    await().until(() -> pods.running() == 0);
  }

  private static void backToNormal(PickedPods pods) throws Exception {
    pods.restartPicker();
    try (var load = new ChatLoad(pods.envoy().url(), CLIENTS)) {
      load.awaitMore(60);
      load.stop();
      load.assertAllWhole();
    }
    assertThat(pods.pickerMetric("llm_d_epp_scheduler_attempts_total")).isGreaterThan(60);
    pods.settle();
  }

  @Test
  void a_picker_that_is_told_to_stop_loses_no_request() throws Exception {
    try (var pods = new PickedPods(folder, "fail-open", PODS, Map.of());
        var load = new ChatLoad(pods.envoy().url(), CLIENTS)) {
      load.awaitMore(40);
      pods.terminatePicker();
      assertThat(pods.pickerStatus()).isZero();
      load.awaitMore(40);
      load.stop();
      load.assertAllWhole();
    }
  }

  @Test
  void of_two_pickers_one_is_told_to_stop_and_no_stream_loses_a_byte() throws Exception {
    var flags = List.of("--pre-stop", "3s", "--drain-timeout", "60s");
    try (var pods =
            new PickedPods(folder, "fail-close", PODS, Map.of(), PickedPods.UNHURRIED, flags);
        var other = pods.anotherPicker();
        var envoy = pods.besideAnother(other, folder)) {
      List<OpenStream> streams = openStreams(envoy.url());
      await().until(() -> other.pickerMetric("llm_d_epp_extproc_streams_inflight") > 0);
      double others = other.pickerMetric("llm_d_epp_extproc_streams_inflight");
      try (var load = new ChatLoad(envoy.url(), CLIENTS)) {
        load.awaitMore(CLIENTS);
        assertThat(pods.pickerMetric("llm_d_epp_extproc_streams_inflight")).isPositive();
        pods.terminatePicker();
        assertThat(pods.pickerStatus()).isZero();
        load.awaitMore(4 * CLIENTS);
        load.stop();
        load.assertAllWhole();
      }
      assertThat(others).isLessThan(streams.size());
      assertAllWhole(streams);
    }
  }

  /**
   * Envoy cannot be told to send no more pieces, and those on their way would be lost in silence.
   */
  @ParameterizedTest
  @ValueSource(strings = {"fail-close", "fail-open"})
  void when_the_drain_is_over_what_has_not_begun_goes_on_and_streams_break_off(String name)
      throws Exception {
    var flags = List.of("--pre-stop", "0s", "--drain-timeout", "1s");
    try (var pods = new PickedPods(folder, name, PODS, Map.of(), PickedPods.UNHURRIED, flags);
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      String body = BODY.replace("\"max_tokens\":2", "\"ignore_eos\":true,\"max_tokens\":" + LONG);
      List<Future<HttpResponse<String>>> plain = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        plain.add(executor.submit(() -> PenstockProcess.post(pods.envoy().url(), CHAT, body)));
      }
      List<OpenStream> streams = openStreams(pods.envoy().url());
      await().until(() -> pods.running() == CLIENTS + STREAMS);
      pods.terminatePicker();
      assertThat(pods.pickerStatus()).isZero();
      for (var answer : plain) {
        assertThat(answer.get().statusCode()).as("%s", answer.get().body()).isEqualTo(200);
        assertThat(answer.get().body()).contains("\"completion_tokens\":" + LONG);
      }
      assertThat(streams)
          .allSatisfy(
              stream ->
                  assertThat(stream.answer())
                      .startsWith("HTTP/1.1 200 OK")
                      .doesNotContain("data: [DONE]")
                      .doesNotEndWith("0\r\n\r\n"));
      await().until(() -> pods.running() == 0);
    }
  }

  /** Streams of some seconds, each with its first event. */
  private static List<OpenStream> openStreams(String url) throws Exception {
    List<OpenStream> streams = new ArrayList<>();
    for (int i = 0; i < STREAMS; i++) {
      streams.add(new OpenStream(url, "stream " + i, LONG));
    }
    streams.forEach(OpenStream::awaitFirstEvent);
    return streams;
  }

  private static void assertAllWhole(List<OpenStream> streams) {
    assertThat(streams)
        .allSatisfy(
            stream ->
                assertThat(stream.answer())
                    .startsWith("HTTP/1.1 200 OK")
                    .contains("\"completion_tokens\":" + LONG, "data: [DONE]\n\n")
                    .endsWith("0\r\n\r\n")
                    .satisfies(answer -> assertThat(events(answer)).isEqualTo(LONG)));
  }

  /** How many events carry a token. */
  private static int events(String answer) {
    return answer.split("\"delta\":\\{\"content\":", -1).length - 1;
  }

  @ParameterizedTest
  @ValueSource(strings = {"fail-close", "fail-open"})
  void a_pod_that_dies_is_soon_avoided(String name) throws Exception {
    try (var pods = new PickedPods(folder, name, PODS, Map.of())) {
      try (var load = new ChatLoad(pods.envoy().url(), CLIENTS)) {
        load.awaitMore(40);
        pods.pod(0).kill();
        load.awaitMore(100);
        load.stop();
      }
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () -> {
                for (int i = 0; i < 20; i++) {
                  var answer = PenstockProcess.post(pods.envoy().url(), CHAT, BODY);
                  assertThat(answer.statusCode()).isEqualTo(200);
                }
              });
      assertThat(List.of(pods.pod(1), pods.pod(2)))
          .allSatisfy(pod -> assertThat(pod.stats().inferenceRequests()).isPositive());
    }
  }
}
