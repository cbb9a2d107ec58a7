package io.penstock.picker.signals;

import io.penstock.picker.pool.Endpoint;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * The newest sample of every endpoint's engines, in columns of primitives with one row per slot.
 *
 * <p>A row has one writer at a time, the scraper of that slot ({@link #update}, {@link #failed};
 * {@link #reset} once the scraper has stopped). Anyone may read. Each cell is read and written in
 * opaque mode: no torn values, no order between cells; a reader may see half of the old sample and
 * half of the new one, which a pick can bear. Only the number of updates and the time of the last
 * are released and acquired, so that who sees a row as fresh sees at least the sample that made it
 * so.
 *
 * <p>Rows are made in chunks of 256 at the first write, about 25 KB each and at most 64 of them. A
 * row that was never written reads as zeros and not fresh.
 */
public final class EngineSignals {

  private static final int CHUNK = 256;
  private static final int FRESH_INTERVALS = 3;

  private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle DOUBLES = MethodHandles.arrayElementVarHandle(double[].class);
  private static final VarHandle ADAPTERS =
      MethodHandles.arrayElementVarHandle(LoraAdapters[].class);
  private static final VarHandle CHUNKS = MethodHandles.arrayElementVarHandle(Rows[].class);

  /** What every chunk is until its first write: zeros, never written. */
  private static final Rows UNKNOWN = new Rows();

  private final Rows[] chunks = new Rows[Endpoint.MAX_SLOTS / CHUNK];
  private final long freshForNanos;
  private final IntConsumer updated;
  private volatile boolean everAsleep;
  private volatile EngineAttributes attributes =
      new EngineAttributes(new EngineTable(EngineSettings.DEFAULT));

  /**
   * No endpoint is known yet.
   *
   * @param freshFor how long a sample counts as fresh at least; three scrape intervals if that is
   *     longer
   */
  public EngineSignals(Duration freshFor) {
    this(freshFor, slot -> {});
  }

  /**
   * The same, and somebody hears of each sample.
   *
   * @param updated told the slot after each sample of it, where that was written
   */
  public EngineSignals(Duration freshFor, IntConsumer updated) {
    this.freshForNanos = freshFor.toNanos();
    this.updated = updated;
    Arrays.fill(chunks, UNKNOWN);
  }

  /**
   * Reads pages by other settings from the next page of each endpoint on; from any thread, the last
   * call counts. Attributes are unknown until then, unless the settings are the same.
   */
  public void engines(EngineSettings settings) {
    if (!attributes.table().settings().equals(settings)) {
      attributes = new EngineAttributes(new EngineTable(settings));
    }
  }

  /** How pages are read now. */
  public EngineTable engines() {
    return attributes.table();
  }

  /** What custom metrics say; to be asked for once per decision. */
  public EngineAttributes attributes() {
    return attributes;
  }

  /**
   * Notes a sample. Called by the slot's scraper.
   *
   * @param nowNanos the ticker's time when the page had arrived
   * @param intervalNanos until the next sample is due
   */
  public void update(int slot, EngineSample sample, long nowNanos, long intervalNanos) {
    var rows = written(slot);
    int row = slot % CHUNK;
    if (sample.asleep && !everAsleep) {
      everAsleep = true;
    }
    write(rows, row, sample);
    attributes.write(slot, sample);
    LONGS.setRelease(rows.lastUpdateNanos, row, nowNanos);
    LONGS.setOpaque(
        rows.freshForNanos, row, Math.max(freshForNanos, FRESH_INTERVALS * intervalNanos));
    LONGS.setRelease(rows.updates, row, rows.updates[row] + 1);
    updated.accept(slot);
  }

  private static void write(Rows rows, int row, EngineSample sample) {
    INTS.setOpaque(rows.running, row, sample.running);
    INTS.setOpaque(rows.waiting, row, sample.waiting);
    DOUBLES.setOpaque(rows.kvUsage, row, sample.kvUsage);
    INTS.setOpaque(rows.blockSize, row, sample.blockSize);
    LONGS.setOpaque(rows.kvCapacityTokens, row, sample.kvCapacityTokens);
    LONGS.setOpaque(rows.prefixCacheQueries, row, sample.prefixCacheQueries);
    LONGS.setOpaque(rows.prefixCacheHits, row, sample.prefixCacheHits);
    LONGS.setOpaque(rows.promptTokens, row, sample.promptTokens);
    LONGS.setOpaque(rows.generationTokens, row, sample.generationTokens);
    LONGS.setOpaque(rows.preemptions, row, sample.preemptions);
    INTS.setOpaque(rows.asleep, row, sample.asleep ? 1 : 0);
    // Released: the record's fields are not final to a racy reader otherwise.
    ADAPTERS.setRelease(rows.loraAdapters, row, sample.loraAdapters);
    INTS.setOpaque(rows.failures, row, 0);
  }

  /** Notes that the page could not be had; the last sample stays until it is stale. */
  public void failed(int slot) {
    var rows = written(slot);
    int row = slot % CHUNK;
    INTS.setOpaque(rows.failures, row, rows.failures[row] + 1);
  }

  /** Forgets the slot, for its next owner. Called after the slot's scraper has stopped. */
  public void reset(int slot) {
    attributes.reset(slot);
    var rows = chunk(slot);
    if (rows == UNKNOWN) {
      return;
    }
    int row = slot % CHUNK;
    LONGS.setRelease(rows.updates, row, 0L);
    write(rows, row, new EngineSample());
  }

  /** Reads at once what a decision needs of one endpoint. */
  public void read(int slot, long nowNanos, EngineLoad into) {
    var rows = chunk(slot);
    int row = slot % CHUNK;
    into.fresh = fresh(rows, row, nowNanos);
    into.running = (int) INTS.getOpaque(rows.running, row);
    into.kvUsage = (double) DOUBLES.getOpaque(rows.kvUsage, row);
    into.kvCapacityTokens = (long) LONGS.getOpaque(rows.kvCapacityTokens, row);
  }

  /** Whether the last sample is young enough to be believed. */
  public boolean fresh(int slot, long nowNanos) {
    return fresh(chunk(slot), slot % CHUNK, nowNanos);
  }

  /**
   * What {@link #fresh} says of slots 0 to {@code slots - 1}, at once. Plain reads in order of
   * memory, which a 64-bit JVM does not tear, and one fence behind all of them: who reads a row
   * that is fresh here sees at least the sample that made it so.
   *
   * @param into receives it, at least {@code slots} long
   */
  public void readFresh(int slots, long nowNanos, boolean[] into) {
    for (int start = 0; start < slots; start += CHUNK) {
      var rows = chunk(start);
      int count = Math.min(CHUNK, slots - start);
      for (int row = 0; row < count; row++) {
        into[start + row] =
            rows.updates[row] > 0
                && nowNanos - rows.lastUpdateNanos[row] <= rows.freshForNanos[row];
      }
    }
    VarHandle.acquireFence();
  }

  private static boolean fresh(Rows rows, int row, long nowNanos) {
    return (long) LONGS.getAcquire(rows.updates, row) > 0
        && nowNanos - (long) LONGS.getAcquire(rows.lastUpdateNanos, row)
            <= (long) LONGS.getOpaque(rows.freshForNanos, row);
  }

  /** Samples since the slot got its owner; 0 when there was none yet. */
  public long updates(int slot) {
    return (long) LONGS.getAcquire(chunk(slot).updates, slot % CHUNK);
  }

  /** The ticker's time of the last sample; means nothing while {@link #updates} is 0. */
  public long lastUpdateNanos(int slot) {
    return (long) LONGS.getOpaque(chunk(slot).lastUpdateNanos, slot % CHUNK);
  }

  /** Failed scrapes since the last good one. */
  public int consecutiveFailures(int slot) {
    return (int) INTS.getOpaque(chunk(slot).failures, slot % CHUNK);
  }

  /** Requests in running batches. */
  public int running(int slot) {
    return (int) INTS.getOpaque(chunk(slot).running, slot % CHUNK);
  }

  /** Requests that wait for a place in a batch. */
  public int waiting(int slot) {
    return (int) INTS.getOpaque(chunk(slot).waiting, slot % CHUNK);
  }

  /** Used share of the KV cache, 0..1. */
  public double kvUsage(int slot) {
    return (double) DOUBLES.getOpaque(chunk(slot).kvUsage, slot % CHUNK);
  }

  /** Tokens per KV block; 0 when unknown. */
  public int blockSize(int slot) {
    return (int) INTS.getOpaque(chunk(slot).blockSize, slot % CHUNK);
  }

  /** Tokens that fit into the KV cache; 0 when unknown. */
  public long kvCapacityTokens(int slot) {
    return (long) LONGS.getOpaque(chunk(slot).kvCapacityTokens, slot % CHUNK);
  }

  /** Prompt tokens looked up in the prefix cache, a total of the engine. */
  public long prefixCacheQueries(int slot) {
    return (long) LONGS.getOpaque(chunk(slot).prefixCacheQueries, slot % CHUNK);
  }

  /** Prompt tokens found in the prefix cache, a total of the engine. */
  public long prefixCacheHits(int slot) {
    return (long) LONGS.getOpaque(chunk(slot).prefixCacheHits, slot % CHUNK);
  }

  /** Prompt tokens, a total of the engine. */
  public long promptTokens(int slot) {
    return (long) LONGS.getOpaque(chunk(slot).promptTokens, slot % CHUNK);
  }

  /** Generated tokens, a total of the engine. */
  public long generationTokens(int slot) {
    return (long) LONGS.getOpaque(chunk(slot).generationTokens, slot % CHUNK);
  }

  /** Preemptions, a total of the engine. */
  public long preemptions(int slot) {
    return (long) LONGS.getOpaque(chunk(slot).preemptions, slot % CHUNK);
  }

  /** Whether any pod has ever been asleep: while none has, nobody needs to ask each. */
  public boolean everAsleep() {
    return everAsleep;
  }

  /** Whether no engine of the pod is awake. */
  public boolean asleep(int slot) {
    return (int) INTS.getOpaque(chunk(slot).asleep, slot % CHUNK) != 0;
  }

  /** The LoRA adapters. */
  public LoraAdapters loraAdapters(int slot) {
    return (LoraAdapters) ADAPTERS.getAcquire(chunk(slot).loraAdapters, slot % CHUNK);
  }

  private Rows chunk(int slot) {
    return (Rows) CHUNKS.getAcquire(chunks, slot / CHUNK);
  }

  /** The chunk of a slot, made when missing; two scrapers may come at once. */
  private Rows written(int slot) {
    var rows = chunk(slot);
    if (rows != UNKNOWN) {
      return rows;
    }
    CHUNKS.compareAndSet(chunks, slot / CHUNK, UNKNOWN, new Rows());
    return chunk(slot);
  }

  private static final class Rows {
    final int[] running = new int[CHUNK];
    final int[] waiting = new int[CHUNK];
    final double[] kvUsage = new double[CHUNK];
    final int[] blockSize = new int[CHUNK];
    final long[] kvCapacityTokens = new long[CHUNK];
    final long[] prefixCacheQueries = new long[CHUNK];
    final long[] prefixCacheHits = new long[CHUNK];
    final long[] promptTokens = new long[CHUNK];
    final long[] generationTokens = new long[CHUNK];
    final long[] preemptions = new long[CHUNK];
    final int[] asleep = new int[CHUNK];
    final LoraAdapters[] loraAdapters = new LoraAdapters[CHUNK];
    final int[] failures = new int[CHUNK];
    final long[] lastUpdateNanos = new long[CHUNK];
    final long[] freshForNanos = new long[CHUNK];
    final long[] updates = new long[CHUNK];

    Rows() {
      Arrays.fill(loraAdapters, LoraAdapters.NONE);
    }
  }
}
