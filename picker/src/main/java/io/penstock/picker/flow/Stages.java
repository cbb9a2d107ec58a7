package io.penstock.picker.flow;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.signals.EngineSignals;
import java.util.Arrays;

/**
 * Which endpoints of a pool requests are sent to, by stage, as the filters decide that every policy
 * has: without those that sleep, unless that leaves none, and of the others without those that are
 * ejected, unless that leaves none. Who only encodes is in no stage. Confined to its owner.
 */
final class Stages {

  static final int PREFILL = 0;
  static final int DECODE = 1;
  static final int COUNT = 2;

  private static final int AWAKE = 2;
  private static final int ROUTABLE = 1;

  private final EngineSignals signals;
  private final EndpointHealth health;

  /** By slot: a bit for each of its stages. */
  private byte[] stages = new byte[0];

  /** By slot: the greater, the sooner a request goes there. */
  private byte[] standings = new byte[0];

  Stages(EngineSignals signals, EndpointHealth health) {
    this.signals = signals;
    this.health = health;
  }

  /** Looks at all endpoints anew. O(n). */
  void refresh(PoolSnapshot snapshot, long nowNanos) {
    int bound = snapshot.slotBound();
    if (bound > stages.length) {
      stages = new byte[bound];
      standings = new byte[bound];
    }
    Arrays.fill(stages, (byte) 0);
    var best = new int[COUNT];
    for (var endpoint : snapshot.endpoints()) {
      if (endpoint.accepts()) {
        int slot = endpoint.slot();
        stages[slot] = of(endpoint.spec().role());
        standings[slot] = standing(slot, nowNanos);
        for (int stage = 0; stage < COUNT; stage++) {
          if (has(slot, stage)) {
            best[stage] = Math.max(best[stage], standings[slot]);
          }
        }
      }
    }
    for (int slot = 0; slot < bound; slot++) {
      for (int stage = 0; stage < COUNT; stage++) {
        if (standings[slot] < best[stage]) {
          stages[slot] &= (byte) ~(1 << stage);
        }
      }
    }
  }

  private static byte of(Role role) {
    int prefill = role == Role.BOTH || role == Role.PREFILL ? 1 << PREFILL : 0;
    int decode = role.answersAlone() ? 1 << DECODE : 0;
    return (byte) (prefill | decode);
  }

  private byte standing(int slot, long nowNanos) {
    boolean asleep = signals.asleep(slot) && signals.fresh(slot, nowNanos);
    return (byte) ((asleep ? 0 : AWAKE) | (health.routable(slot, nowNanos) ? ROUTABLE : 0));
  }

  /** Whether requests of that stage are sent there. */
  boolean has(int slot, int stage) {
    return (stages[slot] & 1 << stage) != 0;
  }

  /** Whether any requests are sent there. */
  boolean hasAny(int slot) {
    return slot < stages.length && stages[slot] != 0;
  }
}
