package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Admitter;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.Forecast;
import io.penstock.picker.schedule.ModelRule;
import io.penstock.picker.schedule.Picker;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;
import io.penstock.picker.schedule.SessionHeader;
import io.penstock.picker.signals.EnginePage;
import io.penstock.picker.signals.EngineSettings;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.EngineSpec;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.MetricSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A pool that a test describes, endpoint by endpoint, and one profile over it. Tokens are four
 * bytes each, blocks 64 tokens; endpoint i is slot i at 10.0.0.(i+1):8000.
 */
final class Situation {

  static final String MODEL = "m";
  private static final long SECOND = 1_000_000_000;
  private static final long[] KEYS =
      LongStream.rangeClosed(1, KeyGrid.keys(1 << 12)).map(i -> i * 0x9E3779B97F4A7C15L).toArray();

  final EngineSignals signals = new EngineSignals(Duration.ofSeconds(1));
  final InFlight inFlight = new InFlight(1);
  final PrefixIndex index = new PrefixIndex(new PrefixIndexConfig(16, 4096, 8 << 20, 1 << 14, 1));
  long now = 100 * SECOND;
  final Map<String, String> headers = new HashMap<>();
  private final Map<Integer, Double> ttftMillis = new HashMap<>();
  private final Map<Integer, Double> tpotMillis = new HashMap<>();
  private final List<Endpoint> endpoints = new ArrayList<>();
  private final Scheduler scheduler;
  private final SchedulingContext context;
  private int promptTokens = 10 * PrefixMatch.BLOCK_TOKENS;
  private String model = MODEL;
  private int mediaTokens;

  Situation(List<Filter> filters, List<Profile.Weighted> scorers, Picker picker) {
    this(new SingleProfileHandler(), List.of(new Profile("default", filters, scorers, picker)));
  }

  Situation(ProfileHandler handler, List<Profile> profiles) {
    scheduler = new Scheduler(handler, profiles, new FourBytes(), Set.of(MODEL, "adapter"));
    context = scheduler.context(signals, inFlight, index, new SplittableRandom(7));
  }

  static Situation scoring(Scorer scorer) {
    return new Situation(List.of(), List.of(new Profile.Weighted(scorer, 1)), new MaxScorePicker());
  }

  static Situation filtering(Filter... filters) {
    return new Situation(List.of(filters), List.of(), new MaxScorePicker());
  }

  /** Adds an endpoint without labels, unheard of. */
  int endpoint() {
    return endpoint(Map.of());
  }

  int endpoint(Map<String, String> labels) {
    return endpoint(Role.BOTH, labels);
  }

  int endpoint(Role role, Map<String, String> labels) {
    int slot = endpoints.size();
    var host = "10.0.0." + (slot + 1);
    var spec = new EndpointSpec(new EndpointId(host), host, host, 8000, role, labels, false);
    endpoints.add(new Endpoint(slot, spec, List.of()));
    index.open(slot);
    return slot;
  }

  /** Adds endpoints that have told these numbers of waiting requests. */
  Situation waiting(int... waiting) {
    for (int each : waiting) {
      tells(endpoint(), 0, each, 0);
    }
    return this;
  }

  Situation kvUsage(double... usages) {
    for (double each : usages) {
      tells(endpoint(), 0, 0, each);
    }
    return this;
  }

  Situation running(int... running) {
    for (int each : running) {
      tells(endpoint(), each, 0, 0);
    }
    return this;
  }

  /** Adds endpoints that hold so many blocks of the prompt. */
  Situation holding(int... blocks) {
    for (int each : blocks) {
      learn(endpoint(), each);
    }
    return this;
  }

  /** Adds endpoints with so many requests in flight from here, none with its first token. */
  Situation active(int... requests) {
    for (int each : requests) {
      int slot = endpoint();
      IntStream.range(0, each).forEach(i -> inFlight.add(0, slot, 0, 0));
    }
    return this;
  }

  /** Adds endpoints at which so many tokens wait for their prefill. */
  Situation pending(int... tokens) {
    for (int each : tokens) {
      inFlight.add(0, endpoint(), each, each);
    }
    return this;
  }

  void learn(int slot, int blocks) {
    index.learn(slot, KEYS, KeyGrid.keys(blocks));
  }

  /** Adds an endpoint of which these latencies are forecast. */
  Situation forecast(double ttft, double tpot) {
    int slot = endpoint();
    ttftMillis.put(slot, ttft);
    tpotMillis.put(slot, tpot);
    return this;
  }

  Situation prompt(int tokens) {
    promptTokens = tokens;
    return this;
  }

  /** The request has images that come to so many tokens. */
  Situation media(int tokens) {
    mediaTokens = tokens;
    return this;
  }

  Situation model(String name) {
    model = name;
    return this;
  }

  Situation header(String name, String value) {
    headers.put(name, value);
    return this;
  }

