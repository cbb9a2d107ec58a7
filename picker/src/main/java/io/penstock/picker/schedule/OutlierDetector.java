package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Passive health: what the outcomes of requests say of each endpoint. Thread-safe and lock-free;
 * one row per slot, races between loops cost at most a failure counted late.
 *
 * <p>So many failures in a row eject an endpoint for a base time, doubled with each ejection in a
 * row up to a bound. It returns slowly: its weight rises from a tenth to one over the ramp. One
 * success of a returned endpoint ends the row. What requests sent before an ejection come to during
 * it changes nothing, or a pod that dies with many streams would be out for the longest time at
 * once. Client errors and cancelled requests never count. An endpoint that says it is busy is left
 * alone for as long as it asks, at most ten seconds, and nothing is held against it.
 */
public final class OutlierDetector implements EndpointHealth {

  private static final long MOST_BUSY_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long USUAL_BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final double FIRST_WEIGHT = 0.1;

  private final Settings settings;
  private final AtomicIntegerArray failures = new AtomicIntegerArray(Endpoint.MAX_SLOTS);
  private final AtomicIntegerArray ejections = new AtomicIntegerArray(Endpoint.MAX_SLOTS);
  private final AtomicLongArray outUntil = new AtomicLongArray(Endpoint.MAX_SLOTS);
  private final AtomicLongArray rampUntil = new AtomicLongArray(Endpoint.MAX_SLOTS);
  private final AtomicLong ejected = new AtomicLong();

  /**
   * When to eject and for how long.
   *
   * @param consecutiveFailures failures in a row that eject; 0: none ever does
   * @param baseNanos length of a first ejection
   * @param maxNanos greatest length
   * @param rampNanos time from the return to full weight
   */
  public record Settings(int consecutiveFailures, long baseNanos, long maxNanos, long rampNanos) {

    /** Three failures in a row; 5 s, at most 60 s; 10 s to return. */
    public static final Settings DEFAULT =
        new Settings(
            3,
            TimeUnit.SECONDS.toNanos(5),
            TimeUnit.SECONDS.toNanos(60),
            TimeUnit.SECONDS.toNanos(10));
  }

  /** A detector that has seen nothing. */
  public OutlierDetector(Settings settings) {
    this.settings = settings;
  }

  /** A request was answered, whatever the status below 500. */
  public void success(int slot, long nowNanos) {
    if (failures.get(slot) != 0) {
      failures.set(slot, 0);
    }
    if (ejections.get(slot) != 0 && !isEjected(slot, nowNanos)) {
      ejections.set(slot, 0);
    }
  }

  /** A request failed through the pod or the way to it; true when that ejects the endpoint. */
  public boolean failure(int slot, long nowNanos) {
    if (settings.consecutiveFailures == 0
        || isEjected(slot, nowNanos)
        || failures.incrementAndGet(slot) < settings.consecutiveFailures) {
      return false;
    }
    failures.set(slot, 0);
    int times = Math.min(ejections.incrementAndGet(slot), 16);
    long length = Math.min(settings.baseNanos << (times - 1), settings.maxNanos);
    outUntil.set(slot, nonZero(nowNanos + length));
    rampUntil.set(slot, nonZero(nowNanos + length + settings.rampNanos));
    ejected.incrementAndGet();
    return true;
  }

  /**
   * The pod has no room now.
   *
   * @param retryAfterNanos how long it asks to be left alone, negative when it did not say
   */
  public void busy(int slot, long nowNanos, long retryAfterNanos) {
    long length =
        retryAfterNanos < 0 ? USUAL_BUSY_NANOS : Math.min(retryAfterNanos, MOST_BUSY_NANOS);
    long until = nonZero(nowNanos + length);
    long already = outUntil.get(slot);
    if (already == 0 || until - already > 0) {
      outUntil.set(slot, until);
    }
  }

  /** Whether failures put the endpoint out for now; one that is only busy is not ejected. */
  public boolean isEjected(int slot, long nowNanos) {
    long ramp = rampUntil.get(slot);
    return ramp != 0 && ramp - settings.rampNanos - nowNanos > 0;
  }

  @Override
  public void forget(int slot) {
    failures.set(slot, 0);
    ejections.set(slot, 0);
    outUntil.set(slot, 0);
    rampUntil.set(slot, 0);
  }

  @Override
  public boolean routable(int slot, long nowNanos) {
    long until = outUntil.get(slot);
    return until == 0 || nowNanos - until >= 0;
  }

  @Override
  public double weight(int slot, long nowNanos) {
    long until = rampUntil.get(slot);
    if (until == 0) {
      return 1;
    }
    long left = until - nowNanos;
    if (left <= 0) {
      rampUntil.compareAndSet(slot, until, 0);
      return 1;
    }
    double gone = 1 - Math.min(1, (double) left / settings.rampNanos);
    return FIRST_WEIGHT + (1 - FIRST_WEIGHT) * gone;
  }

  /** Ejections since the start. */
  public long ejectionCount() {
    return ejected.get();
  }

  private static long nonZero(long nanos) {
    return nanos == 0 ? 1 : nanos;
  }
}
