package io.penstock.picker.explain;

import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The newest decisions, in one ring per event loop so that no loop waits for another. Thread-safe:
 * {@link #nextId}, {@link #add} and {@link #attempted} on the column's loop, reads from anywhere.
 *
 * <p>An id says where its record is: {@code id = sequence × columns + column}, sequences from 1. A
 * lookup by request id walks all records, for it is asked by people.
 */
public final class DecisionLog {

  private static final Comparator<DecisionRecord> BY_AGE =
      Comparator.comparingLong(DecisionRecord::timeMillis).thenComparingLong(DecisionRecord::id);

  private static final Comparator<DecisionRecord> BY_USE =
      Comparator.comparing((DecisionRecord kept) -> !kept.attempts().isEmpty())
          .thenComparing(BY_AGE);

  private final int columns;
  private final int perColumn;
  private final List<Ring> rings;

  /**
   * An empty log.
   *
   * @param columns number of event loops
   * @param capacity records kept, shared evenly by the columns; 0 keeps none
   */
  public DecisionLog(int columns, int capacity) {
    this.columns = columns;
    this.perColumn = (capacity + columns - 1) / columns;
    List<Ring> made = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      made.add(new Ring(perColumn));
    }
    this.rings = List.copyOf(made);
  }

  /** A fresh id, above 0. On the column's loop. */
  public long nextId(int column) {
    return ++rings.get(column).sequence * columns + column;
  }

  /** Whether records are kept at all. */
  public boolean keeps() {
    return perColumn > 0;
  }

  /**
   * Keeps a decision, in place of the column's oldest. On the loop that took its id. Allocates
   * nothing once the log is full.
   *
   * @param timeMillis when, since the epoch
   * @param context as the decision left it; the run of the first profile that ran for those who can
   *     answer is kept, and that of those who prefill where there was one
   * @param course how the request goes, where the front end says so
   */
  public void add(
      String requestId,
      long timeMillis,
      SchedulingContext context,
      Decision decision,
      @Nullable Course course) {
    if (perColumn == 0) {
      return;
    }
    long id = context.decisionId();
    var ring = ring(id);
    int index = index(id);
    var slot = ring.slots.getPlain(index);
    if (slot == null) {
      slot = new DecisionSlot();
      slot.write(requestId, timeMillis, context, decision, course);
      ring.slots.setRelease(index, slot);
    } else {
      slot.write(requestId, timeMillis, context, decision, course);
    }
    ring.added.setRelease(id / columns);
  }

  /**
   * Notes that the request of a decision is sent to an endpoint, if the decision is still kept. On
   * the loop that took its id.
   *
   * @return the decision's runner-up, where hindsight can compare the two: the request goes to the
   *     endpoint that was chosen before it, for the first time and as a whole
   */
  public @Nullable RunnerUp attempted(long decisionId, Attempt attempt) {
    var slot = slot(decisionId);
    return slot == null ? null : slot.attempted(decisionId, attempt);
  }

  /**
   * Notes that the request of a decision is over: its course has ended, and it is sent nowhere any
   * more. From then on the log holds nothing of the request but a copy of what became of it. On the
   * loop that took the id.
   */
  public void ended(long decisionId) {
    var slot = slot(decisionId);
    if (slot != null) {
      slot.ended(decisionId);
    }
  }

  private @Nullable DecisionSlot slot(long id) {
    return perColumn == 0 || id < columns ? null : ring(id).slots.getAcquire(index(id));
  }

  /** The decision of that id, null when it is unknown or no longer kept. */
  public @Nullable DecisionRecord find(long id) {
    var slot = slot(id);
    var found = slot == null ? null : slot.read();
    return found != null && found.id() == id ? found : null;
  }

  /**
   * The latest decision by which that request was sent somewhere, else its latest, null when there
   * is none: one that found nobody else does not hide who answered.
   */
  public @Nullable DecisionRecord findByRequest(String requestId) {
    return ofRequest(requestId).stream().max(BY_USE).orElse(null);
  }

  /** The newest decisions, newest first. */
  public List<DecisionRecord> newest(int limit) {
    return read(slot -> true).stream().sorted(BY_AGE.reversed()).limit(Math.max(limit, 0)).toList();
  }

  /** The decisions of that request, oldest first. */
  public List<DecisionRecord> allOfRequest(String requestId) {
    return ofRequest(requestId).stream().sorted(BY_AGE).toList();
  }

  /** Where the log stands now, for {@link #after}. */
  public long[] position() {
    var position = new long[columns];
    for (int column = 0; column < columns; column++) {
      position[column] = rings.get(column).added.getAcquire();
    }
    return position;
  }

  /**
   * Gives what was added since a position, which moves to the end of the log. Costs nothing to the
   * loops that add.
   *
   * @param position of this log; the caller's own
   * @param into takes the records that are still kept, oldest first in each column
   * @return how many were added, those overwritten since included
   */
  public long after(long[] position, List<? super DecisionRecord> into) {
    long added = 0;
    for (int column = 0; column < columns; column++) {
      long newest = rings.get(column).added.getAcquire();
      long oldest = Math.max(position[column] + 1, newest - perColumn + 1);
      for (long sequence = oldest; sequence <= newest; sequence++) {
        var kept = find(sequence * columns + column);
        if (kept != null) {
          into.add(kept);
        }
      }
      added += newest - position[column];
      position[column] = newest;
    }
    return added;
  }

  private List<DecisionRecord> ofRequest(String requestId) {
    return read(slot -> slot.mayBeOf(requestId)).stream()
        .filter(kept -> kept.requestId().equals(requestId))
        .toList();
  }

  private List<DecisionRecord> read(Predicate<DecisionSlot> wanted) {
    List<DecisionRecord> read = new ArrayList<>();
    for (var ring : rings) {
      for (int i = 0; i < perColumn; i++) {
        var slot = ring.slots.getAcquire(i);
        var kept = slot == null || !wanted.test(slot) ? null : slot.read();
        if (kept != null) {
          read.add(kept);
        }
      }
    }
    return read;
  }

  private Ring ring(long id) {
    return rings.get((int) (id % columns));
  }

  private int index(long id) {
    return (int) (id / columns % perColumn);
  }

  private static final class Ring {
    final AtomicReferenceArray<@Nullable DecisionSlot> slots;
    final AtomicLong added = new AtomicLong();
    long sequence;

    Ring(int capacity) {
      this.slots = new AtomicReferenceArray<>(capacity);
    }
  }
}
