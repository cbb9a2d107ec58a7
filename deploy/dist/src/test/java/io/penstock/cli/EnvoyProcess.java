package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** A real Envoy that runs a file of {@code deploy/envoy} on free ports. {@link #close} kills it. */
final class EnvoyProcess implements AutoCloseable {

  private static final Path SHIPPED =
      Path.of(System.getProperty("penstock.root")).resolve("deploy/envoy");
  private static final Duration START = Duration.ofSeconds(30);

  /** Where the picker stands in the shipped files. */
  private static final String PICKER = "{ address: 127.0.0.1, port_value: 9002 }";

  private static final String ALL_PICKERS = "cluster.picker.membership_total";

  private final Process process;
  private final Path log;
  private final String admin;
  private final String url;

  private EnvoyProcess(Process process, Path log, Path adminAddress) throws Exception {
    this.process = process;
    this.log = log;
    await()
        .atMost(START)
        .until(
            () -> {
              assertThat(process.isAlive()).as("Envoy ended, see %s", log).isTrue();
              return Files.exists(adminAddress) && Files.size(adminAddress) > 0;
            });
    this.admin = "http://" + Files.readString(adminAddress).strip();
    await().atMost(START).until(() -> page("/ready").startsWith("LIVE"));
    String listeners = page("/listeners").strip();
    this.url = "http://127.0.0.1:" + listeners.substring(listeners.lastIndexOf(':') + 1);
  }

  /** The text of a shipped file. */
  static String shipped(String name) throws IOException {
    return Files.readString(SHIPPED.resolve(name + ".yaml"));
  }

  /**
   * Starts Envoy and waits until every picker of its file is healthy.
   *
   * @param folder for its configuration and its log
   * @param name of the shipped file, without its ending
   * @param picker where the picker serves ext_proc, as {@code host:port}
   * @param changes further texts of the file and what stands in their place
   */
  static EnvoyProcess start(Path folder, String name, String picker, Map<String, String> changes)
      throws Exception {
    String text = shipped(name);
    for (var change : changes.entrySet()) {
      text = replace(text, change.getKey(), change.getValue());
    }
    String port = picker.substring(picker.lastIndexOf(':') + 1);
    text = replace(text, PICKER, PICKER.replace("9002", port));
    text = replace(text, "address: 0.0.0.0, port_value: 8080", "address: 127.0.0.1, port_value: 0");
    text = replace(text, "port_value: 9901", "port_value: 0");
    var config = Files.createTempFile(folder, name, ".yaml");
    Files.writeString(config, text);
    var log = config.resolveSibling(config.getFileName() + ".log");
    var adminAddress = config.resolveSibling(config.getFileName() + ".admin");
    var process =
        new ProcessBuilder(
                Kit.bringUp("envoy", "envoy-up"),
                "--config-path",
                config.toString(),
                "--admin-address-path",
                adminAddress.toString(),
                "--use-dynamic-base-id",
                "--concurrency",
                "2",
                "--log-level",
                "warn")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      var envoy = new EnvoyProcess(process, log, adminAddress);
      await().atMost(START).until(() -> envoy.stat(ALL_PICKERS) > 0);
      envoy.awaitHealthyPickers((int) envoy.stat(ALL_PICKERS));
      return envoy;
    } catch (Exception | AssertionError e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static String replace(String text, String old, String with) {
    assertThat(text).contains(old);
    return text.replace(old, with);
  }

  /** Waits until Envoy's health checks say that so many pickers serve. */
  void awaitHealthyPickers(int count) {
    await().atMost(START).until(() -> stat("cluster.picker.membership_healthy") == count);
  }

  /** Where clients connect. */
  String url() {
    return url;
  }

  /** One of its counters or gauges; 0 while there is none of that name. */
  long stat(String name) throws IOException, InterruptedException {
    return page("/stats?filter=^" + name + "$")
        .lines()
        .filter(line -> line.startsWith(name + ": "))
        .mapToLong(line -> Long.parseLong(line.substring(name.length() + 2).strip()))
        .sum();
  }

  private String page(String path) throws IOException, InterruptedException {
    return PenstockProcess.get(admin + path.replace("^", "%5E")).body();
  }

  /** What it has logged. */
  String log() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
