package io.penstock.cli;

import io.penstock.picker.config.Suggestion;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.tools.replay.Policy;
import io.penstock.tools.replay.Replay;
import io.penstock.tools.replay.ReplayConfig;
import io.penstock.tools.replay.ReplayReport;
import io.penstock.tools.replay.ReplayResult;
import io.penstock.tools.replay.Roles;
import io.penstock.tools.replay.trace.PrefixWorkload;
import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceReader;
import io.penstock.tools.replay.trace.TraceRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock replay}: what a routing policy would do with a trace, in virtual time. */
@Command(
    name = "replay",
    description =
        "Replays a trace through routing policies over simulated engines, in virtual time.",
    mixinStandardHelpOptions = true)
final class ReplayCommand implements Callable<Integer> {

  private static final int PROGRESS_EVERY = 200;

  @Parameters(
      paramLabel = "TRACE",
      description =
          "conversation or synthetic (built in), a file in their format (.jsonl, .jsonl.gz), or a"
              + " generated workload: shared-prefix, zipf or long-prompts")
  private String trace = "";

  @Option(
      names = "--policy",
      paramLabel = "NAME",
      description =
          "expected-cost (with other weights: expected-cost:decode=0.5,stall=0.2), round-robin,"
              + " least-request, smg, aibrix, llm-d-default, llm-d-precise, dynamo, preble,"
              + " min-pttft, all, or a file of an EndpointPickerConfig; with --prefill also"
              + " cost-divided and always-divided; may be repeated (default: expected-cost, with"
              + " --prefill these three)")
  private List<String> policies = new ArrayList<>();

  @Option(
      names = "--speed",
      paramLabel = "TIMES",
      split = ",",
      description = "how many times faster than recorded; several with commas (default: 1)")
  private List<Double> speeds = new ArrayList<>();

  @Option(names = "--half", paramLabel = "HALF", description = "first, second or whole (default)")
  private Trace.Half half = Trace.Half.WHOLE;

  @Option(
      names = "--requests",
      paramLabel = "N",
      description = "only the first N; of a generated workload, how many (default: 12000)")
  private @Nullable Integer requests;

  @Option(
      names = "--rate",
      paramLabel = "PER_SECOND",
      description = "requests per second of a generated workload (default: ${DEFAULT-VALUE})")
  private double rate = 40;

  @Option(names = "--pods", paramLabel = "N", description = "simulated engines (default: 8)")
  private @Nullable Integer pods;

  @Option(
      names = "--prefill",
      paramLabel = "N",
      description =
          "instead of --pods: engines that compute prompts for others; to policies that divide"
              + " nothing they are as all others")
  private @Nullable Integer prefill;

  @Option(names = "--decode", paramLabel = "N", description = "with --prefill: all other engines")
  private @Nullable Integer decode;

  @Option(
      names = "--kv-gbit",
      paramLabel = "GBIT",
      description = "network between two engines, Gbit/s (default: ${DEFAULT-VALUE})")
  private double kvGbit = 100;

  @Option(names = "--profile", paramLabel = "NAME", description = "8b or 70b (default: 70b)")
  private String profile = "70b";

  @Option(
      names = "--cache-blocks",
      paramLabel = "N",
      description = "KV blocks of 512 tokens in each engine (default: the profile's)")
  private @Nullable Integer cacheBlocks;

  @Option(names = "--slow-pods", paramLabel = "N", description = "that many pods are slower")
  private int slowPods;

  @Option(
      names = "--slowness",
      paramLabel = "TIMES",
      description = "how many times longer they take (default: ${DEFAULT-VALUE})")
  private double slowness = 2;

  @Option(names = "--lose-pod", description = "a pod dies half-way")
  private boolean losePod;

  @Option(
      names = "--gateways",
      paramLabel = "N",
      description = "gateway replicas, each of which gets its share of the requests (default: 1)")
  private int gateways = 1;

  @Option(
      names = "--share-millis",
      paramLabel = "MS",
      description =
          "gateways of ours tell each other what they send, that late (default: they share"
              + " nothing)")
  private @Nullable Integer shareMillis;

  @Option(
      names = "--scrape-millis",
      paramLabel = "MS",
      description =
          "how old engine metrics become (default: each router's own: 200 here, 50 for the others)")
  private @Nullable Integer scrapeMillis;

  @Option(
      names = "--tpot-millis",
      paramLabel = "MS",
      description = "most time per further token that is good (default: ${DEFAULT-VALUE})")
  private int tpotMillis = 100;

  @Option(names = "--seed", paramLabel = "N", description = "seed of all chance (default: 1)")
  private long seed = 1;

  @Option(names = "--json", paramLabel = "FILE", description = "also writes the results there")
  private @Nullable Path json;

