package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.PoolSnapshot;
import java.util.Arrays;
import java.util.List;

/**
 * The endpoints that one profile run has still to choose from, as columns of primitives; candidate
 * {@code i} is row {@code i} of every column. Confined to one event loop, reused from request to
 * request: a run allocates nothing once the columns are as long as the pool.
 */
public final class Candidates {

  /** Most candidates that are ranked: the winner, alternatives, and some more for the record. */
  public static final int MAX_RANKED = 16;

  /** Most dropped endpoints that are remembered for the record; the others are counted. */
  public static final int MAX_DROPPED = 16;

  private static final int FIRST_CAPACITY = 16;

  private final SchedulingContext context;
  private final List<String> termNames;
  private PoolSnapshot snapshot = PoolSnapshot.empty("");
  private int count;
  private int[] positions = new int[FIRST_CAPACITY];
  private int[] slots = new int[FIRST_CAPACITY];
  private int[] depths = new int[FIRST_CAPACITY];
  private boolean matched;
  private boolean[] dropped = new boolean[FIRST_CAPACITY];
  private int droppedCount;
  private double[] scores = new double[FIRST_CAPACITY];
  private boolean scoresAreCosts;
  private final double[][] terms;

  private final int[] ranking = new int[MAX_RANKED];
  private int ranked;

  private final int[] droppedPositions = new int[MAX_DROPPED];
  private final String[] droppedBy = new String[MAX_DROPPED];
  private int droppedTotal;
  private Decision.Reason whyNone = Decision.Reason.FILTERED;

  Candidates(SchedulingContext context, List<String> termNames) {
    this.context = context;
    this.termNames = termNames;
    this.terms = new double[termNames.size()][FIRST_CAPACITY];
  }

  /** Number of candidates left; those dropped since the last filter ended still count. */
  public int count() {
    return count;
  }

  /** Slot of candidate {@code i}. */
  public int slot(int i) {
    return slots[i];
  }

  /** Candidate {@code i}. */
  public Endpoint endpoint(int i) {
    return snapshot.endpoints().get(positions[i]);
  }

  /**
   * Leading prompt blocks that candidate {@code i} is believed to hold. The first call of a run
   * looks all candidates up in the prefix index.
   */
  public int cachedBlocks(int i) {
    if (!matched) {
      matched = true;
      context.match(slots, count, depths);
    }
    return depths[i];
  }

  /** Takes candidate {@code i} out as soon as the running filter ends. */
  public void drop(int i) {
    if (!dropped[i]) {
      dropped[i] = true;
      droppedCount++;
    }
  }

  /** Whether the running filter has dropped candidate {@code i}. */
  public boolean isDropped(int i) {
    return dropped[i];
  }

  /** Candidates that the running filter has not dropped so far. */
  public int remaining() {
    return count - droppedCount;
  }

  /** Undoes every {@link #drop} of the running filter. */
  public void keepAll() {
    Arrays.fill(dropped, 0, count, false);
    droppedCount = 0;
  }

  /** Scores by candidate, higher is better; at least {@link #count} long. */
  public double[] scores() {
    return scores;
  }

  /** Notes that the scores are expected costs, in seconds and negated. */
  public void scoresAreCosts() {
    scoresAreCosts = true;
  }

  /** Whether they are. */
  boolean haveCosts() {
    return scoresAreCosts;
  }

  /** Column {@code k} of what made up the scores; at least {@link #count} long. */
  public double[] term(int k) {
    return terms[k];
  }

  /** Names of the columns of {@link #term}. */
  public List<String> termNames() {
    return termNames;
  }

  /**
   * Ranks the {@link #MAX_RANKED} best scores, best first. Equal scores come in a random rotation
   * of pool order, so that none is preferred for its place; O(n) while n is far above the ranked.
   */
  public void rankByScore() {
    rankBy(scores);
  }

  /** The same by another column: the {@link #MAX_RANKED} greatest keys, greatest first. */
  public void rankBy(double[] keys) {
    ranked = 0;
    int start = count > 1 ? context.random().nextInt(count) : 0;
    rank(keys, start, count);
    rank(keys, 0, start);
  }

  private void rank(double[] keys, int from, int to) {
    int i = from;
    while (i < to && ranked < MAX_RANKED) {
      insert(keys, ranked++, i++);
    }
    if (i == to) {
      return;
    }
    double least = keys[ranking[MAX_RANKED - 1]];
    for (; i < to; i++) {
      if (keys[i] > least) {
        insert(keys, MAX_RANKED - 1, i);
        least = keys[ranking[MAX_RANKED - 1]];
      }
    }
  }

  private void insert(double[] keys, int free, int i) {
    int at = free;
    while (at > 0 && keys[i] > keys[ranking[at - 1]]) {
      ranking[at] = ranking[at - 1];
      at--;
    }
    ranking[at] = i;
  }

  /** Makes candidate {@code i} the first of the ranking; the others keep their order. */
  public void promote(int i) {
    int at = 0;
    while (at < ranked && ranking[at] != i) {
      at++;
    }
    if (at == ranked) {
      ranked = Math.min(ranked + 1, MAX_RANKED);
      at = ranked - 1;
    }
    System.arraycopy(ranking, 0, ranking, 1, at);
    ranking[0] = i;
  }

  /** Number of ranked candidates; 0 until the picker ran. */
  public int ranked() {
    return ranked;
  }

  /** The candidate at that place of the ranking, 0 is the best. */
  public int ranked(int place) {
    return ranking[place];
  }

  /** Endpoints that were dropped in this run. */
  public int droppedTotal() {
    return droppedTotal;
  }

  /** Those of them that are remembered, the first {@link #MAX_DROPPED}. */
  public int droppedRemembered() {
    return Math.min(droppedTotal, MAX_DROPPED);
  }

  /** Remembered drop {@code k}. */
  public Endpoint droppedEndpoint(int k) {
    return snapshot.endpoints().get(droppedPositions[k]);
  }

  /** Type of the filter that dropped it. */
  public String droppedBy(int k) {
    return droppedBy[k];
  }

  /** Why the run left none, where a filter did. */
  Decision.Reason whyNone() {
    return whyNone;
  }

  void whyNone(Decision.Reason reason) {
    whyNone = reason;
  }

  /** Starts a run with every endpoint of the view. */
  void reset(ModelView view) {
    snapshot = view.snapshot();
    count = view.count();
    matched = false;
    scoresAreCosts = false;
    ranked = 0;
    droppedCount = 0;
    droppedTotal = 0;
    whyNone = Decision.Reason.FILTERED;
    if (count > slots.length) {
      grow(count + count / 2);
    }
    view.copyTo(positions, slots);
    Arrays.fill(dropped, 0, count, false);
  }

  /** Closes the gaps that a filter made. */
  void removeDropped(String by) {
    if (droppedCount == 0) {
      return;
    }
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (dropped[i]) {
        remember(positions[i], by);
        dropped[i] = false;
      } else {
        positions[kept] = positions[i];
        slots[kept] = slots[i];
        depths[kept] = depths[i];
        kept++;
      }
    }
    count = kept;
    droppedCount = 0;
  }

  private void remember(int position, String by) {
    if (droppedTotal < MAX_DROPPED) {
      droppedPositions[droppedTotal] = position;
      droppedBy[droppedTotal] = by;
    }
    droppedTotal++;
  }

  private void grow(int capacity) {
    positions = new int[capacity];
    slots = new int[capacity];
    depths = new int[capacity];
    dropped = new boolean[capacity];
    scores = new double[capacity];
    for (int k = 0; k < terms.length; k++) {
      terms[k] = new double[capacity];
    }
  }
}
