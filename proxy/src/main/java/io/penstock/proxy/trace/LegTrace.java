package io.penstock.proxy.trace;

import io.penstock.proxy.openai.TraceParent;
import org.jspecify.annotations.Nullable;

/** The part of a request's trace that one pod takes. Confined to the exchange's event loop. */
public interface LegTrace {

  /** What the pod is told. */
  TraceParent context();

  /** The first byte of the answer's body is here. */
  void firstByte(long nowNanos);

  /**
   * It is over; only the first end counts.
   *
   * @param status the answer's status, 0 where there was none
   * @param error what went wrong, a word of a small vocabulary; null if nothing did
   */
  void end(int status, @Nullable String error, long nowNanos);
}
