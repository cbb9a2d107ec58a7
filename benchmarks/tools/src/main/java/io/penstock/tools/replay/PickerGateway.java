package io.penstock.tools.replay;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.picker.assembly.Placement;
import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerConfig;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.ModelRule;
import io.penstock.picker.signals.EngineSample;
import io.penstock.picker.signals.MetricsPageScanner;
import io.penstock.picker.signals.Reservation;
import io.penstock.simulator.engine.EngineStats;
import io.penstock.tools.replay.trace.TraceRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's own picker, as the proxy uses it: streamed requests of text at four bytes a token,
 * in-flight counts, metrics pages, time to first token, tokens and usage. It starts from the same
 * priors as in production and is told nothing of the engines but what they show.
 */
final class PickerGateway implements Gateway {

  private static final String MODEL = "replayed";
  private static final int FIRST_PORT = 1_024;
  private static final int BYTES_PER_TOKEN = 4;
  private static final int BLOCKS_PER_ID =
      TraceRequest.BLOCK_TOKENS * BYTES_PER_TOKEN / PromptKeys.BLOCK_BYTES;
  private static final PrefixIndexConfig INDEX =
      new PrefixIndexConfig(1 << 10, 1 << 14, 512L << 20, 1 << 14, 1_000);

  private final PoolPicker picker;
  private final Pods pods;
  private final int prefills;
  private final MetricsPageScanner scanner = new MetricsPageScanner(1 << 10);
  private final EngineSample sample = new EngineSample();

  /**
   * A gateway.
   *
   * @param prefills how many pods, from the first, have the role prefill; all others have the role
   *     decode, or where there is no prefill pod, both
   * @param talk with other gateways; null: there is none
   */
  PickerGateway(
      Pods pods,
      int prefills,
      DisaggregationPolicy division,
      CostWeights weights,
      @Nullable EndpointPickerConfig policy,
      @Nullable Talk talk,
      long seed) {
    this.pods = pods;
    this.prefills = prefills;
    var config =
        new PoolPickerConfig(
            "replay",
            ModelRule.LISTED,
            Set.of(MODEL),
            weights,
            division,
            INDEX,
            Duration.ofSeconds(1),
            0,
            seed);
    var builder =
        PoolPicker.builder(config, 1)
            .withoutThread()
            .policy(policy)
            .time(() -> 0, InstantSource.fixed(Instant.EPOCH));
    if (talk == null) {
      this.picker = builder.build();
    } else {
      var listener = talk.new Listener();
      this.picker = builder.replicas(listener).build();
      listener.mirror(Objects.requireNonNull(picker.mirror()));
    }
    var specs = IntStream.range(0, pods.count()).mapToObj(this::spec).toList();
    picker.apply(new PoolDelta(specs, List.of()));
  }

  private EndpointSpec spec(int pod) {
    var other = prefills == 0 ? Role.BOTH : Role.DECODE;
    return EndpointSpec.of("127.0.0.1", FIRST_PORT + pod, pod < prefills ? Role.PREFILL : other);
  }

  private static int pod(Endpoint endpoint) {
    return endpoint.spec().port() - FIRST_PORT;
  }

  @Override
  public Plan send(TraceRequest request, long nowNanos) {
    var facts = facts(request);
    return switch (picker.pick(facts, "", 0, new Exclusions(), nowNanos)) {
      case Decision.Route route ->
          new Placed(
              picker.placements().place(facts, route, route.endpoint(), 0, nowNanos), request);
      case Decision.Disaggregated divided ->
          new InTwo(
              request,
              facts,
              divided,
              picker.placements().expect(facts, divided, 0),
              picker.placements().placePrefill(facts, divided, divided.prefill(), 0, nowNanos));
      case Decision.NoEndpoint none ->
          throw new IllegalStateException("request " + request.number() + ": " + none);
    };
  }

  private static InferenceRequest facts(TraceRequest request) {
    return InferenceRequest.builder(ApiKind.CHAT, MODEL).stream(true)
        .promptBytes(request.promptTokens() * BYTES_PER_TOKEN)
        .keys(keys(request))
        .build();
  }

