package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * The {@code penstock} command of the assembled distribution, running as a process of its own. One
 * thread reads what it prints; every wait is bounded. {@link #close} kills what still runs.
 */
final class PenstockProcess implements AutoCloseable {

  private static final Path HOME = Path.of(System.getProperty("penstock.home"));
  private static final Duration START = Duration.ofMinutes(1);
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** How a command ended, and all it printed to both outputs. */
  record Finished(int status, String output) {}

  private final Process process;
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Thread reader;

  private PenstockProcess(Process process) {
    this.process = process;
    // A thread of the platform: reading a pipe holds on to a virtual thread's carrier.
    this.reader = Thread.ofPlatform().daemon().name("penstock-output").start(this::read);
  }

  /** Starts a command. */
  static PenstockProcess start(String... arguments) throws IOException {
    return start(Map.of(), List.of(arguments));
  }

  /** Starts a command with more variables. */
  static PenstockProcess start(
      Map<String, String> environment, List<String> arguments, String... more) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(HOME.resolve("bin/penstock").toString());
    command.addAll(arguments);
    command.addAll(List.of(more));
    return launch(environment, command);
  }

  /** Starts a command line whose first word is the path of the {@code penstock} script. */
  static PenstockProcess of(List<String> command) throws IOException {
    return launch(Map.of(), command);
  }

  private static PenstockProcess launch(Map<String, String> environment, List<String> command)
      throws IOException {
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PENSTOCK_WARM_UP", "0s"); // a gateway that is asked a few times only
    builder.environment().putAll(environment);
    var process = builder.start();
    process.getOutputStream().close();
    return new PenstockProcess(process);
  }

  /** Runs a command to its end. */
  static Finished run(String... arguments) throws Exception {
    try (var running = start(arguments)) {
      int status = running.exitStatus(Duration.ofMinutes(2));
      return new Finished(status, running.output());
    }
  }

  /** Starts {@code penstock picker} on free ports of loopback and waits until it listens. */
  static PenstockProcess picker(String... flags) throws IOException {
    var free = List.of("--grpc-port", "0", "--grpc-health-port", "0", "--metrics-port", "0");
    List<String> arguments = new ArrayList<>(List.of("picker", "--bind-address", "127.0.0.1"));
    arguments.addAll(free);
    var picker = start(Map.of(), arguments, flags);
    picker.said("metrics on ");
    return picker;
  }

  /** Starts {@code penstock serve} on free ports and waits until it is ready. */
  static PenstockProcess serve(String... flags) throws IOException {
    var gateway = serveUnready(flags);
    await().atMost(START).until(() -> gateway.admin("/readyz").statusCode() == 200);
    return gateway;
  }

  /** Starts {@code penstock serve} on free ports and waits until it listens. */
  static PenstockProcess serveUnready(String... flags) throws IOException {
    return serveUnready(Map.of(), flags);
  }

  /** The same with more variables. */
  static PenstockProcess serveUnready(Map<String, String> environment, String... flags)
      throws IOException {
    var serve = List.of("serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0");
    var gateway = start(environment, serve, flags);
    gateway.said("admin on ");
    return gateway;
  }

  private void read() {
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      out.lines().forEach(lines::add);
    } catch (IOException | UncheckedIOException e) {
      lines.add("(reading ended: " + e.getMessage() + ")");
    }
  }

  /** What follows the prefix in the line that begins with it, once that line is printed. */
  String said(String prefix) {
    await()
        .atMost(START)
        .pollDelay(Duration.ZERO)
        .until(
            () -> {
              assertThat(process.isAlive() || find(prefix).isPresent()).as(output()).isTrue();
              return find(prefix).isPresent();
            });
    return find(prefix).orElseThrow();
  }

  private Optional<String> find(String prefix) {
    return lines.stream()
        .filter(line -> line.startsWith(prefix))
        .map(line -> line.substring(prefix.length()))
        .findFirst();
  }

  /** Everything it has printed so far. */
  String output() {
    return String.join("\n", lines) + "\n";
  }

  /** Where clients of a {@code serve} connect, such as {@code http://127.0.0.1:40123}. */
  String url() {
    return said("listening on ");
  }

  /** A page of the admin listener of a {@code serve}. */
  HttpResponse<String> admin(String path) throws IOException, InterruptedException {
    return get(said("admin on ") + path);
  }

  /** A GET of any server. */
  static HttpResponse<String> get(String url) throws IOException, InterruptedException {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(30)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Sum of the series of one metric of a {@code serve}; 0 while there is none. */
  double metric(String name) throws IOException, InterruptedException {
    return metric(admin("/metrics").body(), name);
  }

  /** Sum of the series of one metric of a {@code picker}; 0 while there is none. */
  double pickerMetric(String name) throws IOException, InterruptedException {
    return metric(get(said("metrics on ")).body(), name);
  }

  /** Sum of the series of one metric on a page. */
  static double metric(String page, String name) {
    return page.lines()
        .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** A POST of JSON to a {@code serve}, answered whole. */
  HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
    return post(url(), path, json);
  }

  /** A POST of JSON to any server, answered whole. */
  static HttpResponse<String> post(String url, String path, String json)
      throws IOException, InterruptedException {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create(url + path))
            .header("content-type", "application/json")
            .timeout(Duration.ofMinutes(1))
            .POST(HttpRequest.BodyPublishers.ofString(json))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Sends SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** The exit status, which must be there within this time; all output has been read then. */
  int exitStatus(Duration within) throws InterruptedException {
    assertThat(process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)).as(output()).isTrue();
    reader.join(Duration.ofSeconds(10));
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
