package io.penstock.tools.load;

import io.penstock.tools.replay.trace.Trace;
import java.util.SplittableRandom;

/** The intended send times of an open loop, one after the other. Confined to one thread. */
interface ArrivalTimes {

  /** No further arrival. */
  long NEVER = Long.MAX_VALUE;

  /** When the next request is to be sent, ns since the start; not falling, or {@link #NEVER}. */
  long nextNanos();

  /** The first {@code most} of them. */
  default ArrivalTimes first(long most) {
    var all = this;
    return new ArrivalTimes() {
      private long left = most;

      @Override
      public long nextNanos() {
        return left-- > 0 ? all.nextNanos() : NEVER;
      }
    };
  }

  /** Evenly spaced, without drift: arrival i is at i / rate. */
  static ArrivalTimes constant(double perSecond) {
    return new ArrivalTimes() {
      private long count;

      @Override
      public long nextNanos() {
        return Math.round(count++ * 1e9 / perSecond);
      }
    };
  }

  /** Gaps drawn as −ln(1 − u) / rate. */
  static ArrivalTimes poisson(double perSecond, long seed) {
    var random = new SplittableRandom(seed);
    return new ArrivalTimes() {
      private double atNanos;

      @Override
      public long nextNanos() {
        atNanos += -Math.log1p(-random.nextDouble()) * 1e9 / perSecond;
        return Math.round(atNanos);
      }
    };
  }

  /** Those of a trace. */
  static ArrivalTimes recorded(Trace trace) {
    return new ArrivalTimes() {
      private int next;

      @Override
      public long nextNanos() {
        return next < trace.requests().size() ? trace.requests().get(next++).arrivalNanos() : NEVER;
      }
    };
  }
}
