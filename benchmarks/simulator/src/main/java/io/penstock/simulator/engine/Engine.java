package io.penstock.simulator.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A continuous-batching engine in modelled time: what vLLM's scheduler decides, without a model.
 *
 * <p>Confined to its clock's thread. It works in steps. When a step begins, {@link StepPlan}
 * chooses what it computes; after the modelled time the step ends, and every sequence whose known
 * tokens are all computed gets one more. Without sequences there is no step and no timer.
 *
 * <p>What it generates follows from the seed, the prompt, the adapter and the request's seed alone,
 * not from timing or batching.
 */
public final class Engine {

  private static final int DEFAULT_OUTPUT_TOKENS = 128;

  private final EngineConfig config;
  private final EngineClock clock;
  private final BlockPool pool;
  private final EngineStats stats = new EngineStats();
  private final WaitingQueue waiting = new WaitingQueue();
  private final ArrayList<Sequence> running = new ArrayList<>();
  private final StepPlan plan;
  private final ArrayDeque<Sequence> aborts = new ArrayDeque<>();
  private boolean stepping;
  private boolean delivering;

  public Engine(EngineConfig config, EngineClock clock) {
    this.config = config;
    this.clock = clock;
    pool = new BlockPool(config.numGpuBlocks());
    plan = new StepPlan(config, pool, waiting, running, stats);
  }

  public EngineConfig config() {
    return config;
  }

  /** Live counts; the same object every time. */
  public EngineStats stats() {
    stats.running = running.size();
    stats.waiting = waiting.size();
    stats.kvCacheUsage = (double) pool.held() / pool.capacity();
    return stats;
  }

  /**
   * Whether the queue has room for that many sequences, counting a refusal when not. To be asked
   * once for a request before its sequences are submitted.
   */
  public boolean admits(int sequences) {
    int bound = config.maxQueuedRequests();
    if (bound > 0 && waiting.size() + sequences > bound && waiting.size() > 0) {
      stats.rejected++;
      return false;
    }
    return true;
  }

  /**
   * Queues a sequence. Its output is clipped to what the model's length leaves behind the prompt.
   *
   * @throws IllegalArgumentException if the prompt leaves no room for one token of output; callers
   *     check that first
   */
  public Sequence submit(EngineRequest request, SequenceListener listener) {
    int[] prompt = request.promptTokenIds();
    int room = config.maxModelLen() - prompt.length;
    if (room < 1) {
      throw new IllegalArgumentException(
          "a prompt of "
              + prompt.length
              + " tokens leaves no room in a model length of "
              + config.maxModelLen());
    }
    int limit = request.maxTokens() == 0 ? room : Math.min(room, request.maxTokens());
    long seed = TokenHash.mix(config.seed() ^ TokenHash.mix(request.seed()));
    seed = TokenHash.block(seed, TokenHash.name(request.adapter()), prompt, 0, prompt.length);
    var sequence =
        new Sequence(request, listener, seed, limit, endOf(request, seed), clock.nanos());
    waiting.add(sequence);
    wake();
    return sequence;
  }

  /**
   * Ends a sequence and frees its blocks at once, or when called from a listener, right after the
   * listeners of this step; no effect on one that ended.
   */
  public void abort(Sequence sequence) {
    if (sequence.state == Sequence.State.FINISHED || sequence.abortRequested) {
      return;
    }
    sequence.abortRequested = true;
    aborts.add(sequence);
    if (!delivering) {
      deliverAborts();
      if (waiting.size() > 0) {
        wake(); // they may have waited behind it
      }
    }
  }

  /**
   * Tokens of a prompt that admission would find in the cache now: whole blocks, contiguous from
   * the first, never the whole prompt. For the base model and without a salt.
   */
  public int cachedTokens(int[] promptTokenIds) {
    int size = config.blockSize();
    int most = config.prefixCaching() ? (promptTokenIds.length - 1) / size : 0;
    long hash = TokenHash.ROOT;
    for (int block = 0; block < most; block++) {
      hash = TokenHash.block(hash, 0, promptTokenIds, block * size, size);
      if (pool.find(hash) < 0) {
        return block * size;
      }
    }
    return most * size;
  }

  /** What tells one prompt from another; equal on every engine. */
  public static long fingerprint(int[] promptTokenIds, @Nullable String adapter) {
    return TokenHash.block(
        TokenHash.ROOT, TokenHash.name(adapter), promptTokenIds, 0, promptTokenIds.length);
  }

