package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.http.ReceivedRequest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * A gateway over real sockets in front of simulated pods, and the client side of tests. {@link
 * #close} fails when anything is still counted, reserved or held.
 */
final class TestGateway implements AutoCloseable {

  final Fleet fleet;
  final GatewayApp app;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private TestGateway(Fleet fleet, ConfigSources.Builder sources) throws IOException {
    this.fleet = fleet;
    var loaded =
        GatewayConfigLoader.load(sources.listen("127.0.0.1:0").admin("127.0.0.1:0").build());
    assertThat(loaded).isInstanceOf(LoadResult.Loaded.class);
    try {
      app = GatewayApp.start((LoadResult.Loaded) loaded, "test");
    } catch (IOException e) {
      fleet.close();
      throw e;
    }
    await().atMost(Duration.ofSeconds(10)).until(app::ready);
  }

  /** A gateway in front of so many pods, all of whose models are known. */
  static TestGateway of(int pods, UnaryOperator<ConfigSources.Builder> flags) throws IOException {
    var fleet = Fleet.builder().build();
    for (int i = 0; i < pods; i++) {
      fleet.start(PodConfig.builder().seed(i).build());
    }
    var gateway =
        over(
            fleet,
            flags.apply(
                ConfigSources.builder().endpoints(addresses(fleet)).flag("--log.access", "false")));
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> gateway.admin("/debug/endpoints").split("\"tiny\"", -1).length == pods + 1);
    return gateway;
  }

  static TestGateway over(Fleet fleet, ConfigSources.Builder sources) throws IOException {
    return new TestGateway(fleet, sources);
  }

  /** In front of a pod that sends what a test says, byte by byte. */
  static TestGateway before(BytePod pod, UnaryOperator<ConfigSources.Builder> flags)
      throws IOException {
    var sources = ConfigSources.builder().model("tiny").endpoints(pod.address());
    return over(Fleet.builder().build(), flags.apply(sources));
  }

  static String addresses(Fleet fleet) {
    return fleet.pods().stream().map(SimulatedPod::hostPort).collect(Collectors.joining(","));
  }

  SimulatedPod pod(int index) {
    return fleet.pod(index);
  }

  /** The latest request that reached a pod on a path; scrapes come in between at any time. */
  ReceivedRequest lastReceived(String path) {
    return fleet.pods().stream()
        .flatMap(pod -> pod.received().stream())
        .filter(request -> request.path().equals(path))
        .reduce((earlier, later) -> later)
        .orElseThrow();
  }

  /** The pod that answered this request id last. */
  SimulatedPod answered(String requestId) {
    var attempts = app.decision(requestId).attempts();
    String address = attempts.getLast().endpoint().address();
    return fleet.pods().stream()
        .filter(pod -> pod.hostPort().equals(address))
        .findFirst()
        .orElseThrow();
  }

  HttpResponse<String> post(String path, String body, String... headers)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(uri(path))
            .header("content-type", "application/json")
            .timeout(Duration.ofSeconds(20))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path, String... headers)
      throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(20));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + app.address().getPort() + path);
  }

  String admin(String path) {
    try {
      return http.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + app.adminAddress().getPort() + path))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Value of one series of the metrics page, 0 while it is not there. */
  double metric(String series) {
    return admin("/metrics")
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .sum();
  }

  /** A raw connection, for what no HTTP client does on purpose. */
  Socket connect() throws IOException {
    var socket = new Socket(app.address().getAddress(), app.address().getPort());
    socket.setSoTimeout(15_000);
    return socket;
  }

  /** Sends bytes and reads until the gateway closes. */
  String exchange(String raw) throws IOException {
    try (var socket = connect()) {
      socket.getOutputStream().write(raw.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
  }

  /** Reads up to and with a text. */
  static String readTo(Socket socket, String end) throws IOException {
    var read = new StringBuilder();
    while (read.length() < end.length()
        || !read.substring(read.length() - end.length()).equals(end)) {
      int next = socket.getInputStream().read();
      assertThat(next).as("end of connection after %s", read).isNotNegative();
      read.append((char) next);
    }
    return read.toString();
  }

  static String chat(String words, int maxTokens, boolean stream) {
    return "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\""
        + words
        + "\"}],\"max_tokens\":"
        + maxTokens
        + ",\"ignore_eos\":true,\"stream\":"
        + stream
        + "}";
  }

  static String request(String path, String body) {
    return "POST "
        + path
        + " HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  /** Everything has ended and was given back, here and in every pod. */
  void assertQuiet() {
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> {
              var law = app.conservation();
              assertThat(law.holds()).as("%s", law).isTrue();
              assertThat(law.isQuiet()).as("%s", law).isTrue();
              assertThat(app.reserved()).as("reservations").isZero();
              assertThat(app.heldBodyBytes()).as("held body bytes").isZero();
              for (var pod : fleet.pods()) {
                assertThat(List.of(pod.stats().running(), pod.stats().waiting()))
                    .containsExactly(0, 0);
              }
            });
  }

  @Override
  public void close() {
    try {
      assertQuiet();
    } finally {
      app.close();
      fleet.close();
    }
  }
}
