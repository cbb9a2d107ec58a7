package io.penstock.controller.reconcile;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which keys wait, since when, and which are being worked on. A key is there once however often it
 * is added, so the size is bounded by the number of keys; a key that is added while it is worked on
 * waits until that work is done. Times are nanoseconds of any clock that only grows.
 *
 * <p>Confined to whoever holds it; no operation costs more than log(keys).
 */
final class KeySchedule<K> {

  /** A key that has failed n times in turn waits 2^(n-1) times this, and at most {@link #CAP}. */
  static final long BASE = 250_000_000L;

  static final long CAP = 60_000_000_000L;

  private record Waiting<K>(K key, long due, long order) {}

  private final RandomGenerator random;
  private final Map<K, Waiting<K>> waiting = new HashMap<>();
  private final TreeSet<Waiting<K>> byTime =
      new TreeSet<>(
          Comparator.<Waiting<K>>comparingLong(Waiting::due).thenComparingLong(Waiting::order));
  private final Set<K> running = new HashSet<>();
  private final Map<K, Long> after = new HashMap<>();
  private final Map<K, Integer> failures = new HashMap<>();
  private long orders;

  KeySchedule(RandomGenerator random) {
    this.random = random;
  }

  /** Asks for work on a key from then on; an earlier time that was asked for stands. */
  void add(K key, long due) {
    if (running.contains(key)) {
      after.merge(key, due, Math::min);
      return;
    }
    var before = waiting.get(key);
    if (before != null) {
      if (before.due() <= due) {
        return;
      }
      byTime.remove(before);
    }
    var now = new Waiting<>(key, due, orders++);
    waiting.put(key, now);
    byTime.add(now);
  }

  /** Takes the key that is due and has waited longest; null when none is. */
  @Nullable K poll(long now) {
    if (byTime.isEmpty() || byTime.first().due() > now) {
      return null;
    }
    var first = byTime.removeFirst();
    waiting.remove(first.key());
    running.add(first.key());
    return first.key();
  }

  /** When the next key is due; empty when none waits. */
  OptionalLong nextDue() {
    return byTime.isEmpty() ? OptionalLong.empty() : OptionalLong.of(byTime.first().due());
  }

  /** Work on a key has ended well. */
  void succeeded(K key) {
    failures.remove(key);
    done(key);
  }

  /** Work on a key has failed: it waits, longer each time, by a random half more or less. */
  void failed(K key, long now) {
    int times = failures.merge(key, 1, Integer::sum);
    long whole = times > 20 ? CAP : Math.min(CAP, BASE << (times - 1));
    long delay = whole / 2 + random.nextLong(whole / 2 + 1);
    after.merge(key, now + delay, Math::min);
    done(key);
  }

  private void done(K key) {
    running.remove(key);
    var again = after.remove(key);
    if (again != null) {
      add(key, again);
    }
  }

  /** Keys that wait. */
  int depth() {
    return waiting.size();
  }
}
