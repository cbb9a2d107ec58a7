package io.penstock.tools.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.fault.FaultSpec;
import io.penstock.simulator.http.PodConfig;
import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Runs against a simulated pod over real sockets. */
class LoadRunTest {

  private static final int OUTPUT_TOKENS = 5;

  private final Fleet fleet = Fleet.of(PodConfig.builder().build());
  private final SimulatedPod pod = fleet.pod(0);

  @AfterEach
  void stop() {
    fleet.close();
  }

  @Test
  void a_closed_loop_measures_as_many_requests_as_asked_for_after_its_warm_up()
      throws InterruptedException {
    var report =
        LoadRun.start(to().connections(4).warmupRequests(20).requests(100).build(), chats(true))
            .await();

    assertThat(report.errors()).isEmpty();
    assertThat(report.answered()).isEqualTo(100);
    assertThat(report.warmedUp()).isEqualTo(20);
    assertThat(report.statuses()).containsExactly(Map.entry(200, 100L));
    assertThat(report.latency().count()).isEqualTo(100);
    assertThat(report.ttft().count()).isEqualTo(100);
    assertThat(report.events()).isGreaterThanOrEqualTo(100 * OUTPUT_TOKENS);
    assertThat(report.interToken().count()).isEqualTo(report.events() - 100);
    assertThat(report.seconds()).isPositive();
    assertThat(pod.stats().requests()).isEqualTo(120);
    assertThat(report.table()).contains("100 answered, 0 failed", "TTFT", "inter-token");
    assertThat(report.json()).contains("\"answered\":100", "\"ttft_us\":{\"count\":100,");
  }

  @Test
  void an_open_loop_sends_at_its_rate_until_its_duration_is_over() throws InterruptedException {
    var report =
        LoadRun.start(
                to().arrivals(new Arrivals.Poisson(400, 1))
                    .connections(50)
                    .duration(Duration.ofMillis(500))
                    .build(),
                chats(false))
            .await();

    assertThat(report.errors()).isEmpty();
    assertThat(report.answered()).isBetween(100L, 300L);
    assertThat(report.events()).isZero();
    assertThat(report.bodyBytes()).isPositive();
  }

  @Test
  void a_trace_is_sent_to_its_end_and_shares_what_it_shared() throws InterruptedException {
    var trace =
        new Trace(
            "three",
            List.of(
                new TraceRequest(0, 0, 1_024, 3, new int[] {1, 2}),
                new TraceRequest(1, 50_000_000, 1_024, 3, new int[] {1, 2}),
                new TraceRequest(2, 100_000_000, 1_024, 3, new int[] {1, 3})));
    var chat = new ChatBody("tiny", true);

    var report =
        LoadRun.start(
                to().arrivals(new Arrivals.Recorded(trace)).build(),
                new TracePrompts(chat, trace, 9))
            .await();

    assertThat(report.errors()).isEmpty();
    assertThat(report.answered()).isEqualTo(3);
    assertThat(pod.stats().cachedTokens()).isBetween(1_400L, 1_600L);
  }

  @Test
  void an_open_loop_that_the_server_cannot_follow_sends_as_many_requests_as_asked_for()
      throws InterruptedException {
    var report =
        LoadRun.start(
                to().arrivals(new Arrivals.Constant(10_000_000))
                    .connections(1)
                    .warmupRequests(20)
                    .requests(1_000)
                    .build(),
                chats(false))
            .await();

    assertThat(report.errors()).isEmpty();
    assertThat(report.answered()).isEqualTo(1_000);
    assertThat(pod.stats().requests()).isEqualTo(1_020);
  }

  @Test
  void a_prompt_of_a_trace_is_sent_at_its_own_time_though_others_were_given_up()
      throws InterruptedException {
    var trace =
        new Trace(
            "three",
            List.of(
                new TraceRequest(0, 0, 1_024, 3, new int[] {1, 2}),
                new TraceRequest(1, 0, 1_024, 4, new int[] {1, 2}),
                new TraceRequest(2, 2_000_000_000, 1_024, 5, new int[] {1, 3})));
    pod.faults().set(new Fault.Refuse());
    var run =
        LoadRun.start(
            to().arrivals(new Arrivals.Recorded(trace)).build(),
            new TracePrompts(new ChatBody("tiny", true), trace, 9));
    await().until(() -> run.progress().failed() == 2);
    pod.faults().clear();

    var report = run.await();

    assertThat(report.errors()).containsExactly(Map.entry(ErrorKind.CONNECT, 2L));
    assertThat(report.answered()).isEqualTo(1);
    assertThat(pod.received().getLast().bodyText()).contains("\"max_tokens\":5");
  }