  /** Gives up the blocks of a pinned sequence that has ended; harmless when that has happened. */
  public void free(Sequence sequence) {
    if (sequence.state == Sequence.State.FINISHED) {
      sequence.releaseBlocks(pool);
      if (waiting.size() > 0) {
        wake(); // they may have waited for these
      }
    }
  }

  /** Forgets all cached blocks; false, and no effect, while a sequence holds one. */
  public boolean resetPrefixCache() {
    return pool.reset();
  }

  /** Output length at which the request ends by itself, or 0. */
  private int endOf(EngineRequest request, long seed) {
    int mean = config.meanOutputTokens();
    if (mean == 0 && request.maxTokens() == 0) {
      mean = DEFAULT_OUTPUT_TOKENS;
    }
    if (mean == 0 || request.ignoreEos()) {
      return 0;
    }
    long draw = TokenHash.mix(seed ^ 0xE05L) >>> 1;
    int length = mean - mean / 2 + (int) (draw % (2 * (mean / 2) + 1)); // mean ± half
    return Math.max(1, Math.clamp(request.minTokens() + 1L, length, Integer.MAX_VALUE));
  }

  private void wake() {
    if (!stepping) {
      stepping = true;
      clock.schedule(0, this::beginStep);
    }
  }

  private void beginStep() {
    plan.make(clock.nanos());
    if (plan.scheduled().isEmpty()) {
      stepping = false; // all were aborted meanwhile, or wait for blocks that are pinned
      return;
    }
    clock.schedule(Math.round(plan.seconds() * 1e9), this::endStep);
    delivering = true;
    for (Sequence sequence : plan.admitted()) {
      sequence.listener.scheduled(sequence);
    }
    delivering = false;
    deliverAborts();
  }

  private void endStep() {
    long now = clock.nanos();
    int tokens = 0;
    delivering = true;
    for (Sequence sequence : plan.scheduled()) {
      if (sequence.state == Sequence.State.FINISHED) {
        continue; // aborted while the step ran
      }
      boolean decode = sequence.decoding();
      sequence.computedTokens += sequence.scheduledTokens;
      if (config.prefixCaching()) {
        sequence.storeFullBlocks(pool, config.blockSize());
      }
      tokens += decode ? 0 : sequence.scheduledTokens;
      if (sequence.computedTokens == sequence.size() && !sequence.abortRequested) {
        generate(sequence, now);
        tokens++;
      }
    }
    delivering = false;
    stats.steps++;
    stats.iterationTokens.observe(tokens);
    running.removeIf(sequence -> sequence.state == Sequence.State.FINISHED);
    deliverAborts();
    if (running.isEmpty() && waiting.size() == 0) {
      stepping = false;
    } else {
      beginStep();
    }
  }

  private void generate(Sequence sequence, long now) {
    int position = sequence.completionTokens();
    boolean ends = position + 1 == sequence.endsAt;
    long draw = TokenHash.mix(sequence.outputSeed + position);
    int token =
        ends ? config.eosTokenId() : config.sampler().sample(draw, sequence.lastOutputToken());
    sequence.append(token);
    stats.token(sequence, now);
    boolean wanted = sequence.listener.token(sequence, token);
    FinishReason reason = reasonToEnd(sequence, ends || !wanted);
    if (reason != null && !sequence.abortRequested) {
      finish(sequence, reason);
    }
  }

  private static @Nullable FinishReason reasonToEnd(Sequence sequence, boolean stopped) {
    if (stopped) {
      return FinishReason.STOP;
    }
    return sequence.completionTokens() >= sequence.outputLimit ? FinishReason.LENGTH : null;
  }

  private void deliverAborts() {
    delivering = true;
    for (Sequence next = aborts.poll(); next != null; next = aborts.poll()) {
      if (next.state == Sequence.State.WAITING) {
        waiting.remove(next);
      } else {
        running.remove(next);
      }
      finish(next, FinishReason.ABORT);
    }
    delivering = false;
  }

  private void finish(Sequence sequence, FinishReason reason) {
    if (reason != FinishReason.LENGTH || !sequence.request().pinned()) {
      sequence.releaseBlocks(pool);
    }
    sequence.finish(reason);
    stats.finished(sequence, reason, clock.nanos());
    sequence.listener.finished(sequence, reason);
  }
}
