package io.penstock.proxy.trace;

import io.penstock.picker.schedule.Decision;
import io.penstock.proxy.metrics.AccessRecord;
import io.penstock.proxy.openai.TraceParent;
import org.jspecify.annotations.Nullable;

/** The trace of one request. Confined to the exchange's event loop. */
public interface RequestTrace {

  /** What a pod is told of the request's own span. */
  TraceParent context();

  /** Whether the client's trace goes on, so that its {@code tracestate} is still true. */
  boolean continues();

  /** It was decided where the request goes. */
  void picked(Decision decision, long startNanos, long endNanos);

  /**
   * A pod is asked.
   *
   * @param leg {@code prefill}, {@code decode}, or what is asked for as a whole, such as {@code
   *     chat}
   * @param model what the request names; null where it names none
   * @param pod name of the pod
   * @param host address of the pod without its port
   */
  LegTrace leg(
      String leg, @Nullable String model, String pod, String host, int port, long nowNanos);

  /** The request has its outcome. Once, and nothing after it but ends of legs. */
  void end(AccessRecord request, long nowNanos);
}