  @Option(
      names = "--chart",
      paramLabel = "FILE",
      description = "also draws goodput over speed there, as SVG")
  private @Nullable Path chart;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    var chosen = policies();
    var config = config();
    var recorded = trace();
    List<ReplayReport> reports = new ArrayList<>();
    for (double speed : speeds.isEmpty() ? List.of(1.0) : speeds) {
      if (!(speed >= 0.01 && speed <= 100)) {
        throw wrong("--speed is " + speed + ", allowed: 0.01 to 100");
      }
      var replayed = recorded.faster(speed);
      List<ReplayResult> results = new ArrayList<>();
      for (var policy : chosen) {
        results.add(replay(replayed, policy, config));
      }
      var report = ReplayReport.of(replayed, speed, config, results);
      reports.add(report);
      spec.commandLine().getOut().println(report.table());
      spec.commandLine().getOut().flush();
    }
    if (json != null) {
      try (var out = Files.newBufferedWriter(json)) {
        ReplayReport.writeJson(reports, out);
      }
    }
    if (chart != null) {
      Files.writeString(chart, ReplayReport.goodputChart(reports).svg());
    }
    return 0;
  }

  private List<Policy> policies() {
    List<String> names = policies;
    if (names.isEmpty()) {
      names =
          prefill == null
              ? List.of(Policy.EXPECTED_COST)
              : List.of(Policy.COST_DIVIDED, Policy.ALWAYS_DIVIDED, Policy.EXPECTED_COST);
    }
    if (names.contains("all")) {
      names = Policy.names();
    }
    try {
      var parsed = names.stream().map(Policy::parse).toList();
      var divides = parsed.stream().filter(Policy::divides).findFirst();
      if (divides.isPresent() && prefill == null) {
        throw wrong("--policy " + divides.get().name() + " needs --prefill and --decode");
      }
      return parsed;
    } catch (IllegalArgumentException e) {
      throw wrong(e.getMessage());
    }
  }

  private ReplayConfig config() {
    try {
      var engine = EngineProfile.named(profile);
      int blocks =
          cacheBlocks != null ? cacheBlocks : engine.capacityTokens() / TraceRequest.BLOCK_TOKENS;
      Optional<Duration> scrape = Optional.ofNullable(scrapeMillis).map(Duration::ofMillis);
      return new ReplayConfig(
          pods(),
          engine,
          blocks,
          slowPods,
          slowness,
          losePod,
          gateways,
          Optional.ofNullable(shareMillis).map(Duration::ofMillis),
          scrape,
          roles(engine),
          Duration.ofMillis(tpotMillis),
          seed);
    } catch (IllegalArgumentException e) {
      throw wrong(e.getMessage());
    }
  }

  private int pods() {
    if (prefill == null && decode == null) {
      return pods == null ? 8 : pods;
    }
    if (prefill == null || decode == null || pods != null) {
      throw wrong("--prefill and --decode go together, and without --pods");
    }
    if (decode < 1 || decode > 1_000) {
      throw wrong("--decode is " + decode + ", allowed: 1 to 1000");
    }
    return prefill + decode;
  }

  private Optional<Roles> roles(EngineProfile engine) {
    if (prefill == null) {
      return Optional.empty();
    }
    if (!(kvGbit >= 0.1 && kvGbit <= 100_000)) {
      throw wrong("--kv-gbit is " + kvGbit + ", allowed: 0.1 to 100000");
    }
    return Optional.of(Roles.of(prefill, engine, Math.round(kvGbit * 1e9 / 8)));
  }

  private Trace trace() throws IOException {
    int most = requests == null ? 12_000 : requests;
    if (most < 1 || most > 10_000_000) {
      throw wrong("--requests is " + most + ", allowed: 1 to 10000000");
    }
    if (PrefixWorkload.NAMES.contains(trace)) {
      if (!(rate >= 0.01 && rate <= 100_000)) {
        throw wrong("--rate is " + rate + ", allowed: 0.01 to 100000");
      }
      return PrefixWorkload.named(trace, rate).generate(most, seed).half(half);
    }
    Trace recorded;
    if (TraceReader.BUILT_IN.contains(trace)) {
      recorded = TraceReader.builtIn(trace);
    } else if (Files.isReadable(Path.of(trace))) {
      recorded = TraceReader.file(Path.of(trace));
    } else {
      var known = new ArrayList<>(TraceReader.BUILT_IN);
      known.addAll(PrefixWorkload.NAMES);
      throw wrong(
          "trace '%s' is neither a readable file nor one of %s%s"
              .formatted(trace, String.join(", ", known), Suggestion.didYouMean(trace, known)));
    }
    var wanted = recorded.half(half).spread(seed);
    return requests == null ? wanted : wanted.limit(most);
  }

  private ReplayResult replay(Trace replayed, Policy policy, ReplayConfig config) {
    try {
      return Replay.run(replayed, policy, config, progress(policy, replayed.requests().size()));
    } catch (IllegalArgumentException e) {
      throw wrong("--cache-blocks is too small: " + e.getMessage());
    }
  }

  private static IntConsumer progress(Policy policy, int all) {
    if (!Terminal.attached()) {
      return _ -> {};
    }
    var terminal = System.err;
    return ended -> {
      if (ended == all) {
        terminal.print("\r\033[K");
      } else if (ended % PROGRESS_EVERY == 0) {
        terminal.print("\r" + policy.name() + ": " + ended + " of " + all + " requests\033[K");
      }
      terminal.flush();
    };
  }

  private CommandLine.ParameterException wrong(@Nullable String message) {
    return new CommandLine.ParameterException(
        spec.commandLine(), message == null ? "a flag has a wrong value" : message);
  }
}
