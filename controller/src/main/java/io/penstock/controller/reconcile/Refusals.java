package io.penstock.controller.reconcile;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Children that the API server has refused to change, so that the same is not asked for again at
 * every event; with words that differ each time, as those with the port of a broken connection, the
 * status that tells them would be such an event. What is invalid waits a second, then twice as long
 * each time, up to 10 minutes. What may be taken another time waits as long as the {@link
 * KeySchedule} lets a failed pass wait at least, so that the next try is on time. An object that is
 * desired otherwise is sent at once. Thread-safe, for different children at a time; forgets
 * everything above 10,000 children.
 */
final class Refusals {

  static final long BASE_NANOS = 1_000_000_000L;
  static final long CAP_NANOS = 600_000_000_000L;

  private static final int MOST = 10_000;
  private static final int MOST_DOUBLINGS = 20;

  /**
   * One child.
   *
   * @param hash of the object that was refused; empty: to delete it was
   * @param problem what the API server said
   * @param due when it may be sent again
   * @param times it was refused in turn
   */
  private record Refusal(String hash, Children.Problem problem, long due, int times) {}

  /**
   * A refusal that holds.
   *
   * @param problem what the API server said
   * @param nanos until the same may be sent again
   */
  record Standing(Children.Problem problem, long nanos) {}

  private final LongSupplier nanoClock;
  private final Map<String, Refusal> refusals = new ConcurrentHashMap<>();

  Refusals(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /** What was said of this object, if it need not be sent now. */
  Optional<Standing> standing(String path, String hash) {
    var refusal = refusals.get(path);
    if (refusal == null || !refusal.hash().equals(hash)) {
      return Optional.empty();
    }
    long nanos = refusal.due() - nanoClock.getAsLong();
    return nanos > 0 ? Optional.of(new Standing(refusal.problem(), nanos)) : Optional.empty();
  }

  /** The API server has refused it. */
  Standing refused(String path, String hash, Children.Problem problem) {
    if (refusals.size() >= MOST) {
      refusals.clear();
    }
    var before = refusals.get(path);
    int times = before != null && before.hash().equals(hash) ? before.times() + 1 : 1;
    long base = problem.lasting() ? BASE_NANOS : KeySchedule.BASE / 2;
    long cap = problem.lasting() ? CAP_NANOS : KeySchedule.CAP / 2;
    long delay = Math.min(cap, base << Math.min(times - 1, MOST_DOUBLINGS));
    refusals.put(path, new Refusal(hash, problem, nanoClock.getAsLong() + delay, times));
    return new Standing(problem, delay);
  }

  /** The API server has taken it, or deleted it. */
  void forget(String path) {
    refusals.remove(path);
  }
}
