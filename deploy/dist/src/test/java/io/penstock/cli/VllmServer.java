package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * One real vLLM server, started by {@code deploy/kit/vllm-up serve}. It finishes what it runs for
 * ten seconds after SIGTERM. {@link #close} kills it with its engine.
 */
final class VllmServer implements AutoCloseable {

  private static final Duration START = Duration.ofMinutes(6);

  private final int port;
  private final Path log;
  private Process process;

  private VllmServer(int port, Path log) throws IOException {
    this.port = port;
    this.log = log;
    this.process = start();
  }

  /** Starts a server on a free port; returns before it answers. */
  static VllmServer start(Path logFolder) throws IOException {
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    return new VllmServer(port, logFolder.resolve("vllm-" + port + ".log"));
  }

  private Process start() throws IOException {
    return new ProcessBuilder(
            Kit.file("vllm-up").toString(),
            "serve",
            Integer.toString(port),
            "--shutdown-timeout",
            "10")
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  /** Starts it again on its port, after it has ended. */
  void restart() throws IOException {
    assertThat(process.isAlive()).isFalse();
    process = start();
  }

  /** Waits until it answers. */
  void awaitHealthy() {
    await()
        .atMost(START)
        .pollInterval(Duration.ofMillis(500))
        .until(
            () -> {
              assertThat(process.isAlive()).as("vLLM ended, see %s", log).isTrue();
              return isHealthy();
            });
  }

  /** Whether {@code /health} says 200. */
  boolean isHealthy() throws InterruptedException {
    try {
      return get("/health").statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** As endpoint lists have it. */
  String hostPort() {
    return "127.0.0.1:" + port;
  }

  /** Where it answers. */
  String url() {
    return "http://" + hostPort();
  }

  /** One of its pages. */
  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return PenstockProcess.get(url() + path);
  }

  /** Sum of the values of one metric over its series. */
  double metric(String name) throws IOException, InterruptedException {
    return PenstockProcess.metric(get("/metrics").body(), name);
  }

  /** One label of its {@code vllm:cache_config_info}. */
  long cacheConfig(String label) throws IOException, InterruptedException {
    var found =
        Pattern.compile("vllm:cache_config_info\\{(?:.*,)?" + label + "=\"(\\d+)\"")
            .matcher(get("/metrics").body());
    assertThat(found.find()).as(label).isTrue();
    return Long.parseLong(found.group(1));
  }

  /** SIGTERM to the server, which tells its engine. */
  void terminate() {
    process.destroy();
  }

  /** SIGKILL to the server and its engine at once, as a container's end is. */
  void kill() throws InterruptedException {
    close();
    process.waitFor();
  }

  /** Whether the server's process has ended. */
  boolean hasEnded() {
    return !process.isAlive();
  }

  @Override
  public void close() {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroyForcibly);
  }
}
