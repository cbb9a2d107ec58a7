package io.penstock.tools.load;

import io.penstock.tools.replay.trace.Trace;

/** When requests are to be sent. Immutable. */
public sealed interface Arrivals {

  /** Closed loop: every connection sends its next request when the last is answered. */
  record Saturation() implements Arrivals {}

  /**
   * Open loop, evenly spaced.
   *
   * @param perSecond requests each second, above 0
   */
  record Constant(double perSecond) implements Arrivals {

    /** Checks the rate. */
    public Constant {
      checkRate(perSecond);
    }
  }

  /**
   * Open loop, a Poisson process: exponential gaps, independent of each other.
   *
   * @param perSecond requests each second on average, above 0
   * @param seed of the gaps
   */
  record Poisson(double perSecond, long seed) implements Arrivals {

    /** Checks the rate. */
    public Poisson {
      checkRate(perSecond);
    }
  }

  /** Open loop, at the times of a trace; ends with it. */
  record Recorded(Trace trace) implements Arrivals {}

  private static void checkRate(double perSecond) {
    if (!(perSecond > 0 && perSecond <= 10_000_000)) {
      throw new IllegalArgumentException(
          "a rate is above 0 and at most 10000000 a second, but is " + perSecond);
    }
  }
}
