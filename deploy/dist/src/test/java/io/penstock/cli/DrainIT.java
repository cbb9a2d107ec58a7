package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code penstock serve} gets SIGTERM while it works. */
class DrainIT {

  private static final int STREAMS = 40;
  private static final int TOKENS = 600; // some ten seconds at the profile's 17 ms a step
  private static final String IN_FLIGHT = "penstock_requests_in_flight";

  private final Fleet fleet = Fleet.builder().build();
  private final List<OpenStream> streams = new ArrayList<>();

  @BeforeEach
  void startPods() {
    for (int i = 0; i < 2; i++) {
      fleet.start(PodConfig.builder().profile(EngineProfile.named("70b")).seed(i).build());
    }
  }

  @AfterEach
  void stop() throws IOException {
    for (var stream : streams) {
      stream.close();
    }
    fleet.close();
  }

  @Test
  void streams_that_run_complete_nobody_else_gets_in_and_the_status_is_0() throws Exception {
    try (var gateway = serve("--timeouts.pre-stop", "0s");
        var idle = connect(gateway)) {
      openStreams(gateway);
      gateway.terminate();

      await()
          .untilAsserted(
              () -> {
                var readiness = gateway.admin("/readyz");
                assertThat(readiness.statusCode()).isEqualTo(503);
                assertThat(readiness.body()).contains("draining");
              });
      await()
          .untilAsserted(
              () ->
                  assertThatThrownBy(() -> connect(gateway).close())
                      .isInstanceOf(ConnectException.class));
      assertThat(idle.getInputStream().read()).as("an idle connection is closed").isEqualTo(-1);
      assertThat(gateway.metric(IN_FLIGHT)).as("streams still run").isEqualTo(STREAMS);

      for (var stream : streams) {
        assertThat(stream.answer())
            .startsWith("HTTP/1.1 200 OK")
            .contains("\"completion_tokens\":" + TOKENS, "data: [DONE]\n\n")
            .endsWith("0\r\n\r\n");
      }
      assertThat(gateway.exitStatus(Duration.ofSeconds(30))).isZero();
    }
    assertThat(aborts()).isZero();
  }

  @Test
  void before_connections_are_refused_new_requests_are_answered_and_told_to_leave()
      throws Exception {
    try (var gateway = serve("--timeouts.pre-stop", "5m")) {
      gateway.terminate();
      await().until(() -> gateway.admin("/readyz").statusCode() == 503);

      try (var stream = new OpenStream(gateway.url(), "hello", 4)) {
        assertThat(stream.answer())
            .startsWith("HTTP/1.1 200 OK")
            .contains("connection: close", "data: [DONE]\n\n");
      }
    }
  }

  @Test
  void what_outlasts_the_drain_is_told_and_the_status_is_0() throws Exception {
    fleet.pods().forEach(pod -> pod.faults().add(new Fault.StallAfterEvents(3)));
    try (var gateway = serve("--timeouts.pre-stop", "0s", "--timeouts.drain", "1s")) {
      openStreams(gateway);
      gateway.terminate();

      for (var stream : streams) {
        String answer = stream.answer();
        assertThat(answer).startsWith("HTTP/1.1 200 OK").containsOnlyOnce("data: {\"error\":");
        assertThat(answer).contains("\"code\":\"gateway_shutdown\"").doesNotContain("[DONE]");
        assertThat(answer).doesNotEndWith("0\r\n\r\n");
      }
      assertThat(gateway.exitStatus(Duration.ofSeconds(30))).isZero();
    }
    await().untilAsserted(() -> assertThat(aborts()).isEqualTo(STREAMS));
  }

  private PenstockProcess serve(String... flags) throws IOException {
    List<String> all = new ArrayList<>(List.of(flags));
    all.addAll(List.of("--log.access", "false", "--endpoints"));
    all.add(fleet.pods().stream().map(SimulatedPod::hostPort).collect(Collectors.joining(",")));
    return PenstockProcess.serve(all.toArray(String[]::new));
  }

  private void openStreams(PenstockProcess gateway) throws Exception {
    for (int i = 0; i < STREAMS; i++) {
      streams.add(new OpenStream(gateway.url(), "question " + i, TOKENS));
    }
    streams.forEach(OpenStream::awaitFirstByte);
    assertThat(gateway.metric(IN_FLIGHT)).isEqualTo(STREAMS);
  }

  private static Socket connect(PenstockProcess gateway) throws IOException {
    var at = URI.create(gateway.url());
    var socket = new Socket(at.getHost(), at.getPort());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private long aborts() {
    return fleet.pods().stream().mapToLong(pod -> pod.stats().aborts()).sum();
  }
}
