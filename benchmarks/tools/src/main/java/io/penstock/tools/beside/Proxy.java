package io.penstock.tools.beside;

import io.penstock.tools.load.ChatBody;
import io.penstock.tools.load.Conversations;
import io.penstock.tools.load.LoadRun;
import io.penstock.tools.load.LoadSpec;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A proxy in a process of its own, pinned to one core. Owned by the driver's thread.
 *
 * @param name for tables
 * @param url where it takes requests
 */
record Proxy(String name, URI url, Process process) implements AutoCloseable {

  private static final int TRIES = 200;
  private static final Duration STEP = Duration.ofMillis(100);

  /** This gateway, by the launcher of its distribution. */
  static Proxy gateway(Path launcher, int core, List<String> endpoints, Path folder)
      throws IOException, InterruptedException {
    int port = freePort();
    return start(
        "penstock",
        core,
        port,
        folder,
        List.of(
            launcher.toString(),
            "serve",
            "--endpoints",
            String.join(",", endpoints),
            "--listen",
            "127.0.0.1:" + port,
            "--admin",
            "127.0.0.1:0",
            "--log.access",
            "false",
            "--timeouts.pre-stop",
            "0s",
            "--timeouts.drain",
            "1s"));
  }

  /** HAProxy with one thread and its default buffers. */
  static Proxy haproxy(String command, int core, List<String> endpoints, Path folder)
      throws IOException, InterruptedException {
    int port = freePort();
    var config = folder.resolve("haproxy.cfg");
    Files.writeString(config, haproxyConfig(port, endpoints));
    return start("haproxy", core, port, folder, List.of(command, "-db", "-f", config.toString()));
  }

  /** The configuration: what each line is for stands in the resource. */
  static String haproxyConfig(int port, List<String> endpoints) throws IOException {
    try (InputStream in = Proxy.class.getResourceAsStream("haproxy.cfg")) {
      if (in == null) {
        throw new IOException("haproxy.cfg is missing from the tools");
      }
      var text = new StringBuilder(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      for (int i = 0; i < endpoints.size(); i++) {
        text.append("  server pod").append(i).append(' ').append(endpoints.get(i));
        text.append(" pool-max-conn 1024\n");
      }
      return text.toString().replace("@PORT@", Integer.toString(port));
    }
  }

  /** Its CPU time so far, in seconds. */
  double cpuSeconds() throws IOException {
    return CpuStat.processSeconds(process.pid());
  }

  /** CPU time so far of its just-in-time compilers, in seconds. */
  double compilerSeconds() throws IOException {
    return CpuStat.compilerSeconds(process.pid());
  }

  /** Its memory now, in bytes. */
  long residentBytes() throws IOException {
    return CpuStat.residentBytes(process.pid());
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private static Proxy start(String name, int core, int port, Path folder, List<String> command)
      throws IOException, InterruptedException {
    List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(core)));
    pinned.addAll(command);
    var log = folder.resolve(name + ".log");
    var process =
        new ProcessBuilder(pinned).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    // A driver that is stopped half-way leaves no proxy behind.
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(process::destroyForcibly));
    var proxy = new Proxy(name, URI.create("http://127.0.0.1:" + port), process);
    try {
      proxy.awaitAnswer(log);
      return proxy;
    } catch (IOException | InterruptedException e) {
      proxy.close();
      throw e;
    }
  }

  /** Waits until a chat is answered. */
  private void awaitAnswer(Path log) throws IOException, InterruptedException {
    var chat = new ChatBody("tiny", false);
    var shape = Conversations.Shape.ofBody(chat, 1_024, 1, 0.5, 1, 0, 0);
    var one = LoadSpec.to(url).connections(1).requests(1).timeout(Duration.ofSeconds(1)).build();
    for (int i = 0; i < TRIES && process.isAlive(); i++) {
      if (LoadRun.start(one, new Conversations(chat, shape)).await().answered() == 1) {
        return;
      }
      TimeUnit.NANOSECONDS.sleep(STEP.toNanos());
    }
    throw new IOException(name + " did not answer:\n" + Files.readString(log).strip());
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
