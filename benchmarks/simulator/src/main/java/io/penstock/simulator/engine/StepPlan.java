package io.penstock.simulator.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * Decides what one step computes, as vLLM's scheduler does, and how long that takes.
 *
 * <p>Owned by an {@link Engine}, whose queues and blocks it changes; reused from step to step.
 *
 * <ol>
 *   <li>Every decoding sequence gets one token.
 *   <li>What is left of the token budget goes to prefills in the batch, oldest first, in chunks.
 *   <li>Then waiting sequences enter the batch while a place, budget and blocks for their whole
 *       prompt are there; their cached prefix is matched at that moment.
 * </ol>
 *
 * <p>A sequence in the batch that finds no block preempts the least urgent and latest one: that one
 * loses its blocks, goes to the front of the queue, behind more urgent ones, and is computed again.
 * In such a step nothing enters the batch.
 */
final class StepPlan {

  private final EngineConfig config;
  private final BlockPool pool;
  private final WaitingQueue waiting;
  private final List<Sequence> running;
  private final EngineStats stats;

  private final ArrayList<Sequence> scheduled = new ArrayList<>();
  private final ArrayList<Sequence> admitted = new ArrayList<>();
  private int budget;
  private boolean preempted;

  StepPlan(
      EngineConfig config,
      BlockPool pool,
      WaitingQueue waiting,
      List<Sequence> running,
      EngineStats stats) {
    this.config = config;
    this.pool = pool;
    this.waiting = waiting;
    this.running = running;
    this.stats = stats;
  }

  /** Sequences that compute {@link Sequence#scheduledTokens} in this step. */
  List<Sequence> scheduled() {
    return scheduled;
  }

  /** Those of them that entered the batch for the first time. */
  List<Sequence> admitted() {
    return admitted;
  }

  void make(long nowNanos) {
    scheduled.clear();
    admitted.clear();
    budget = config.maxNumBatchedTokens();
    preempted = false;
    scheduleRunning(true);
    scheduleRunning(false);
    if (!preempted) {
      admit(nowNanos);
    }
  }

  /** Modelled duration of the plan. */
  double seconds() {
    EngineProfile profile = config.profile();
    double chunkSeconds = 0;
    int decodes = 0;
    long decodeContext = 0;
    for (int i = 0; i < scheduled.size(); i++) {
      Sequence sequence = scheduled.get(i);
      if (sequence.decoding()) {
        decodes++;
        decodeContext += sequence.size();
      } else {
        chunkSeconds += profile.chunkSeconds(sequence.scheduledTokens, sequence.computedTokens);
      }
    }
    return profile.stepSeconds(chunkSeconds, decodes, decodeContext);
  }

  private void scheduleRunning(boolean decodes) {
    for (int i = 0; i < running.size() && budget > 0; i++) {
      Sequence sequence = running.get(i);
      if (sequence.decoding() != decodes) {
        continue;
      }
      int tokens = Math.min(budget, sequence.size() - sequence.computedTokens);
      int needed = sequence.blocksFor(sequence.computedTokens + tokens, config.blockSize());
      while (needed > pool.free() && sequence.state == Sequence.State.RUNNING) {
        int victim = victim();
        preempt(victim);
        if (victim <= i) {
          i--; // what follows moved up
        }
      }
      if (sequence.state == Sequence.State.RUNNING) {
        schedule(sequence, tokens, needed);
      }
    }
  }

  private void admit(long nowNanos) {
    for (Sequence next = waiting.peek();
        next != null && budget > 0 && running.size() < config.maxNumSeqs();
        next = waiting.peek()) {
      int cachedBlocks = cachedBlocks(next);
      int wanted = next.blocksFor(next.size(), config.blockSize()) - cachedBlocks;
      if (wanted > pool.free() - freeAmongCached(next, cachedBlocks)) {
        return; // no one overtakes
      }
      waiting.remove(next);
      next.state = Sequence.State.RUNNING;
      running.add(next);
      for (int i = 0; i < cachedBlocks; i++) {
        int block = pool.find(next.blockHash(i, config.blockSize()));
        pool.retain(block);
        next.addBlock(block);
      }
      int cachedTokens = cachedBlocks * config.blockSize();
      next.adoptCached(cachedTokens);
      int computed = cachedTokens;
      if (next.cachedTokens < 0) {
        computed = Math.max(cachedTokens, Math.min(next.externalTokens(), next.size() - 1));
        next.adoptExternal(computed);
        next.cachedTokens = computed;
        next.scheduledNanos = nowNanos;
        stats.prefixCacheQueries += config.prefixCaching() ? next.promptTokens() : 0;
        stats.prefixCacheHits += cachedTokens;
        stats.externalCacheQueries += next.promptTokens() - cachedTokens;
        stats.externalCacheHits += next.receivedTokens;
        admitted.add(next);
      }
      int tokens = Math.min(budget, next.size() - computed);
      schedule(next, tokens, next.blocksFor(computed + tokens, config.blockSize()));
    }
  }

  /** Full blocks found in the cache, contiguous from the first; never the whole sequence. */
  private int cachedBlocks(Sequence sequence) {
    if (!config.prefixCaching()) {
      return 0;
    }
    int most = (sequence.size() - 1) / config.blockSize();
    int found = 0;
    while (found < most && pool.find(sequence.blockHash(found, config.blockSize())) >= 0) {
      found++;
    }
    return found;
  }

  private int freeAmongCached(Sequence sequence, int cachedBlocks) {
    int free = 0;
    for (int i = 0; i < cachedBlocks; i++) {
      if (pool.isFree(pool.find(sequence.blockHash(i, config.blockSize())))) {
        free++;
      }
    }
    return free;
  }

  private void schedule(Sequence sequence, int tokens, int newBlocks) {
    for (int i = 0; i < newBlocks; i++) {
      sequence.addBlock(pool.take());
    }
    sequence.scheduledTokens = tokens;
    budget -= tokens;
    scheduled.add(sequence);
  }

  /** The latest of the least urgent sequences in the batch. */
  private int victim() {
    int victim = running.size() - 1;
    for (int i = victim - 1; i >= 0; i--) {
      if (running.get(i).request().priority() > running.get(victim).request().priority()) {
        victim = i;
      }
    }
    return victim;
  }

  private void preempt(int at) {
    Sequence victim = running.remove(at);
    if (scheduled.remove(victim)) {
      budget += victim.scheduledTokens;
    }
    victim.releaseBlocks(pool);
    victim.state = Sequence.State.WAITING;
    victim.preemptions++;
    stats.preemptions++;
    waiting.addFirst(victim);
    preempted = true;
  }
}