  @Test
  void errors_are_counted_by_kind() throws Exception {
    pod.faults().add(FaultSpec.parse("status:code=503"));
    var report = LoadRun.start(to().requests(10).build(), chats(true)).await();
    assertThat(report.errors()).containsExactly(Map.entry(ErrorKind.STATUS, 10L));
    assertThat(report.statuses()).containsExactly(Map.entry(503, 10L));

    pod.kill();
    assertThat(LoadRun.start(to().connections(2).requests(4).build(), chats(true)).await().errors())
        .containsExactly(Map.entry(ErrorKind.CONNECT, 4L));
  }

  @Test
  void a_pod_that_dies_resets_or_truncates_what_it_was_answering() throws InterruptedException {
    pod.faults().add(FaultSpec.parse("die-in-event"));
    var report = LoadRun.start(to().connections(2).requests(4).build(), chats(true)).await();
    assertThat(report.errors()).containsExactly(Map.entry(ErrorKind.TRUNCATED, 4L));
  }

  @Test
  void an_answer_without_length_that_ends_with_a_reset_is_no_answer() throws Exception {
    try (var server = new ServerSocket(0)) {
      Thread.ofVirtual().start(() -> answerAndReset(server));
      var spec =
          LoadSpec.to(URI.create("http://127.0.0.1:" + server.getLocalPort()))
              .connections(1)
              .requests(1)
              .build();

      var report = LoadRun.start(spec, chats(false)).await();

      assertThat(report.errors()).containsExactly(Map.entry(ErrorKind.TRUNCATED, 1L));
      assertThat(report.answered()).isZero();
    }
  }

  private static void answerAndReset(ServerSocket server) {
    try (var socket = server.accept()) {
      var _ = socket.getInputStream().readNBytes(2_048);
      socket.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n{".getBytes(US_ASCII));
      socket.setSoLinger(true, 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void an_answer_that_never_comes_times_out() throws Exception {
    try (var silent = new ServerSocket(0)) {
      var spec =
          LoadSpec.to(URI.create("http://127.0.0.1:" + silent.getLocalPort()))
              .connections(1)
              .requests(1)
              .timeout(Duration.ofMillis(50))
              .build();
      assertThat(LoadRun.start(spec, chats(true)).await().errors())
          .containsExactly(Map.entry(ErrorKind.TIMEOUT, 1L));
    }
  }

  @Test
  void stopping_cuts_what_is_on_its_way() throws Exception {
    try (var silent = new ServerSocket(0)) {
      var spec =
          LoadSpec.to(URI.create("http://127.0.0.1:" + silent.getLocalPort()))
              .connections(3)
              .build();
      var run = LoadRun.start(spec, chats(true));
      await().until(() -> run.progress().connections() == 3);
      run.stop();
      var report = run.await();
      assertThat(report.errors()).isEmpty();
      assertThat(report.cut()).isEqualTo(3);
    }
  }

  @Test
  void what_makes_no_sense_is_refused_with_the_value() {
    assertThatThrownBy(() -> LoadSpec.to(URI.create("https://x")).build())
        .hasMessageContaining("https://x");
    assertThatThrownBy(() -> to().connections(0).build())
        .hasMessageContaining("connections is 0, allowed: 1 to 1000000");
    assertThatThrownBy(() -> to().header("nonsense").build()).hasMessageContaining("nonsense");
    assertThatThrownBy(() -> to().duration(Duration.ZERO).build()).hasMessageContaining("duration");
  }

  @Test
  void the_query_of_the_url_is_sent() {
    assertThat(LoadSpec.to(URI.create("http://x/v1/chat/completions?version=2")).build().path())
        .isEqualTo("/v1/chat/completions?version=2");
    assertThat(LoadSpec.to(URI.create("http://x?version=2")).build().path())
        .isEqualTo("/v1/chat/completions?version=2");
  }

  private LoadSpec.Builder to() {
    return LoadSpec.to(URI.create("http://" + pod.hostPort()));
  }

  private static Conversations chats(boolean stream) {
    var chat = new ChatBody("tiny", stream);
    return new Conversations(
        chat, Conversations.Shape.ofBody(chat, 2_048, 4, 0.8, OUTPUT_TOKENS, 0.5, 11));
  }
}
