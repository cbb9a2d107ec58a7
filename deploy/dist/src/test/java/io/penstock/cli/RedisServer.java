package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real Redis on a port of loopback that stays the same when it is stopped and started again. */
final class RedisServer implements AutoCloseable {

  private final List<String> command = new ArrayList<>();
  private final Path log;
  private final int port;
  private Process process;

  /**
   * Starts it and waits until it listens.
   *
   * @param folder for what it prints
   * @param more of its flags
   */
  RedisServer(Path folder, String... more) throws Exception {
    log = folder.resolve("redis.log");
    try (var free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    command.add(Kit.bringUp("redis", "redis-up"));
    command.addAll(List.of("--bind", "127.0.0.1", "--save", "", "--appendonly", "no"));
    command.addAll(List.of("--dir", folder.toString()));
    command.addAll(List.of(more));
    start();
  }

  /** For flags that ask for its port. */
  private List<String> line() {
    List<String> line = new ArrayList<>(command);
    boolean tls = command.contains("--tls-cert-file");
    line.addAll(List.of(tls ? "--tls-port" : "--port", Integer.toString(port)));
    if (tls) {
      line.addAll(List.of("--port", "0"));
    }
    return line;
  }

  /** Starts it again, as it was. */
  void start() throws IOException {
    process =
        new ProcessBuilder(line())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              assertThat(process.isAlive()).as("redis-server, see " + log).isTrue();
              return listens();
            });
  }

  private boolean listens() {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
      return true;
    } catch (IOException notYet) {
      return false;
    }
  }

  /** Stops it, and whoever is connected sees that. */
  void stop() throws InterruptedException {
    process.destroy();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
  }

  /** {@code host:port}. */
  String address() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
