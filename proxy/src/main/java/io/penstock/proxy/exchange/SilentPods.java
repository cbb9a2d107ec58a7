package io.penstock.proxy.exchange;

import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Exclusions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Pods of one pool that compute prompts and hand nothing over, as an engine without its connector
 * does: each such prompt is computed twice. After {@value #TOLERATED} in a row a pod is left out
 * for a minute; the next prompt after that is its chance. Thread-safe; bounded, and empty in a pool
 * where all is well.
 */
public final class SilentPods {

  /** How long a pod is left out. */
  static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private static final int TOLERATED = 3;
  private static final int MOST = 1_024;

  private final Map<EndpointId, Silence> pods = new ConcurrentHashMap<>();

  /** How often in a row nothing came of a pod, and when the last time was. */
  private record Silence(int times, long lastNanos) {

    boolean pauses(long nowNanos) {
      return times >= TOLERATED && nowNanos - lastNanos < PAUSE_NANOS;
    }
  }

  /** The pod has computed a prompt and handed nothing over. */
  void nothingFrom(EndpointId pod, long nowNanos) {
    if (pods.size() >= MOST) {
      pods.values().removeIf(silence -> nowNanos - silence.lastNanos() >= PAUSE_NANOS);
    }
    var known = pods.get(pod);
    if (known != null || pods.size() < MOST) {
      pods.put(pod, new Silence(known == null ? 1 : known.times() + 1, nowNanos));
    }
  }

  /** The pod has handed a prompt over. */
  void handedOver(EndpointId pod) {
    if (!pods.isEmpty()) {
      pods.remove(pod);
    }
  }

  /** Takes out the pods that are left out now. */
  void exclude(Exclusions excluded, PoolSnapshot snapshot, long nowNanos) {
    if (pods.isEmpty()) {
      return;
    }
    for (var endpoint : snapshot.endpoints()) {
      var silence = pods.get(endpoint.id());
      // One that answers too is still needed for that.
      if (endpoint.spec().role() == Role.PREFILL && silence != null && silence.pauses(nowNanos)) {
        excluded.add(endpoint);
      }
    }
  }
}
