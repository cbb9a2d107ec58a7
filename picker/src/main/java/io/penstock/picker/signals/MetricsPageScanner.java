package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Reads the few metrics that routing needs out of a pod's metrics page as the page arrives, in
 * pieces of any split. Owned by the scraper of one endpoint; reused from page to page.
 *
 * <p>A page is {@link #begin}, any number of {@link #feed}, {@link #finish}. It has one series per
 * engine of the pod: counts and attributes are summed over them, KV usage is their mean (engines of
 * one pod have caches of one size). Of vLLM's caches each series has the blocks of the whole pod,
 * but the tokens of its engine alone; these are what they hold, where blocks are of several kinds
 * or hold more than their size says.
 *
 * <p>Cost: lines that cannot be wanted are skipped eight bytes at a time, one line may be copied
 * where a piece ends within it, and nothing is allocated but a {@link LoraAdapters} when the
 * adapters change. A wanted line that is malformed, or whose value is not a finite number of at
 * least 0, counts as {@link #malformed} and as missing; nothing is thrown.
 */
public final class MetricsPageScanner {

  private enum State {
    LINE_START,
    /** In a line that nobody wants. */
    SKIPPING,
    /** In a line that may be wanted and began in an earlier piece. */
    CARRYING
  }

  /** Longest wanted line; vLLM's longest is below 2 KB unless it lists very many adapters. */
  private static final int MAX_LINE_BYTES = 64 * 1024;

  private static final byte[] SLEEP_STATE = "sleep_state".getBytes(US_ASCII);
  private static final byte[] AWAKE = "awake".getBytes(US_ASCII);
  private static final byte[] CACHE_TOKENS = "kv_cache_size_tokens".getBytes(US_ASCII);

  private static final VarHandle EIGHT_BYTES =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long NEWLINES = 0x0a0a0a0a0a0a0a0aL;
  private static final long LOW_BITS = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  private final int maxPageBytes;
  private final EngineMetrics metrics;
  private final SampleLine line = new SampleLine();
  private final LoraSeries lora = new LoraSeries();
  private byte[] carry = {};
  private int carried;

  private State state = State.LINE_START;
  private long pageBytes;
  private int malformed;

  private boolean proven;
  private double running;
  private double waiting;
  private int usageSeries;
  private double usage;
  private int oldUsageSeries;
  private double oldUsage;
  private double blockSize;
  private double numGpuBlocks;
  private double cacheTokens;
  private double blockSizeValue;
  private double numBlocksValue;
  private double prefixCacheQueries;
  private double prefixCacheHits;
  private double promptTokens;
  private double generationTokens;
  private double preemptions;
  private int sleepSeries;
  private double awake;
  private final double[] attributes;

  /**
   * A scanner for vLLM's pages up to a size.
   *
   * @param maxPageBytes longer pages are {@link PageVerdict#TOO_LARGE}
   */
  public MetricsPageScanner(int maxPageBytes) {
    this(maxPageBytes, EngineMetrics.VLLM);
  }

  /**
   * A scanner for pages of an engine up to a size.
   *
   * @param maxPageBytes longer pages are {@link PageVerdict#TOO_LARGE}
   */
  public MetricsPageScanner(int maxPageBytes, EngineMetrics metrics) {
    this.maxPageBytes = maxPageBytes;
    this.metrics = metrics;
    this.attributes = new double[metrics.keys.count()];
    begin();
  }

  /** A new page begins; what is left of the last one is forgotten. */
  public void begin() {
    state = State.LINE_START;
    pageBytes = 0;
    malformed = 0;
    carried = 0;
    proven = false;
    running = 0;
    waiting = 0;
    usageSeries = 0;
    usage = 0;
    oldUsageSeries = 0;
    oldUsage = 0;
    blockSize = 0;
    numGpuBlocks = 0;
    cacheTokens = 0;
    blockSizeValue = 0;
    numBlocksValue = 0;
    prefixCacheQueries = 0;
    prefixCacheHits = 0;
    promptTokens = 0;
    generationTokens = 0;
    preemptions = 0;
    sleepSeries = 0;
    awake = 0;
    Arrays.fill(attributes, Double.NaN);
    lora.begin();
  }

  /** The next piece of the page; the bytes are not kept. */
  public void feed(byte[] bytes, int from, int to) {
    pageBytes += to - from;
    if (pageBytes > maxPageBytes) {
      return;
    }
    int at = from;
    while (at < to) {
      int newline = newline(bytes, at, to);
      int end = newline < 0 ? to : newline;
      switch (state) {
        case LINE_START -> {
          if (!metrics.mayBeginWith(bytes[at])) {
            state = State.SKIPPING;
          } else if (newline >= 0 && end - at <= MAX_LINE_BYTES) {
            line(bytes, at, end);
          } else {
            carry(bytes, at, end);
          }
        }
        case CARRYING -> {
          carry(bytes, at, end);
          if (newline >= 0 && state == State.CARRYING) {
            line(carry, 0, carried);
          }
        }
        case SKIPPING -> {}
      }
      if (newline < 0) {
        return;
      }
      state = State.LINE_START;
      carried = 0;
      at = newline + 1;
    }
  }

  /** The page is over: fills the sample if the verdict is {@link PageVerdict#COMPLETE}. */
  public PageVerdict finish(EngineSample sample) {
    if (pageBytes > maxPageBytes) {
      return PageVerdict.TOO_LARGE;
    }
    if (state != State.LINE_START) {
      return PageVerdict.TRUNCATED;
    }
    if (!proven) {
      return PageVerdict.NO_ENGINE;
    }
    sample.running = (int) running;
    sample.waiting = (int) waiting;
    sample.kvUsage =
        usageSeries > 0
            ? Math.min(1, usage / usageSeries)
            : oldUsageSeries > 0 ? Math.min(1, oldUsage / oldUsageSeries) : 0;
    sample.blockSize = (int) (blockSize > 0 ? blockSize : blockSizeValue);
    sample.numGpuBlocks = (long) Math.max(numGpuBlocks, numBlocksValue);
    sample.kvCapacityTokens =
        cacheTokens > 0 ? (long) cacheTokens : sample.numGpuBlocks * sample.blockSize;
    sample.prefixCacheQueries = (long) prefixCacheQueries;
    sample.prefixCacheHits = (long) prefixCacheHits;
    sample.promptTokens = (long) promptTokens;
    sample.generationTokens = (long) generationTokens;
    sample.preemptions = (long) preemptions;
    sample.asleep = sleepSeries > 0 && awake == 0;
    sample.loraAdapters = lora.finish();
    sample.keys = metrics.keys;
    if (sample.attributes.length != attributes.length) {
      sample.attributes = new double[attributes.length];
    }
    System.arraycopy(attributes, 0, sample.attributes, 0, attributes.length);
    return PageVerdict.COMPLETE;
  }

  /** Wanted lines of this page that could not be read. */
  public int malformed() {
    return malformed;
  }

  private void line(byte[] bytes, int from, int to) {
    boolean read = line.read(bytes, from, to, metrics);
    if (line.metric < 0) {
      return;
    }
    if (!read) {
      malformed++;
      return;
    }
    boolean usable = true;
    for (var series : metrics.series(line.metric)) {
      if (series.has(line)) {
        boolean anyNumber = series.metric == EngineMetric.ATTRIBUTE;
        if (anyNumber ? Double.isNaN(line.value) : !(line.value >= 0)) {
          usable = false;
        } else {
          proven |= series.proof;
          add(series, line.value);
        }
      }
    }
    malformed += usable ? 0 : 1;
  }

  private void add(EngineMetrics.Series series, double value) {
    switch (series.metric) {
      case RUNNING -> running += value;
      case WAITING -> waiting += value;
      case KV_USAGE -> {
        usageSeries++;
        usage += value;
      }
      case KV_USAGE_OLD -> {
        oldUsageSeries++;
        oldUsage += value;
      }
      case PREFIX_CACHE_QUERIES -> prefixCacheQueries += value;
      case PREFIX_CACHE_HITS -> prefixCacheHits += value;
      case PROMPT_TOKENS -> promptTokens += value;
      case GENERATION_TOKENS -> generationTokens += value;
      case PREEMPTIONS -> preemptions += value;
      case SLEEP_STATE -> sleepState(value);
      case LORA -> lora.read(line);
      case CACHE_CONFIG -> cacheConfig();
      case BLOCK_SIZE -> blockSizeValue = Math.max(blockSizeValue, value);
      case NUM_BLOCKS -> numBlocksValue += value;
      case ATTRIBUTE -> {
        double known = attributes[series.attribute];
        attributes[series.attribute] = Double.isNaN(known) ? value : known + value;
      }
    }
  }

  private void sleepState(double value) {
    if (line.has(SLEEP_STATE, AWAKE)) {
      sleepSeries++;
      awake += value;
    }
  }

  /** The cache's shape stands in labels; {@code None} until the engine knows it. */
  private void cacheConfig() {
    double size = line.number(metrics.blockSizeLabel);
    if (size > 0) {
      blockSize = size;
    }
    double blocks = line.number(metrics.numBlocksLabel);
    if (blocks > 0) {
      numGpuBlocks = metrics.podBlocks ? Math.max(numGpuBlocks, blocks) : numGpuBlocks + blocks;
    }
    double tokens = metrics.podBlocks ? line.number(CACHE_TOKENS) : 0;
    if (tokens > 0) {
      cacheTokens += tokens;
    }
  }

  /** Appends to the carried line; a line that is too long is skipped. */
  private void carry(byte[] bytes, int from, int to) {
    int length = carried + to - from;
    if (length > MAX_LINE_BYTES) {
      malformed++;
      carried = 0;
      state = State.SKIPPING;
      return;
    }
    if (carry.length < length) {
      carry = Arrays.copyOf(carry, Math.max(256, 2 * length));
    }
    System.arraycopy(bytes, from, carry, carried, to - from);
    carried = length;
    state = State.CARRYING;
  }

  /** Position of the next newline, -1 without one. */
  private static int newline(byte[] bytes, int from, int to) {
    int at = from;
    for (; at <= to - Long.BYTES; at += Long.BYTES) {
      long difference = (long) EIGHT_BYTES.get(bytes, at) ^ NEWLINES;
      long zeros = (difference - LOW_BITS) & ~difference & HIGH_BITS;
      if (zeros != 0) {
        return at + (Long.numberOfTrailingZeros(zeros) >>> 3);
      }
    }
    for (; at < to; at++) {
      if (bytes[at] == '\n') {
        return at;
      }
    }
    return -1;
  }
}
