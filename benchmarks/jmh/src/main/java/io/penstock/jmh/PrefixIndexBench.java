package io.penstock.jmh;

import io.penstock.picker.prefix.Learned;
import io.penstock.picker.prefix.MatchScratch;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.KeyGrid;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.GroupThreads;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The prefix index at size, with chains of 125 blocks (8k tokens, 63 keys): match over all
 * endpoints, alone and beside a writer; learning of new chains, which evicts as much as it brings;
 * learning of new ends of shared prefixes, which fill half of the endpoints and are in use.
 *
 * <p>{@code benchmarks/bin/jmh PrefixIndexBench -p entries=1000000 -p hit=50 -p endpoints=100};
 * {@code -p entries=100000000 -jvmArgsAppend -Xmx8g} for 100 million. Expected: a match of a held
 * chain over 8 endpoints 0.25 µs at a million keys; a chain learned that shares nothing 3 µs, a new
 * end of a shared prefix 12 µs, of which 48 keys are in use.
 */
@State(Scope.Group)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PrefixIndexBench {

  private static final int BLOCKS = 125;
  private static final int KEYS = KeyGrid.keys(BLOCKS);
  private static final int UNKNOWN = 1 << 28;

  /** Keys in the table. */
  @Param({"1000000", "10000000"})
  public int entries;

  /** Share of a looked-up chain that is held, in percent. */
  @Param({"0", "50", "95"})
  public int hit;

  /** Candidates of a match. */
  @Param({"8", "100", "1000"})
  public int endpoints;

  /** Keys of a shared prefix, and the blocks that they stand for. */
  private static final int SHARED_KEYS = 48;

  private static final int SHARED_BLOCKS = KeyGrid.blocks(SHARED_KEYS);

  private final AtomicInteger fresh = new AtomicInteger();
  private PrefixIndex index;
  private int[] slots;
  private int chains;

  /** Shared prefixes of each endpoint. */
  private int prefixes;

  /** Fills the table: every chain is held by one endpoint. */
  @Setup
  public void fill() {
    int each = Math.max(1, entries / KEYS / endpoints) * BLOCKS;
    long bytes = Math.max(64L << 20, 48L * entries);
    index = new PrefixIndex(new PrefixIndexConfig(endpoints, entries, bytes, each, 0));
    slots = new int[endpoints];
    for (int i = 0; i < endpoints; i++) {
      slots[i] = i;
      index.open(i);
    }
    chains = entries / KEYS;
    prefixes = Math.max(1, each / SHARED_BLOCKS / 2);
    long[] keys = new long[KEYS];
    for (int chain = 0; chain < chains; chain++) {
      index.learn(chain % endpoints, chain(keys, chain, KEYS), KEYS);
    }
    fresh.set(chains);
  }

  /** Keys of a chain whose first {@code held} keys are those of that number. */
  private static long[] chain(long[] into, int number, int held) {
    for (int i = 0; i < into.length; i++) {
      into[i] = Prompts.key(i < held ? number : number + UNKNOWN, i);
    }
    return into;
  }

  /** Working memory of one thread. */
  @State(Scope.Thread)
  public static class Reader {
    private final SplittableRandom random = new SplittableRandom(7);
    private final long[][] asked = new long[1024][KEYS];
    private int next;
    private MatchScratch scratch;
    private int[] depth;

    /** Chooses the chains to look up, in random order. */
    @Setup
    public void choose(PrefixIndexBench bench) {
      scratch = bench.index.scratch(random);
      depth = new int[bench.endpoints];
      int held = KEYS * bench.hit / 100;
      for (long[] keys : asked) {
        // The younger half: the older one goes as the writer brings new chains.
        chain(keys, bench.chains / 2 + random.nextInt(bench.chains / 2), held);
      }
    }
  }

  /** Working memory of one thread. */
  @State(Scope.Thread)
  public static class Writer {
    private final long[] keys = new long[KEYS];
  }

  /** Looks a chain up for all endpoints. */
  @Benchmark
  @Group("matchAlone")
  @GroupThreads(1)
  public int match(Reader reader) {
    long[] keys = reader.asked[reader.next++ & 1023];
    index.match(keys, KEYS, slots, endpoints, reader.depth, reader.scratch);
    return reader.depth[0];
  }

  /** Puts a new chain in; when the endpoint is full as many old blocks leave. */
  @Benchmark
  @Group("learnAlone")
  @GroupThreads(1)
  public Learned learn(Writer writer) {
    int number = fresh.getAndIncrement() & (UNKNOWN - 1);
    return index.learn(number % endpoints, chain(writer.keys, number, KEYS), KEYS);
  }

  /**
   * Puts a new end of a shared prefix in. Endpoints take turns, and so do the prefixes of each, so
   * that a prefix is used about as often as the rest of its ring goes round.
   */
  @Benchmark
  @Group("learnSharing")
  @GroupThreads(1)
  public Learned learnSharing(Writer writer) {
    int number = fresh.getAndIncrement() & (UNKNOWN - 1);
    int ticks = endpoints * Math.max(1, prefixes / 16);
    if (number % ticks == 0) {
      index.tick(number / ticks);
    }
    int prefix = number / endpoints % prefixes;
    for (int i = 0; i < KEYS; i++) {
      int chain = i < SHARED_KEYS ? -1 - prefix * endpoints - number % endpoints : number;
      writer.keys[i] = Prompts.key(chain, i);
    }
    return index.learn(number % endpoints, writer.keys, KEYS);
  }

  /** A match while another thread learns. */
  @Benchmark
  @Group("together")
  @GroupThreads(1)
  public int matchBesideWriter(Reader reader) {
    return match(reader);
  }

  /** Learning while another thread matches. */
  @Benchmark
  @Group("together")
  @GroupThreads(1)
  public Learned learnBesideReader(Writer writer) {
    return learn(writer);
  }
}
