package io.penstock.picker.assembly;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.signals.EngineSample;
import io.penstock.picker.signals.MetricsPageScanner;
import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.engine.EngineRequest;
import io.penstock.simulator.engine.FinishReason;
import io.penstock.simulator.engine.Sequence;
import io.penstock.simulator.engine.SequenceListener;
import io.penstock.simulator.engine.VirtualClock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Simulated engines in virtual time behind a pool picker, which sees of them what a gateway does: a
 * metrics page every 200 ms, tokens, usage. A token is four bytes of prompt.
 */
final class SimulatedPool {

  static final String MODEL = "tiny";

  private static final long TICK_NANOS = 100_000_000;
  private static final int TOKENS_PER_KEY = 64;

  final VirtualClock clock = new VirtualClock();
  final PoolPicker picker;
  final List<Engine> engines = new ArrayList<>();
  final List<Double> ttftSeconds = new ArrayList<>();
  long promptTokens;
  long cachedTokens;
  private final BiFunction<SimulatedPool, InferenceRequest, Decision.Route> routing;
  private final MetricsPageScanner scanner = new MetricsPageScanner(1 << 16);
  private final EngineSample sample = new EngineSample();
  private long ticks;

  SimulatedPool(List<EngineConfig> configs, long seed) {
    this(configs, seed, SimulatedPool::picked);
  }

  /** A pool whose requests go where {@code routing} says. */
  SimulatedPool(
      List<EngineConfig> configs,
      long seed,
      BiFunction<SimulatedPool, InferenceRequest, Decision.Route> routing) {
    this.routing = routing;
    var config =
        PoolPickerConfig.of("simulated", Set.of(MODEL), seed)
            .withIndex(new PrefixIndexConfig(64, 1 << 12, 64 << 20, 1 << 14, 10));
    this.picker =
        PoolPicker.builder(config, 1)
            .withoutThread()
            .time(clock::nanos, InstantSource.fixed(Instant.EPOCH))
            .build();
    List<EndpointSpec> specs = new ArrayList<>();
    for (var engine : configs) {
      engines.add(new Engine(engine, clock));
      specs.add(EndpointSpec.of("10.0.0." + engines.size(), 8000, Role.BOTH));
    }
    picker.apply(new PoolDelta(specs, List.of()));
    tick();
  }

  Decision.Route picked(InferenceRequest request) {
    return (Decision.Route) picker.pick(request, "r", 0, new Exclusions(), clock.nanos());
  }

  /** Sends a prompt; {@code done} gets prompt and answer together. */
  void submit(int[] prompt, int answerTokens, Consumer<int[]> done) {
    var request =
        InferenceRequest.builder(ApiKind.CHAT, MODEL).stream(true)
            .promptBytes(4 * prompt.length)
            .keys(keys(prompt))
            .build();
    var route = routing.apply(this, request);
    var placement = picker.placements().place(request, route, route.endpoint(), 0, clock.nanos());
    long sent = clock.nanos();
    promptTokens += prompt.length;
    engines
        .get(route.endpoint().slot())
        .submit(
            EngineRequest.builder(prompt).maxTokens(answerTokens).ignoreEos(true).build(),
            new SequenceListener() {
              private final int[] all = Arrays.copyOf(prompt, prompt.length + answerTokens);
              private int length = prompt.length;

              @Override
              public boolean token(Sequence sequence, int tokenId) {
                if (length == prompt.length) {
                  placement.firstByte(clock.nanos());
                  ttftSeconds.add((clock.nanos() - sent) / 1e9);
                }
                placement.tokens(1, clock.nanos());
                all[length++] = tokenId;
                return true;
              }

              @Override
              public void finished(Sequence sequence, FinishReason reason) {
                int cached = sequence.cachedTokens();
                cachedTokens += cached;
                placement.completed(prompt.length, cached, answerTokens, clock.nanos());
                done.accept(all);
              }
            });
  }

  /** Runs until {@code open} says that nothing is left to wait for. */
  void runWhile(BooleanSupplier open) {
    while (open.getAsBoolean()) {
      clock.runNext();
    }
  }

  private void tick() {
    if (ticks++ % 2 == 0) {
      for (var endpoint : picker.snapshot().endpoints()) {
        scrape(endpoint);
      }
    }
    picker.tick(clock.nanos());
    clock.schedule(TICK_NANOS, this::tick);
  }

  private void scrape(Endpoint endpoint) {
    var engine = engines.get(endpoint.slot());
    var stats = engine.stats();
    var page =
        String.format(
                Locale.ROOT,
                """
                vllm:num_requests_running{engine="0"} %d
                vllm:num_requests_waiting{engine="0"} %d
                vllm:kv_cache_usage_perc{engine="0"} %f
                vllm:cache_config_info{block_size="%d",engine="0",num_gpu_blocks="%d"} 1.0
                """,
                stats.running(),
                stats.waiting(),
                stats.kvCacheUsage(),
                engine.config().blockSize(),
                engine.config().numGpuBlocks())
            .getBytes(US_ASCII);
    scanner.begin();
    scanner.feed(page, 0, page.length);
    scanner.finish(sample);
    picker.signals().update(endpoint.slot(), sample, clock.nanos(), 2 * TICK_NANOS);
  }

  private static PromptKeys keys(int[] prompt) {
    long[] keys = new long[prompt.length / TOKENS_PER_KEY];
    long chain = 1;
    for (int i = 0; i < keys.length * TOKENS_PER_KEY; i++) {
      chain = (chain ^ prompt[i]) * 0x9E3779B97F4A7C15L;
      chain ^= chain >>> 29;
      if ((i + 1) % TOKENS_PER_KEY == 0) {
        keys[i / TOKENS_PER_KEY] = chain == 0 ? 1 : chain;
      }
    }
    return PromptKeys.owning(keys);
  }
}
