package io.penstock.picker.cost;

import io.penstock.picker.pool.Endpoint;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How much slower than the others each endpoint is: 1 is as fast, 2 takes twice as long. Written by
 * the control thread, read by anyone; one value per slot.
 *
 * <p>It is the mean of the logarithm of observed over expected, less the same mean over all
 * endpoints, so that a model whose rates are not calibrated yet makes no endpoint look fast; within
 * a factor of 8, and starting as if ten observations had said 1. Differences of up to 20 % count as
 * none: equal pods must stay equal, or the one that was measured fastest by chance would get every
 * new conversation.
 */
final class EndpointSpeeds {

  private static final double FIRST_OBSERVATIONS = 10;
  private static final double LEAST_GAIN = 0.03;
  private static final double MOST_LOG = Math.log(8);
  private static final double NO_DIFFERENCE = Math.log(1.2);

  private final AtomicIntegerArray factors = new AtomicIntegerArray(Endpoint.MAX_SLOTS);
  private final float[] logs = new float[Endpoint.MAX_SLOTS];
  private final int[] counts = new int[Endpoint.MAX_SLOTS];
  private double meanLog;
  private int count;

  /** The factor that durations of the model are multiplied by. */
  double factor(int slot) {
    int bits = factors.getOpaque(slot);
    return bits == 0 ? 1 : Float.intBitsToFloat(bits);
  }

  /** Takes in a duration as a multiple of what the model's rates expect. Control thread. */
  void observe(int slot, double ratio) {
    double log = Math.clamp(Math.log(Math.max(ratio, 1e-9)), -2 * MOST_LOG, 2 * MOST_LOG);
    count = ObservationCount.next(count);
    meanLog += Math.max(LEAST_GAIN, 1.0 / count) * (log - meanLog);
    double observed = Math.clamp(log - meanLog, -MOST_LOG, MOST_LOG);
    counts[slot] = ObservationCount.next(counts[slot]);
    double gain = Math.max(LEAST_GAIN, 1 / (counts[slot] + FIRST_OBSERVATIONS));
    logs[slot] += (float) (gain * (observed - logs[slot]));
    double beyond = Math.max(0, Math.abs(logs[slot]) - NO_DIFFERENCE);
    factors.setOpaque(
        slot, Float.floatToIntBits((float) Math.exp(Math.copySign(beyond, logs[slot]))));
  }

  /** Forgets the slot, for its next owner. Control thread. */
  void reset(int slot) {
    logs[slot] = 0;
    counts[slot] = 0;
    factors.setOpaque(slot, 0);
  }
}
