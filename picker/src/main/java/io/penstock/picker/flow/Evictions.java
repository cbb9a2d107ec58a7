package io.penstock.picker.flow;

import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * Requests in flight that may have to make room, whether eviction is on yet or not, and those that
 * were told to: the least important first, of equals the one that went on last. Owned by the gate.
 *
 * <p>At most two are told at once, and no more before each of them has ended (or has not, for ten
 * seconds) and the load of the pool has had time to show it.
 */
final class Evictions {

  private static final int MOST_AT_ONCE = 2;
  private static final long CONFIRMATION_NANOS = 10_000_000_000L;

  /** What is in flight from here is exact; what engines tell needs its time to come. */
  private static final long GRACE_OF_CONCURRENCY_NANOS = 10_000_000;

  private static final long GRACE_OF_UTILIZATION_NANOS = 1_000_000_000;

  private static final Comparator<Ticket> LEAST_FIRST =
      Comparator.<Ticket>comparingInt(ticket -> ticket.request().priority())
          .thenComparing(Comparator.<Ticket>comparingLong(t -> t.dispatchNumber).reversed());

  private final FlowObserver observer;
  private final TreeSet<Ticket> candidates = new TreeSet<>(LEAST_FIRST);
  private final Set<Ticket> told = new LinkedHashSet<>();
  private double pending;
  private boolean graceSet;
  private long graceUntilNanos;

  Evictions(FlowObserver observer) {
    this.observer = observer;
  }

  /** A request went on that may have to make room later. */
  void running(Ticket ticket) {
    candidates.add(ticket);
  }

  /** A request is over; whether it had been told. */
  boolean ended(Ticket ticket, Detector detector, long nowNanos) {
    candidates.remove(ticket);
    if (!told.remove(ticket)) {
      return false;
    }
    observer.revocation(true, nowNanos - ticket.revokedNanos);
    settled(detector, nowNanos);
    return true;
  }

  private void settled(Detector detector, long nowNanos) {
    if (told.isEmpty()) {
      pending = 0;
      graceSet = true;
      graceUntilNanos =
          nowNanos
              + (detector instanceof Detector.Concurrency
                  ? GRACE_OF_CONCURRENCY_NANOS
                  : GRACE_OF_UTILIZATION_NANOS);
      observer.reclaim(0, 0);
    }
  }

  /** Waits no longer for those that do not end. */
  void expire(Detector detector, long nowNanos) {
    boolean changed = false;
    for (Iterator<Ticket> all = told.iterator(); all.hasNext(); ) {
      var ticket = all.next();
      if (nowNanos - ticket.revokedNanos >= CONFIRMATION_NANOS) {
        all.remove();
        observer.revocation(false, nowNanos - ticket.revokedNanos);
        changed = true;
      }
    }
    if (changed) {
      settled(detector, nowNanos);
    }
  }

  /**
   * A band has somebody who waits, and may not let go on.
   *
   * @param running requests in flight from here
   */
  void makeRoom(Band band, double saturation, double ceiling, long running, long nowNanos) {
    if (!told.isEmpty()
        || ceiling <= 0
        || running == 0
        || Double.isInfinite(saturation)
        || (graceSet && nowNanos - graceUntilNanos < 0)) {
      return;
    }
    double credit = saturation / running;
    double target = saturation - ceiling;
    int wanted = (int) Math.clamp(Math.ceil(target / credit), 1, MOST_AT_ONCE);
    for (int i = 0; i < wanted && !candidates.isEmpty(); i++) {
      var victim = candidates.first();
      if (victim.request().priority() >= band.priority()) {
        break;
      }
      candidates.remove(victim);
      told.add(victim);
      victim.revokedNanos = nowNanos;
      pending += credit;
      observer.revoked(band.priority());
      victim.revoke();
    }
    if (!told.isEmpty()) {
      observer.reclaim(target, pending);
    }
  }
}
