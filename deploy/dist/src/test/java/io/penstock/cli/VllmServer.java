package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.tools.beside.FreePort;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * One real vLLM server, started by {@code deploy/kit/vllm-up}. It finishes what it runs for ten
 * seconds after SIGTERM. {@link #close} kills it with its engine.
 */
final class VllmServer implements AutoCloseable {

  private static final Duration START = Duration.ofMinutes(6);

  private final int port;
  private final List<String> command;
  private final Path log;
  private Process process;

  private VllmServer(int port, List<String> command, Path log) throws IOException {
    this.port = port;
    this.command = command;
    this.log = log;
    this.process = start();
  }

  /** Starts a server on a free port; returns before it answers. */
  static VllmServer start(Path logFolder) throws IOException {
    int port = FreePort.next();
    return start(logFolder, port, "serve", Integer.toString(port));
  }

  /** The same for one of two servers that hand prompts on; the role is prefill or decode. */
  static VllmServer start(Path logFolder, String role) throws IOException {
    int port = FreePort.next();
    int kvPort = FreePort.next();
    return start(logFolder, port, "pd", role, Integer.toString(port), Integer.toString(kvPort));
  }

  private static VllmServer start(Path logFolder, int port, String... words) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Kit.file("vllm-up").toString());
    command.addAll(List.of(words));
    command.addAll(List.of("--shutdown-timeout", "10"));
    return new VllmServer(port, command, logFolder.resolve("vllm-" + port + ".log"));
  }

  private Process start() throws IOException {
    return new ProcessBuilder(command)
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

  /** Tokens of prompts that came from there, such as {@code external_kv_transfer}. */
  double promptTokens(String source) throws IOException, InterruptedException {
    return get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("vllm:prompt_tokens_by_source_total{"))
        .filter(line -> line.contains("source=\"" + source + "\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
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
