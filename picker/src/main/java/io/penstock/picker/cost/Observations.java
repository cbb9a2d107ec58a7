package io.penstock.picker.cost;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What one event loop observed and the control thread has not yet taken in: a ring of primitives
 * with one writer and one reader. A full ring drops what comes and counts it.
 */
final class Observations {

  /** Kinds of observation; what x and z mean depends on it. */
  enum Kind {
    /** y seconds to first token; x tokens, z pairs of token and context. */
    FIRST_TOKEN,
    /** y seconds from token to token; x context tokens of the batch. */
    INTERVAL,
    /** y tokens were generated. */
    OUTPUT,
    /** y bytes of prompt made x tokens. */
    PROMPT,
    /** y of a prompt's x tokens have to be computed. */
    ROUTED,
    /**
     * None of what {@link #ROUTED} said of y and x; z is {@link ModelCalibration#routed()} then.
     */
    UNROUTED,
    /** y tokens of a prompt were cached; x were expected, z is 1 where the endpoint seemed full. */
    CACHED
  }

  /** Takes observations one by one. */
  interface Sink {
    void observed(Kind kind, ModelCalibration model, int slot, double y, double x, double z);
  }

  private static final int CAPACITY = 1024;

  private final Kind[] kinds = new Kind[CAPACITY];
  private final @Nullable ModelCalibration[] models = new ModelCalibration[CAPACITY];
  private final int[] slots = new int[CAPACITY];
  private final double[] ys = new double[CAPACITY];
  private final double[] xs = new double[CAPACITY];
  private final double[] zs = new double[CAPACITY];
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong taken = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();

  /** On the event loop. */
  void add(Kind kind, ModelCalibration model, int slot, double y, double x, double z) {
    long at = written.getPlain();
    if (at - taken.getAcquire() == CAPACITY) {
      dropped.setOpaque(dropped.getPlain() + 1);
      return;
    }
    int i = (int) (at % CAPACITY);
    kinds[i] = kind;
    models[i] = model;
    slots[i] = slot;
    ys[i] = y;
    xs[i] = x;
    zs[i] = z;
    written.setRelease(at + 1);
  }

  /** Hands over everything there is. On the control thread. */
  void drain(Sink sink) {
    long end = written.getAcquire();
    for (long at = taken.getPlain(); at < end; at++) {
      int i = (int) (at % CAPACITY);
      var model = models[i];
      if (model != null) {
        sink.observed(kinds[i], model, slots[i], ys[i], xs[i], zs[i]);
      }
    }
    taken.setRelease(end);
  }

  /** Observations that found the ring full. */
  long dropped() {
    return dropped.getOpaque();
  }
}
