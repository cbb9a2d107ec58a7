package io.penstock.tools.beside;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts targets on one core, each on ports that are free. Owned by the driver's thread.
 *
 * <p>Envoy and the picker behind it share the core, as containers of one small pod do: CPU is
 * counted by process, so that neither is charged for the other, and the other core stays with the
 * load.
 *
 * @param commands what to start
 * @param core for all of them
 * @param endpoints of the pods
 * @param folder for configurations and logs
 */
record Launcher(Commands commands, int core, List<String> endpoints, Path folder) {

  private static final String LOOPBACK = "127.0.0.1:";

  /**
   * The programs.
   *
   * @param penstock launcher of the distribution
   * @param haproxy command
   * @param smg command
   * @param vllmRouter command
   * @param redis command
   * @param envoy command
   * @param envoyConfig the configuration with a picker, as shipped
   */
  record Commands(
      Path penstock,
      String haproxy,
      String smg,
      String vllmRouter,
      String redis,
      String envoy,
      Path envoyConfig) {}

  /** Starts a target; when this returns, it answers. */
  Proxy start(Target target) throws IOException, InterruptedException {
    int port = FreePort.next();
    List<Proxy.Part> parts = new ArrayList<>();
    var proxy = new Proxy(target, URI.create("http://" + LOOPBACK + port), parts);
    try {
      switch (target) {
        case Target.Gateway gateway -> {
          var transport = gateway.ioUring() ? "io_uring" : "auto";
          parts.add(gateway(target.name(), target, port, List.of("--transport", transport)));
        }
        case Target.Replicas _ -> {
          int redis = FreePort.next();
          parts.add(redis(target, redis));
          var told = List.of("--replicas.redis", "redis://" + LOOPBACK + redis);
          parts.add(gateway("replica", target, FreePort.next(), told));
          parts.add(gateway("gateway", target, port, told));
        }
        case Target.Haproxy _ -> parts.add(haproxy(port));
        case Target.Router router -> parts.add(router(router, port));
        case Target.Envoy _ -> parts.add(envoy(target, Configs.plain(port, endpoints)));
        case Target.EnvoyPicker picker -> {
          int grpc = FreePort.next();
          parts.add(picker(picker, grpc));
          var config = Configs.shipped(commands.envoyConfig, port, grpc, picker.tls());
          parts.add(envoy(target, config));
        }
      }
      proxy.awaitAnswer();
      return proxy;
    } catch (IOException | InterruptedException | RuntimeException e) {
      proxy.close();
      throw e;
    }
  }

  private Proxy.Part gateway(String name, Target target, int port, List<String> more)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(commands.penstock.toString(), "serve"));
    command.addAll(List.of("--endpoints", String.join(",", endpoints)));
    command.addAll(List.of("--listen", LOOPBACK + port, "--admin", LOOPBACK + "0"));
    command.addAll(List.of("--log.access", "false"));
    command.addAll(List.of("--timeouts.pre-stop", "0s", "--timeouts.drain", "1s"));
    command.addAll(more);
    return launch(name, target.name() + "-" + name, command);
  }

  /** One that stores nothing. */
  private Proxy.Part redis(Target target, int port) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(commands.redis, "--bind", "127.0.0.1"));
    command.addAll(List.of("--port", Integer.toString(port)));
    command.addAll(List.of("--save", "", "--appendonly", "no"));
    return launch("redis", target.name() + "-redis", command);
  }

  private Proxy.Part picker(Target.EnvoyPicker target, int port) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(commands.penstock.toString(), "picker"));
    command.addAll(List.of("--endpoints", String.join(",", endpoints)));
    command.addAll(List.of("--bind-address", "127.0.0.1", "--grpc-port", Integer.toString(port)));
    command.addAll(List.of("--grpc-health-port", "0", "--metrics-port", "0"));
    command.addAll(List.of("--pre-stop", "0s", "--drain-timeout", "1s"));
    command.add("--secure-serving=" + target.tls());
    command.add("--skip-response-processing=" + target.requestOnly());
    return launch(Target.PICKER, target.name() + "-picker", command);
  }

  private Proxy.Part haproxy(int port) throws IOException {
    var config = Configs.haproxy(port, endpoints);
    var file = Files.writeString(folder.resolve("haproxy.cfg"), config);
    return launch("haproxy", "haproxy", List.of(commands.haproxy, "-db", "-f", file.toString()));
  }

  /** One of the routers in Rust, whose flags are alike. */
  private Proxy.Part router(Target.Router target, int port) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(
        target.name().equals(Target.SMG)
            ? List.of(commands.smg, "launch")
            : List.of(commands.vllmRouter));
    command.add("--worker-urls");
    endpoints.forEach(endpoint -> command.add("http://" + endpoint));
    command.addAll(List.of("--policy", "cache_aware"));
    command.addAll(List.of("--host", "127.0.0.1", "--port", Integer.toString(port)));
    command.addAll(List.of("--prometheus-host", "127.0.0.1"));
    command.addAll(List.of("--prometheus-port", Integer.toString(FreePort.next())));
    command.addAll(List.of("--log-level", "error"));
    return launch(target.name(), target.name(), command);
  }

  private Proxy.Part envoy(Target target, String config) throws IOException {
    var file = Files.writeString(folder.resolve(target.name() + ".yaml"), config);
    return launch(
        "envoy",
        target.name(),
        List.of(
            commands.envoy,
            "--config-path",
            file.toString(),
            "--use-dynamic-base-id",
            "--concurrency",
            "1",
            "--log-level",
            "warn"));
  }

  private Proxy.Part launch(String name, String logName, List<String> command) throws IOException {
    List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(core)));
    pinned.addAll(command);
    var log = folder.resolve(logName + ".log");
    var process =
        new ProcessBuilder(pinned).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    // A driver that is stopped half-way leaves nothing behind.
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(process::destroyForcibly));
    return new Proxy.Part(name, process, log);
  }
}
