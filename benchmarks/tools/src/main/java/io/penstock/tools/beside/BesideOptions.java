package io.penstock.tools.beside;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What {@code benchmarks/bin/beside} was asked for. Immutable.
 *
 * @param targets what is measured, in that order of every round
 * @param base what all are compared with, null: each with what is usual for it
 * @param commands what to start
 * @param endpoints how many mock pods, each of them scraped
 * @param pageKib least length of a pod's metrics page
 * @param proxyCore core of the proxies
 * @param loadCore core of the load generator and the mock pods, on which the driver runs
 * @param rounds that must count for each workload, 1..1,000
 * @param window how long a round measures one proxy
 * @param warmup requests and events that each proxy serves first
 * @param settle how long each part of the warm-up may go on until the compilers are quiet
 * @param mostNeighbourShare of either core, above which a round is thrown away, 0..1
 * @param attempts for one round
 * @param workloads in their order
 * @param json a file for the results, or null
 * @param chart a file for the ratios that have a bar, or null
 * @param seed of the prompts
 */
record BesideOptions(
    List<Target> targets,
    @Nullable Target base,
    Launcher.Commands commands,
    int endpoints,
    int pageKib,
    int proxyCore,
    int loadCore,
    int rounds,
    Duration window,
    int warmup,
    Duration settle,
    double mostNeighbourShare,
    int attempts,
    List<Workload> workloads,
    @Nullable Path json,
    @Nullable Path chart,
    long seed) {

  /** What {@code --help} prints. */
  static final String USAGE =
      """
      benchmarks/bin/beside: what a gateway takes beside others, CPU per request and per event

        --targets NAME,...   gateway, gateway+io_uring, gateway+replica (two that tell each other
                             through Redis; one gets the load), haproxy, smg, vllm-router, envoy,
                             envoy+picker, and of the last envoy+picker-plaintext,
                             envoy+picker-request-only, envoy+picker-plaintext-request-only too
                             (gateway,haproxy)
        --base NAME          what all are compared with (envoy+picker: envoy; gateway+replica:
                             gateway; others: haproxy)
        --rounds N           rounds of each workload that must count (7)
        --seconds S          how long a round measures each target (1.5)
        --warmup N           requests and events that each target serves first (100000)
        --settle S           then, for each workload, until its JIT is quiet, at most that long (15)
        --sizes KB,...       bodies (1,16,64,400)
        --prompts WORD,...   distinct, shared (both)
        --loads WORD,...     saturated, fixed, streams, idle (all but idle)
        --streams N,...      streams at a time (50,200,1000)
        --events N           events a second over all streams (20000; 4000 beside pickers)
        --endpoints N        mock pods, each of them scraped (8)
        --page KB            least length of their metrics pages (35; an idle vLLM has 43)
        --neighbour SHARE    of a core that others may use before a round is thrown away (0.05)
        --attempts N         tries for each round (3)
        --proxy-core N       core of the targets (0)
        --load-core N        core of load and mock pods (1)
        --gateway FILE       launcher of a built distribution (the checkout's)
        --haproxy COMMAND    which HAProxy (Debian's)
        --smg COMMAND        which SMG (the kit's)
        --vllm-router COMMAND  which router of vLLM's (the kit's)
        --redis COMMAND      which Redis (Debian's)
        --envoy COMMAND      which Envoy (the kit's)
        --envoy-config FILE  its configuration with a picker (deploy/envoy/fail-close.yaml)
        --json FILE          also writes all rounds there
        --chart FILE         also draws the ratios that have a bar there, as SVG
        --seed N             of the prompts (1)
        --short              one short round of few workloads, neighbours or not, with
                             gateway,haproxy,smg,vllm-router,envoy,envoy+picker unless --targets
                             follows: does it run?
      """;

  private static final Set<String> PROMPTS = new TreeSet<>(List.of("distinct", "shared"));
  private static final Set<String> LOADS =
      new TreeSet<>(List.of("saturated", "fixed", "streams", "idle"));

  /**
   * Reads the command line.
   *
   * @throws IllegalArgumentException with one sentence that names the flag and what it allows
   */
  static BesideOptions parse(List<String> arguments) {
    var parser = new Parser();
    Deque<String> left = new ArrayDeque<>(arguments);
    while (!left.isEmpty()) {
      String flag = left.pop();
      if (flag.equals("--short")) {
        parser.shorten();
      } else if (left.isEmpty()) {
        throw new IllegalArgumentException(flag + " is unknown or lacks its value");
      } else {
        parser.take(flag, left.pop());
      }
    }
    return parser.options();
  }

  private static final int EVENTS = 20_000;
  private static final int FEW_EVENTS = 4_000;

  /** Collects the flags. */
  private static final class Parser {
    private List<Target> targets = List.of(new Target.Gateway(false), new Target.Haproxy());
    private @Nullable Target base;
    private Path gateway = Path.of("deploy/dist/target/penstock/bin/penstock");
    private String haproxy = "haproxy";
    private String smg = "smg";
    private String vllmRouter = "vllm-router";
    private String redis = "redis-server";
    private String envoy = "envoy";
    private Path envoyConfig = Path.of("deploy/envoy/fail-close.yaml");
    private int endpoints = 8;
    private int pageKib = 35;
    private int proxyCore;
    private int loadCore = 1;
    private int rounds = 7;
    private double seconds = 1.5;
    private int warmup = 100_000;
    private double settle = 15;
    private double neighbour = 0.05;
    private int attempts = 3;
    private List<Integer> sizes = List.of(1, 16, 64, 400);
    private List<String> prompts = List.of("distinct", "shared");
    private List<String> loads = List.of("saturated", "fixed", "streams");
    private List<Integer> streams = List.of(50, 200, 1_000);
    private int events;
    private @Nullable Path json;
    private @Nullable Path chart;
    private long seed = 1;

    void shorten() {
      targets =
          List.of(
              new Target.Gateway(false),
              new Target.Haproxy(),
              new Target.Router(Target.SMG),
              new Target.Router(Target.VLLM_ROUTER),
              new Target.Envoy(),
              new Target.EnvoyPicker(true, false));
      rounds = 1;
      seconds = 0.3;
      warmup = 500;
      settle = 0;
      neighbour = 1;
      attempts = 2;
      sizes = List.of(1, 64);
      prompts = List.of("shared");
      streams = List.of(50);
    }

    void take(String flag, String value) {
      switch (flag) {
        case "--targets" -> targets = targets(flag, value);
        case "--base" -> base = target(flag, value);
        case "--gateway" -> gateway = Path.of(value);
        case "--haproxy" -> haproxy = value;
        case "--smg" -> smg = value;
        case "--vllm-router" -> vllmRouter = value;
        case "--redis" -> redis = value;
        case "--envoy" -> envoy = value;
        case "--envoy-config" -> envoyConfig = Path.of(value);
        case "--endpoints" -> endpoints = integer(flag, value, 1, 1_000);
        case "--page" -> pageKib = integer(flag, value, 0, 1_024);
        case "--proxy-core" -> proxyCore = integer(flag, value, 0, 1_023);
        case "--load-core" -> loadCore = integer(flag, value, 0, 1_023);
        case "--rounds" -> rounds = integer(flag, value, 1, 1_000);
        case "--seconds" -> seconds = number(flag, value, 0.1, 60);
        case "--warmup" -> warmup = integer(flag, value, 1, 10_000_000);
        case "--settle" -> settle = number(flag, value, 0, 600);
        case "--neighbour" -> neighbour = number(flag, value, 0, 1);
        case "--attempts" -> attempts = integer(flag, value, 1, 1_000);
        case "--sizes" -> sizes = integers(flag, value, 1, 4_096);
        case "--prompts" -> prompts = words(flag, value, PROMPTS);
        case "--loads" -> loads = words(flag, value, LOADS);
        case "--streams" -> streams = integers(flag, value, 1, 20_000);
        case "--events" -> events = integer(flag, value, 1, 1_000_000);
        case "--chart" -> chart = Path.of(value);
        case "--json" -> json = Path.of(value);
        case "--seed" -> seed = integer(flag, value, 0, Integer.MAX_VALUE);
        default -> throw new IllegalArgumentException("there is no flag " + flag);
      }
    }

    BesideOptions options() {
      if (proxyCore == loadCore) {
        throw new IllegalArgumentException(
            "--proxy-core and --load-core are both " + loadCore + ", but must differ");
      }
      if (base != null && !targets.contains(base)) {
        throw new IllegalArgumentException(
            "--base is '%s', allowed: what --targets names".formatted(base.name()));
      }
      return new BesideOptions(
          targets,
          base,
          new Launcher.Commands(gateway, haproxy, smg, vllmRouter, redis, envoy, envoyConfig),
          endpoints,
          pageKib,
          proxyCore,
          loadCore,
          rounds,
          Duration.ofNanos(Math.round(seconds * 1e9)),
          warmup,
          Duration.ofNanos(Math.round(settle * 1e9)),
          neighbour,
          attempts,
          workloads(),
          json,
          chart,
          seed);
    }

    private List<Workload> workloads() {
      List<Workload> all = new ArrayList<>();
      for (String load : loads) {
        if (load.equals("idle")) {
          all.add(new Workload.Idle());
          continue;
        }
        if (load.equals("streams")) {
          int perSecond = events > 0 ? events : usualEvents();
          streams.forEach(count -> all.add(new Workload.Streams(count, perSecond)));
          continue;
        }
        for (int size : sizes) {
          for (String prompt : prompts) {
            int bytes = size << 10;
            int rate = load.equals("fixed") ? Workload.Chats.rateFor(bytes) : 0;
            all.add(new Workload.Chats(bytes, prompt.equals("shared"), rate));
          }
        }
      }
      return all;
    }

    /** So many that no target is saturated: where reads hold several events, costs say nothing. */
    private int usualEvents() {
      boolean few =
          targets.stream()
              .anyMatch(
                  target ->
                      switch (target) {
                        case Target.EnvoyPicker _, Target.Router _ -> true;
                        case Target.Gateway _,
                            Target.Replicas _,
                            Target.Haproxy _,
                            Target.Envoy _ ->
                            false;
                      });
      return few ? FEW_EVENTS : EVENTS;
    }

    private static List<Target> targets(String flag, String value) {
      var names = List.of(value.split(",", -1));
      if (Set.copyOf(names).size() < names.size()) {
        throw new IllegalArgumentException(flag + " is '" + value + "', which names one twice");
      }
      return names.stream().map(name -> target(flag, name)).toList();
    }

    private static Target target(String flag, String name) {
      var found = Target.find(name);
      if (found == null) {
        throw new IllegalArgumentException(
            "%s has '%s', allowed: %s".formatted(flag, name, Target.names()));
      }
      return found;
    }

    private static int integer(String flag, String value, int least, int most) {
      return (int) number(flag, value, least, most, value.matches("[0-9]+"));
    }

    private static double number(String flag, String value, double least, double most) {
      return number(flag, value, least, most, value.matches("[0-9]+([.][0-9]+)?"));
    }

    private static double number(
        String flag, String value, double least, double most, boolean wellFormed) {
      double parsed = wellFormed ? Double.parseDouble(value) : Double.NaN;
      if (!(parsed >= least && parsed <= most)) {
        throw new IllegalArgumentException(
            "%s is '%s', allowed: %s to %s".formatted(flag, value, plain(least), plain(most)));
      }
      return parsed;
    }

    private static String plain(double bound) {
      return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
    }

    private static List<Integer> integers(String flag, String value, int least, int most) {
      return Arrays.stream(value.split(",", -1))
          .map(each -> integer(flag, each, least, most))
          .toList();
    }

    private static List<String> words(String flag, String value, Set<String> allowed) {
      var words = List.of(value.split(",", -1));
      for (String word : words) {
        if (!allowed.contains(word)) {
          throw new IllegalArgumentException(
              "%s has '%s', allowed: %s".formatted(flag, word, String.join(", ", allowed)));
        }
      }
      return words;
    }
  }
}
