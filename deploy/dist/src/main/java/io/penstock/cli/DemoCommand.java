package io.penstock.cli;

import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.DecisionRecord;
import io.penstock.picker.pool.Role;
import io.penstock.proxy.app.GatewayApp;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvConnector;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock demo}: simulated pods and a gateway in one process. */
@Command(
    name = "demo",
    description = "Runs simulated pods behind a gateway: no GPU, no Kubernetes, no keys.",
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {

  private static final long READY_WITHIN_NANOS = Duration.ofSeconds(20).toNanos();

  @Option(names = "--pods", paramLabel = "N", description = "simulated pods (default: 4)")
  private int pods = 4;

  @Option(
      names = "--prefill",
      paramLabel = "N",
      description = "of them, instead of --pods, N that compute prompts for those of --decode")
  private int prefill;

  @Option(
      names = "--decode",
      paramLabel = "N",
      description = "and N that answer from them; with --prefill")
  private int decode;

  @Option(names = "--model", paramLabel = "NAME", description = "model they serve (default: tiny)")
  private String model = "tiny";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "of the gateway; 0: a free one (default: 8080)")
  private int port = 8080;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "of the admin listener; 0: a free one (default: 9090)")
  private @Nullable Integer adminPort;

  @Option(
      names = "--requests",
      paramLabel = "N",
      description = "sends itself N requests, prints how they were routed, and ends")
  private int requests;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    check();
    // A free port for the gateway means free ports altogether.
    int admin = adminPort != null ? adminPort : port == 0 ? 0 : 9090;
    try (var fleet = Fleet.builder().build()) {
      for (int i = 0; i < pods; i++) {
        var pod = PodConfig.builder().models(model).profile(EngineProfile.named("8b")).seed(i);
        fleet.start((prefill > 0 ? pod.kv(KvConfig.of(KvConnector.NIXLV2)) : pod).build());
      }
      var sources =
          ConfigSources.builder()
              .listen("127.0.0.1:" + port)
              .admin("127.0.0.1:" + admin)
              .flag("--log.access", Boolean.toString(requests == 0))
              .flag("--timeouts.pre-stop", "0s")
              .flag("--timeouts.drain", "10s");
      if (prefill > 0) {
        sources
            .endpoints(Role.PREFILL, addresses(fleet.pods().subList(0, prefill)))
            .endpoints(Role.DECODE, addresses(fleet.pods().subList(prefill, pods)))
            .decider("always");
      } else {
        sources.endpoints(addresses(fleet.pods()));
      }
      if (!(GatewayConfigLoader.load(sources.build()) instanceof LoadResult.Loaded loaded)) {
        throw wrong("the model name '" + model + "' is not one");
      }
      try (var app = GatewayApp.start(loaded, BuildFacts.version())) {
        awaitReady(app);
        if (requests > 0) {
          talk(app, fleet);
        } else {
          tell(app);
          ServeCommand.drainOnSignal(app, Duration.ofSeconds(10));
          while (!app.awaitDrained(Duration.ofDays(1))) {
            // Runs until it is told to stop.
          }
        }
      }
    }
    return 0;
  }

  private static String addresses(List<SimulatedPod> of) {
    return of.stream().map(SimulatedPod::hostPort).collect(Collectors.joining(","));
  }

  private void check() {
    if (prefill != 0 || decode != 0) {
      if (prefill < 1 || decode < 1) {
        throw wrong(
            "--prefill and --decode are "
                + prefill
                + " and "
                + decode
                + ", allowed: at least 1 of each, or neither");
      }
      pods = prefill + decode;
    }
    if (pods < 1 || pods > 200) {
      throw wrong("--pods is " + pods + ", allowed: 1 to 200");
    }
    if (requests < 0 || requests > 100_000) {
      throw wrong("--requests is " + requests + ", allowed: 1 to 100000");
    }
    if (port < 0 || port > 65_535) {
      throw wrong("--port is " + port + ", allowed: 0 to 65535");
    }
  }

  private static void awaitReady(GatewayApp app) throws IOException {
    long start = System.nanoTime();
    while (!app.ready()) {
      if (System.nanoTime() - start > READY_WITHIN_NANOS) {
        throw new IOException("the simulated pods did not become ready");
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  private void tell(GatewayApp app) {
    String url = ServeCommand.url(app.address(), false);
    var admin = app.adminAddress();
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        """
        %d simulated vLLM pods serve '%s' behind %s

          curl %s/v1/chat/completions -H 'content-type: application/json' \\
            -d '{"model":"%s","messages":[{"role":"user","content":"hello"}],"max_tokens":16,"stream":true}'

          from openai import OpenAI
          client = OpenAI(base_url="%s/v1", api_key="unused")
          print(client.chat.completions.create(model="%s", max_tokens=16,
              messages=[{"role": "user", "content": "hello"}]).choices[0].message.content)

        Why that pod, live: %s/
        Ctrl-C ends it.
        """,
        pods,
        model,
        url,
        url,
        model,
        url,
        model,
        admin == null ? "" : ServeCommand.url(admin, false));
    out.flush();
  }

  private void talk(GatewayApp app, Fleet fleet) throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    String url = ServeCommand.url(app.address(), false);
    out.println("gateway on " + url + ", " + pods + " simulated pods");
    out.flush();
    var terminal = Terminal.attached() ? spec.commandLine().getErr() : null;
    var traffic = new DemoTraffic(new ChatClient(url, model), requests, terminal);
    var samples = traffic.run();
    if (terminal != null) {
      terminal.println();
      terminal.flush();
    }
    Map<String, List<DemoTraffic.Sample>> byPod = new HashMap<>();
    Map<String, Integer> prefills = new HashMap<>();
    for (var sample : samples) {
      var decision = app.decision(sample.requestId());
      byPod.computeIfAbsent(podOf(decision), _ -> new ArrayList<>()).add(sample);
      if (decision != null) {
        decision.attempts().stream()
            .filter(attempt -> attempt.leg() == Attempt.Leg.PREFILL)
            .forEach(attempt -> prefills.merge(attempt.endpoint().address(), 1, Integer::sum));
      }
    }
    out.printf(
        "%-22s %9s %14s %14s %10s %10s%n",
        "pod", "requests", "prompt tokens", "cached tokens", "TTFT p50", "TTFT p99");
    for (var pod : fleet.pods()) {
      var stats = pod.stats();
      var answered = byPod.getOrDefault(pod.hostPort(), List.of());
      int legs = answered.size() + prefills.getOrDefault(pod.hostPort(), 0);
      out.printf(
          "%-22s %9d %14d %14d %10s %10s%n",
          pod.hostPort(),
          legs,
          stats.promptTokens(),
          stats.cachedTokens(),
          ttft(answered, 50),
          ttft(answered, 99));
    }
    // A pod that answers counts what it was handed as cached; what was found is known where prompts
    // are computed.
    long cached =
        fleet.pods().subList(0, prefill > 0 ? prefill : pods).stream()
            .mapToLong(pod -> pod.stats().cachedTokens())
            .sum();
    long possible = traffic.possibleTokens();
    out.printf(
        "prefix hit share %.2f of %d possible%n",
        possible == 0 ? 0.0 : (double) cached / possible, possible);
    out.flush();
  }

  /** A percentile in milliseconds; a dash for a pod that answered nobody. */
  private static String ttft(List<DemoTraffic.Sample> samples, double percentile) {
    if (samples.isEmpty()) {
      return "-";
    }
    var ttft = new Histogram(3);
    samples.forEach(sample -> ttft.recordValue(Math.max(0, sample.ttftNanos() / 1_000)));
    return "%.1f ms".formatted(ttft.getValueAtPercentile(percentile) / 1_000.0);
  }

  private static String podOf(@Nullable DecisionRecord decision) {
    return decision == null || decision.attempts().isEmpty()
        ? "?"
        : decision.attempts().getLast().endpoint().address();
  }

  private CommandLine.ParameterException wrong(String message) {
    return new CommandLine.ParameterException(spec.commandLine(), message);
  }
}
