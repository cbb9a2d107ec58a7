package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Clients of HTTP/1 that read slowly, or send slowly, or do neither. */
class SlowClientsTest {

  private static final String CHAT = "/v1/chat/completions";

  /** More answers than the sockets' buffers hold. */
  private static final int MANY = 500;

  private static final String VECTOR = "/v1/embeddings";
  private static final String ONE = "{\"model\":\"tiny\",\"input\":\"hello\",\"dimensions\":2000}";

  private static final String BYE = "GET /bye HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  /** A client with little room for what it does not read. */
  private static Socket narrow(TestGateway gateway) throws IOException {
    var socket = new Socket();
    socket.setReceiveBufferSize(4 * 1024);
    socket.connect(gateway.app.address());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static String readAll(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
  }

  private static int answers(String raw) {
    return raw.split("HTTP/1.1 200 ", -1).length - 1;
  }

  /** A pod whose answers are long, and there at once. */
  private static TestGateway vectors(UnaryOperator<ConfigSources.Builder> flags)
      throws IOException {
    var fleet = Fleet.builder().build();
    fleet.start(PodConfig.builder().embeddings(true).build());
    var sources = ConfigSources.builder().endpoints(TestGateway.addresses(fleet));
    var gateway = TestGateway.over(fleet, flags.apply(sources.flag("--log.access", "false")));
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> gateway.post(VECTOR, ONE).statusCode() == 200);
    return gateway;
  }

  /** Sends many requests and reads nothing until no more are taken; how many were answered. */
  private static long stall(TestGateway gateway, Socket socket) throws IOException {
    write(socket, request(VECTOR, ONE).repeat(MANY) + BYE);
    var before = new AtomicLong();
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(500))
        .until(
            () -> {
              long now = gateway.app.conservation().completed();
              return now == before.getAndSet(now) && now > 1;
            });
    return before.get();
  }

  @Test
  void answers_that_nobody_reads_do_not_pile_up_and_come_when_they_are_read() throws Exception {
    try (var gateway = vectors(UnaryOperator.identity());
        var socket = narrow(gateway)) {
      assertThat(stall(gateway, socket)).isLessThan(MANY);

      assertThat(answers(readAll(socket))).isEqualTo(MANY);
    }
  }

  @Test
  void a_drain_waits_for_the_reader_of_whole_answers() throws Exception {
    try (var gateway = vectors(flags -> flags.flag("--timeouts.pre-stop", "0s"));
        var socket = narrow(gateway)) {
      long answered = stall(gateway, socket);

      gateway.app.drain();
      assertThat(gateway.app.awaitDrained(Duration.ofMillis(300))).isFalse();
      var raw = readAll(socket);

      assertThat(1L + answers(raw)).as("with the first one's").isGreaterThanOrEqualTo(answered);
      assertThat(raw).as("the last one is whole").endsWith("}");
      assertThat(gateway.app.awaitDrained(Duration.ofSeconds(10))).isTrue();
    }
  }

  @Test
  void who_stops_reading_a_stream_is_disconnected() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.client-stall", "300ms"));
        var _ = write(narrow(gateway), 100_000)) {
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> assertThat(gateway.app.conservation().cancelled()).isOne());
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> assertThat(gateway.metric("penstock_client_connections")).isZero());
    }
  }

  private static Socket write(Socket socket, int tokens) throws IOException {
    write(socket, request(CHAT, chat("hello", tokens, true)));
    return socket;
  }

  @Test
  void a_head_that_stops_after_a_letter_that_may_begin_http_2_is_408() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.request-head", "300ms"));
        var socket = gateway.connect()) {
      socket.setSoTimeout(20_000);
      write(socket, "P");

      assertThat(readAll(socket)).startsWith("HTTP/1.1 408 ");
    }
  }

  @Test
  void a_head_that_stops_behind_another_request_is_408() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.request-head", "300ms"));
        var socket = gateway.connect()) {
      socket.setSoTimeout(20_000);
      write(socket, request(CHAT, chat("hello", 4, false)) + "GET /health HTTP/1.1\r\nho");

      var raw = readAll(socket);
      assertThat(raw).startsWith("HTTP/1.1 200 ").contains("HTTP/1.1 408 ");
    }
  }

  @Test
  void heads_alone_take_no_memory_for_their_bodies() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      gateway.post(CHAT, chat("warm", 2, false));
      var metric = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
      long before = metric.usedDirectMemory();
      List<Socket> sockets = new ArrayList<>();
      try {
        for (int i = 0; i < 100; i++) {
          sockets.add(headOnly(gateway));
        }
        assertThat(metric.usedDirectMemory() - before).isLessThan(32L << 20);
      } finally {
        for (var socket : sockets) {
          socket.close();
        }
      }
    }
  }

  private static Socket headOnly(TestGateway gateway) throws IOException {
    var socket = gateway.connect();
    write(
        socket,
        "POST "
            + CHAT
            + " HTTP/1.1\r\nhost: x\r\ncontent-length: 1048576\r\n"
            + "expect: 100-continue\r\n\r\n");
    var first = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
    assertThat(first).isEqualTo("HTTP/1.1 100");
    return socket;
  }
}