  void tells(int slot, int running, int waiting, double kvUsage) {
    tells(slot, running, waiting, kvUsage, "");
  }

  /** The endpoint's newest metrics page, with 1,000 blocks of 16 tokens. */
  void tells(int slot, int running, int waiting, double kvUsage, String more) {
    var page =
        String.format(
            Locale.ROOT,
            """
                vllm:num_requests_running{engine="0"} %d
                vllm:num_requests_waiting{engine="0"} %d
                vllm:kv_cache_usage_perc{engine="0"} %f
                vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="1000"} 1.0
                %s
                """,
            running,
            waiting,
            kvUsage,
            more);
    var sample = EnginePage.read(page, signals.engines().metrics(EngineSettings.ENGINE));
    signals.update(slot, sample, now, SECOND / 5);
  }

  /** Has vLLM's pages read for one more metric. */
  void custom(String attribute, String metric) {
    var engines = new ArrayList<EngineSpec>();
    for (var each : EngineSettings.DEFAULT.engines()) {
      var custom = List.of(new EngineSpec.Custom(attribute, MetricSpec.parse(metric)));
      engines.add(
          new EngineSpec(
              each.name(),
              each.queued(),
              each.running(),
              each.kvUsage(),
              each.lora(),
              each.cache(),
              custom));
    }
    signals.engines(new EngineSettings(EngineSettings.LABEL, EngineSettings.ENGINE, engines));
  }

  void pass(Duration time) {
    now += time.toNanos();
  }

  Decision decide() {
    begin(context);
    return scheduler.schedule(context);
  }

  /** Whether the request would be refused, were its priority negative. */
  boolean refusedBy(Admitter admitter) {
    var asking =
        new Scheduler(
            new SingleProfileHandler(),
            List.of(new Profile("default", List.of(), List.of(), new MaxScorePicker())),
            List.of(),
            List.of(admitter),
            new FourBytes(),
            ModelRule.LISTED,
            Set.of(MODEL));
    var asked = asking.context(signals, inFlight, index, new SplittableRandom(7));
    begin(asked);
    return asking.refuses(asked);
  }

  private void begin(SchedulingContext context) {
    int blocks = promptTokens / PrefixMatch.BLOCK_TOKENS;
    long[] keys = Arrays.copyOf(KEYS, KeyGrid.keys(blocks));
    var request =
        InferenceRequest.builder(ApiKind.CHAT, model)
            .promptBytes(4 * promptTokens)
            .mediaTokens(mediaTokens)
            .keys(PromptKeys.owning(keys))
            .build();
    var snapshot = new PoolSnapshot("p", endpoints.size(), endpoints);
    context.begin(1, request, headers::get, snapshot, new Exclusions(), now);
  }

  /** Slot of the endpoint that is picked. */
  int pick() {
    return ((Decision.Route) decide()).endpoint().slot();
  }

  /** Slots of those that encode for the request, the best first. */
  List<Integer> encoders() {
    decide();
    return context.routes().encoders().stream().map(Endpoint::slot).toList();
  }

  /** Headers of the answer that name endpoints. */
  List<SessionHeader> sessionHeaders() {
    decide();
    return scheduler.sessionHeaders(context);
  }

  /** How often each slot is picked. */
  int[] picks(int times) {
    int[] counts = new int[endpoints.size()];
    for (int i = 0; i < times; i++) {
      counts[pick()]++;
    }
    return counts;
  }

  /** Scores of all endpoints, by slot, after a decision of the first profile. */
  double[] scores() {
    decide();
    var run = run();
    var scores = new double[endpoints.size()];
    for (int i = 0; i < run.count(); i++) {
      scores[run.slot(i)] = run.scores()[i];
    }
    return scores;
  }

  /** Slots that the filters leave. */
  List<Integer> kept() {
    decide();
    var run = run();
    return IntStream.range(0, run.count()).mapToObj(run::slot).toList();
  }

  private Candidates run() {
    return Objects.requireNonNull(context.result(context.firstRun()));
  }

  private final class FourBytes implements Forecast {

    @Override
    public int promptTokens(InferenceRequest request) {
      return Math.max(1, (int) request.promptTokens(4));
    }

    @Override
    public int cachedTokens(InferenceRequest request, int blocks, int promptTokens) {
      return Math.min(blocks * PrefixMatch.BLOCK_TOKENS, promptTokens - 1);
    }

    @Override
    public long ttftNanos(SchedulingContext context, int slot, int promptTokens, int cachedTokens) {
      return Math.round(1e6 * ttftMillis.getOrDefault(slot, 0.0));
    }

    @Override
    public long tpotNanos(SchedulingContext context, int slot, int promptTokens) {
      return Math.round(1e6 * tpotMillis.getOrDefault(slot, 0.0));
    }
  }
}
