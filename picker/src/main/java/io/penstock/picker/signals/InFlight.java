package io.penstock.picker.signals;

import io.penstock.picker.pool.Endpoint;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What this process has sent each endpoint and not yet got back: requests, uncached prompt tokens
 * whose prefill is still to come, tokens of context, and requests that decode. Exact: reserved at
 * pick, before the first byte leaves, and returned at the first token, the end or the abort. Of
 * requests whose prompt comes from another endpoint also their number, and the tokens of the KV
 * cache that is to be sent, until the first token.
 *
 * <p>Beside other replicas one more column has what they have sent, as far as they tell: the sums
 * are then of all replicas, and {@link #fromHere} has those of this process alone.
 *
 * <p>One column per event loop. A column is written on its loop only; a reader sums the columns. No
 * lock and no read-modify-write shared by threads: cells are written and read in opaque mode, so a
 * reader may miss what another loop did within the last fraction of a microsecond, and may see the
 * cells of one change one by one. Seen from the column's own loop every sum is exact.
 *
 * <p>A row is 16 bytes (four ints: one column holds at most 2^31 tokens of one endpoint), rows come
 * in chunks of 256, made at the first write and padded by a cache line at both ends, so that two
 * loops never write to the same line. Reading one value costs one cache line per column; who reads
 * all slots takes {@link InFlightTotals}.
 */
public final class InFlight {

  private static final int CHUNK = 256;
  private static final int PAD = 16;
  static final int CELLS = 4;

  static final int REQUESTS = 0;
  static final int PENDING_PREFILL_TOKENS = 1;
  static final int CONTEXT_TOKENS = 2;
  static final int DECODING = 3;

  private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);
  private static final VarHandle CHUNKS = MethodHandles.arrayElementVarHandle(int[][].class);

  /** By column, then by chunk: null until the first write. */
  private final int[][] @Nullable [] columns;

  /** The requests that wait for another endpoint, and their tokens; null in itself. */
  private final @Nullable InFlight handOvers;

  /** The columns of this process; null where these are all. */
  private final @Nullable InFlight fromHere;

  /**
   * Nothing is in flight, and no other replica tells what it sends.
   *
   * @param columns number of event loops; loop i writes column i
   */
  public InFlight(int columns) {
    this(cells(columns), new InFlight(cells(columns), null, null), null);
  }

  private InFlight(
      int[][] @Nullable [] columns, @Nullable InFlight handOvers, @Nullable InFlight fromHere) {
    this.columns = columns;
    this.handOvers = handOvers;
    this.fromHere = fromHere;
  }

  /**
   * Nothing is in flight, from here or from other replicas; what those send has a column of its
   * own, after those of the event loops.
   *
   * @param columns number of event loops; loop i writes column i, whoever hears the other replicas
   *     column {@code columns}
   */
  public static InFlight besideReplicas(int columns) {
    var all = cells(columns + 1);
    var handOvers = cells(columns + 1);
    var ownHandOvers = new InFlight(Arrays.copyOf(handOvers, columns), null, null);
    var own = new InFlight(Arrays.copyOf(all, columns), ownHandOvers, null);
    return new InFlight(all, new InFlight(handOvers, null, null), own);
  }

  private static int[][] @Nullable [] cells(int columns) {
    if (columns < 1) {
      throw new IllegalArgumentException("in-flight columns: " + columns + " is not at least 1");
    }
    return new int[columns][Endpoint.MAX_SLOTS / CHUNK][];
  }

  /** The same counts, of what this process has sent alone; to be read only. */
  public InFlight fromHere() {
    return fromHere == null ? this : fromHere;
  }

  /**
   * Reserves a request's load and gives the object that returns it exactly once. Called on the
   * column's loop, and so are the methods of the reservation.
   *
   * @param uncachedTokens prompt tokens that the endpoint must prefill, not negative
   * @param contextTokens tokens that the request will hold in the KV cache, not negative
   */
  public Reservation reserve(int column, int slot, int uncachedTokens, int contextTokens) {
    return new Reservation(this, column, slot, uncachedTokens, contextTokens, -1);
  }

  /**
   * The same for a request whose prompt is computed elsewhere and comes from there.
   *
   * @param sentTokens of its KV cache that are to be sent, not negative
   * @param contextTokens tokens that the request will hold in the KV cache, not negative
   */
  public Reservation reserveHandOver(int column, int slot, int sentTokens, int contextTokens) {
    if (sentTokens < 0) {
      throw new IllegalArgumentException("tokens of a hand-over: " + sentTokens);
    }
    return new Reservation(this, column, slot, 0, contextTokens, sentTokens);
  }

  /** A KV cache is to be sent there. On the column's loop. */
  void addHandOver(int column, int slot, int tokens) {
    if (handOvers != null) {
      handOvers.add(column, slot, tokens, 0);
    }
  }

  /** It was sent, or will not be. On the column's loop. */
  void removeHandOver(int column, int slot, int tokens) {
    if (handOvers != null) {
      handOvers.removePrefilling(column, slot, tokens, 0);
    }
  }

  /** Requests to that endpoint that wait for the KV cache of their prompt from another one. */
  public int handOvers(int slot) {
    return handOvers == null ? 0 : handOvers.requests(slot);
  }

  /** Tokens of these caches, but for those that the endpoint holds. */
  public long handOverTokens(int slot) {
    return handOvers == null ? 0 : handOvers.pendingPrefillTokens(slot);
  }

  /** A request goes out. On the column's loop. */
  public void add(int column, int slot, int uncachedTokens, int contextTokens) {
    var chunk = written(column, slot);
    int row = row(slot);
    plus(chunk, row + REQUESTS, 1);
    plus(chunk, row + PENDING_PREFILL_TOKENS, uncachedTokens);
    plus(chunk, row + CONTEXT_TOKENS, contextTokens);
  }

  /** The prefill of an added request is over and it decodes. On the column's loop. */
  public void firstToken(int column, int slot, int uncachedTokens) {
    var chunk = written(column, slot);
    int row = row(slot);
    plus(chunk, row + PENDING_PREFILL_TOKENS, -uncachedTokens);
    plus(chunk, row + DECODING, 1);
  }

  /** An added request ends before its first token. On the column's loop. */
  public void removePrefilling(int column, int slot, int uncachedTokens, int contextTokens) {
    var chunk = written(column, slot);
    int row = row(slot);
    plus(chunk, row + PENDING_PREFILL_TOKENS, -uncachedTokens);
    plus(chunk, row + CONTEXT_TOKENS, -contextTokens);
    plus(chunk, row + REQUESTS, -1);
  }

  /** A request ends after {@link #firstToken}. On the column's loop. */
  public void removeDecoding(int column, int slot, int contextTokens) {
    var chunk = written(column, slot);
    int row = row(slot);
    plus(chunk, row + DECODING, -1);
    plus(chunk, row + CONTEXT_TOKENS, -contextTokens);
    plus(chunk, row + REQUESTS, -1);
  }

  /** Requests in flight to that endpoint. */
  public int requests(int slot) {
    return (int) sum(slot, REQUESTS);
  }

  /** Uncached prompt tokens of requests that have not had their first token. */
  public long pendingPrefillTokens(int slot) {
    return sum(slot, PENDING_PREFILL_TOKENS);
  }

  /** Tokens of context of all requests in flight. */
  public long contextTokens(int slot) {
    return sum(slot, CONTEXT_TOKENS);
  }

  /** Requests that have had their first token and not ended. */
  public int decoding(int slot) {
    return (int) sum(slot, DECODING);
  }

  /**
   * Whether nothing is in flight to that endpoint. Who frees the slot of a removed endpoint asks
   * after every loop has run a task since the removal: until then a pick on an older snapshot may
   * still be about to reserve.
   */
  public boolean idle(int slot) {
    return requests(slot) == 0;
  }

  /** All cells of all slots added up: 0 exactly if nothing is in flight, once the loops rest. */
  public long total() {
    long total = 0;
    for (int slot = 0; slot < Endpoint.MAX_SLOTS; slot++) {
      total += requests(slot) + pendingPrefillTokens(slot) + contextTokens(slot) + decoding(slot);
    }
    return handOvers == null ? total : total + handOvers.total();
  }

  /**
   * Adds the cells of the first slots, in order, to {@code sums}. Plain reads, so that the loop is
   * vectorised: of an int they are not torn either, and none is kept from one call to the next.
   */
  void addTo(int[] sums, int length) {
    for (var column : columns) {
      for (int start = 0; start < length; start += CHUNK * CELLS) {
        var chunk = (int[]) CHUNKS.getAcquire(column, start / (CHUNK * CELLS));
        int count = Math.min(CHUNK * CELLS, length - start);
        for (int i = 0; chunk != null && i < count; i++) {
          sums[start + i] += chunk[PAD + i];
        }
      }
    }
  }

  private long sum(int slot, int cell) {
    int index = row(slot) + cell;
    long sum = 0;
    for (var column : columns) {
      var chunk = (int[]) CHUNKS.getAcquire(column, slot / CHUNK);
      if (chunk != null) {
        sum += (int) INTS.getOpaque(chunk, index);
      }
    }
    return sum;
  }

  private int[] written(int column, int slot) {
    var chunk = columns[column][slot / CHUNK];
    if (chunk == null) {
      chunk = new int[PAD + CHUNK * CELLS + PAD];
      CHUNKS.setRelease(columns[column], slot / CHUNK, chunk);
    }
    return chunk;
  }

  private static int row(int slot) {
    return PAD + slot % CHUNK * CELLS;
  }

  private static void plus(int[] chunk, int index, int delta) {
    INTS.setOpaque(chunk, index, chunk[index] + delta);
  }
}