  /**
   * Keys of blocks of 64 tokens from ids of 512: an id names its prefix, so the id and a place do
   * too.
   */
  static PromptKeys keys(TraceRequest request) {
    int blocks = request.promptTokens() * BYTES_PER_TOKEN / PromptKeys.BLOCK_BYTES;
    long[] keys = new long[KeyGrid.keys(blocks)];
    for (int i = 0; i < keys.length; i++) {
      int block = KeyGrid.blocks(i + 1) - 1;
      long id = request.block(block / BLOCKS_PER_ID);
      long z = (id * BLOCKS_PER_ID + block % BLOCKS_PER_ID + 1) * 0x9E3779B97F4A7C15L;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      keys[i] = z ^ (z >>> 27); // a bijection of what is not 0
    }
    return PromptKeys.owning(keys);
  }

  @Override
  public void scraped(int pod, EngineStats stats, long nowNanos, long intervalNanos) {
    var config = pods.engine(pod).config();
    byte[] page =
        ("vllm:num_requests_running{engine=\"0\"} "
                + stats.running()
                + "\nvllm:num_requests_waiting{engine=\"0\"} "
                + stats.waiting()
                + "\nvllm:kv_cache_usage_perc{engine=\"0\"} "
                + stats.kvCacheUsage()
                + "\nvllm:cache_config_info{block_size=\""
                + config.blockSize()
                + "\",engine=\"0\",num_gpu_blocks=\""
                + config.numGpuBlocks()
                + "\"} 1.0\n")
            .getBytes(US_ASCII);
    scanner.begin();
    scanner.feed(page, 0, page.length);
    scanner.finish(sample);
    picker.signals().update(slot(pod), sample, nowNanos, intervalNanos);
  }

  private int slot(int pod) {
    for (var endpoint : picker.snapshot().endpoints()) {
      if (endpoint.spec().port() == FIRST_PORT + pod) {
        return endpoint.slot();
      }
    }
    throw new IllegalStateException("pod " + pod + " is not in the pool");
  }

  @Override
  public void lost(int pod) {
    picker.apply(new PoolDelta(List.of(), List.of(spec(pod).id())));
  }

  @Override
  public void tick(long nowNanos) {
    picker.tick(nowNanos);
  }

  @Override
  public Duration scrapeInterval() {
    return Duration.ofMillis(200);
  }

  /** A request whose prompt is computed, as {@code proxy.exchange} places it. */
  private final class InTwo implements Divided {
    private final TraceRequest request;
    private final InferenceRequest facts;
    private final Decision.Disaggregated divided;
    private final @Nullable Reservation expected;
    private final Placement prefill;

    InTwo(
        TraceRequest request,
        InferenceRequest facts,
        Decision.Disaggregated divided,
        @Nullable Reservation expected,
        Placement prefill) {
      this.request = request;
      this.facts = facts;
      this.divided = divided;
      this.expected = expected;
      this.prefill = prefill;
    }

    @Override
    public int prefillPod() {
      return pod(prefill.endpoint());
    }

    @Override
    public Delivery prefilled(int cachedTokens, long nowNanos) {
      prefill.completed(request.promptTokens(), cachedTokens, 1, nowNanos);
      if (expected != null) {
        expected.end();
      }
      var answers = divided.decode().endpoint();
      return new Placed(
          picker.placements().placeDecode(facts, divided, answers, 0, nowNanos), request);
    }
  }

  /** A placement as a delivery. */
  private record Placed(Placement placement, TraceRequest request) implements Delivery {

    @Override
    public int pod() {
      return PickerGateway.pod(placement.endpoint());
    }

    @Override
    public void token(long nowNanos) {
      placement.firstByte(nowNanos);
      placement.tokens(1, nowNanos);
    }

    @Override
    public void completed(int cachedTokens, long nowNanos) {
      placement.completed(request.promptTokens(), cachedTokens, request.outputTokens(), nowNanos);
    }

    @Override
    public void failed(long nowNanos) {
      placement.failed(FailureKind.RESET, nowNanos);
    }
  }
}
