package io.penstock.picker.cost;

import io.penstock.picker.pool.Endpoint;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How many blocks the prefix index should keep of each endpoint, as a multiple of what fits into
 * its KV cache by the endpoint's own word. Written by the control thread, read by anyone; one value
 * per slot, 4 bytes.
 *
 * <p>Both the index and the engine drop what was used least lately. Where the index keeps more than
 * the engine, it promises prefixes that are gone; where it keeps less, the engine finds more than
 * was promised. So each promise that was broken by more than a fifth, while the index took the
 * endpoint for full, moves the factor against its error: up by at most 2 %, down by at most half a
 * percent, for too large a capacity costs a detour now and then and too small a one hides what is
 * cached. Moving down as fast as up cost 3 points of goodput in replays near saturation. It starts
 * at 1.25 and stays between 0.5 and 2.
 */
final class CapacityCorrection {

  static final double START = 1.25;
  static final double LEAST = 0.5;
  static final double MOST = 2;

  private static final double UP = 0.02;
  private static final double DOWN = 0.005;
  private static final double TOLERANCE = 0.2;
  private static final double TOLERATED_TOKENS = 128;

  private final AtomicIntegerArray factors = new AtomicIntegerArray(Endpoint.MAX_SLOTS);

  double factor(int slot) {
    int bits = factors.getOpaque(slot);
    return bits == 0 ? START : Float.intBitsToFloat(bits);
  }

  /** Takes in a promise of a full endpoint and what came of it, in tokens. Control thread. */
  void observe(int slot, double actual, double predicted) {
    double most = Math.max(actual, predicted);
    double error = actual - predicted;
    if (Math.abs(error) <= Math.max(TOLERATED_TOKENS, TOLERANCE * most)) {
      return;
    }
    double gain = error > 0 ? UP : DOWN;
    double next = Math.clamp(factor(slot) * Math.exp(gain * error / most), LEAST, MOST);
    factors.setOpaque(slot, Float.floatToIntBits((float) next));
  }

  /** Forgets the slot, for its next owner. Control thread. */
  void reset(int slot) {
    factors.setOpaque(slot, 0);
  }
}
