package io.penstock.simulator.kv;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The prompts whose blocks one pod holds for others, each under a lease. Confined to the pod's
 * event loop.
 *
 * <p>A prompt is pinned until it is read to its end, released, or its lease runs out; while a
 * reader is connected the lease rests, as heartbeats renew it in vLLM. The names of the last
 * {@value #GONE} that were given up are kept, so that a second reader is told from one that never
 * had a right.
 */
final class KvStore {

  private static final int GONE = 10_000;
  private static final int MAX_WAITING = 1_000;

  private final EventLoop loop;
  private final long leaseNanos;
  private final Map<String, Pin> pins = new HashMap<>();
  private final Map<String, List<Runnable>> waiting = new HashMap<>();
  private final Map<String, Boolean> gone =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
          return size() > GONE;
        }
      };
  private long handedOut;
  private long read;
  private long released;
  private long expired;
  private long doubleReads;
  private long wrongTargets;
  long tokensReceived;
  long failedReads;

  KvStore(EventLoop loop, long leaseNanos) {
    this.loop = loop;
    this.leaseNanos = leaseNanos;
  }

  /** What a reader may do. */
  enum Verdict {
    GRANTED,
    /** Not there yet, where readers may come before the prompt is computed. */
    LATER,
    REFUSED
  }

  private static final class Pin {
    final long fingerprint;
    final Runnable free;
    boolean reading;
    @Nullable ScheduledFuture<?> lease;

    Pin(long fingerprint, Runnable free) {
      this.fingerprint = fingerprint;
      this.free = free;
    }

    void giveUp() {
      if (lease != null) {
        lease.cancel(false);
      }
      free.run();
    }
  }

  /** Holds a prompt's blocks; {@code free} gives them up. */
  void pin(String id, long fingerprint, Runnable free) {
    handedOut++;
    if (gone.containsKey(id)) {
      // Its decode was aborted while the prompt was computed.
      released++;
      free.run();
      return;
    }
    var pin = new Pin(fingerprint, free);
    var before = pins.put(id, pin);
    if (before != null) {
      expired++; // nobody can name it any more
      before.giveUp();
    }
    startLease(id, pin);
    var readers = waiting.remove(id);
    if (readers != null) {
      readers.forEach(Runnable::run);
    }
  }

  private void startLease(String id, Pin pin) {
    pin.lease = loop.schedule(() -> expire(id, pin), leaseNanos, TimeUnit.NANOSECONDS);
  }

  private void expire(String id, Pin pin) {
    if (pins.get(id) == pin && !pin.reading) {
      expired++;
      drop(id, pin);
    }
  }

  /**
   * A reader asks for a prompt.
   *
   * @param early whether it may come before the prompt is computed
   */
  Verdict read(String id, long fingerprint, boolean early) {
    var pin = pins.get(id);
    if (pin == null && early && !gone.containsKey(id)) {
      return Verdict.LATER;
    }
    if (pin == null || pin.reading) {
      doubleReads += pin != null || gone.containsKey(id) ? 1 : 0;
      wrongTargets += pin == null && !gone.containsKey(id) ? 1 : 0;
      return Verdict.REFUSED;
    }
    if (pin.fingerprint != fingerprint) {
      wrongTargets++;
      return Verdict.REFUSED;
    }
    pin.reading = true;
    if (pin.lease != null) {
      pin.lease.cancel(false);
    }
    return Verdict.GRANTED;
  }

  /** A reader named another engine. */
  void wrongEngine() {
    wrongTargets++;
  }

  /** Runs the task when the prompt is pinned; false when too many wait. */
  boolean whenPinned(String id, Runnable task) {
    if (waiting.size() >= MAX_WAITING) {
      return false;
    }
    waiting.computeIfAbsent(id, each -> new ArrayList<>()).add(task);
    return true;
  }

  /** Whoever waited with that task has left. */
  void forget(String id, Runnable task) {
    var readers = waiting.get(id);
    if (readers != null && readers.remove(task) && readers.isEmpty()) {
      waiting.remove(id);
    }
  }

  /** The reader has all of it. */
  void done(String id) {
    var pin = pins.get(id);
    if (pin != null) {
      read++;
      drop(id, pin);
    }
  }

  /** The decode was aborted: nobody will read. */
  void release(String id) {
    var pin = pins.get(id);
    if (pin != null) {
      released++;
      drop(id, pin);
    } else {
      gone.put(id, true);
      waiting.remove(id); // it will never be pinned
    }
  }

  /** The reader left without a word. */
  void abandoned(String id) {
    var pin = pins.get(id);
    if (pin != null && pin.reading) {
      pin.reading = false;
      startLease(id, pin);
    }
  }

  private void drop(String id, Pin pin) {
    pins.remove(id);
    gone.put(id, true);
    pin.giveUp();
  }

  /** The pod is gone, and what it held with it. */
  void clear() {
    for (var pin : pins.values()) {
      if (pin.lease != null) {
        pin.lease.cancel(false);
      }
    }
    pins.clear();
    waiting.clear();
  }

  KvStats stats() {
    return new KvStats(
        pins.size(),
        handedOut,
        read,
        released,
        expired,
        doubleReads,
        wrongTargets,
        tokensReceived,
        failedReads);
  }
}
