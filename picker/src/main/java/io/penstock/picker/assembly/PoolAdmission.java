package io.penstock.picker.assembly;

import io.penstock.picker.flow.Admission;
import io.penstock.picker.flow.FlowCounts;
import io.penstock.picker.flow.FlowHeaders;
import io.penstock.picker.flow.FlowListener;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.pool.Pool;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.RequestHeaders;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether a request may be picked for now: flow control, and what the policy in force refuses.
 * Thread-safe: {@link #admit} is called on the column's event loop, everything else from anywhere.
 */
public final class PoolAdmission {

  private static final long NO_DECISION = -1;

  private final Admission flowControl;
  private final Pool pool;
  private final PickerLoops loops;
  private final LongSupplier ticker;

  PoolAdmission(Admission flowControl, Pool pool, PickerLoops loops, LongSupplier ticker) {
    this.flowControl = flowControl;
    this.pool = pool;
    this.loops = loops;
    this.ticker = ticker;
  }

  /**
   * Whether a request of that priority may be picked for without asking {@link #admit}. Cheap: the
   * usual case.
   */
  public boolean admitsAtOnce(int priority) {
    return flowControl.passes(priority);
  }

  /**
   * Asks whether a request may be picked for now. On the column's event loop.
   *
   * @param priority as {@link PoolPicker#priority} says
   * @param identity names the request's flow where its headers do not; null for nobody
   * @param receivedNanos the ticker's time when its head came
   * @param eventLoop of the column; the listener is called there
   */
  public Verdict admit(
      InferenceRequest request,
      RequestHeaders headers,
      int priority,
      @Nullable String identity,
      long receivedNanos,
      int column,
      Executor eventLoop,
      FlowListener listener) {
    return flowControl.admit(
        FlowHeaders.request(
            headers,
            flowControl.settings(),
            priority,
            identity,
            request.asked(),
            request.model(),
            request.bodyBytes(),
            receivedNanos),
        eventLoop,
        listener,
        loops.of(column).random(),
        () -> refuses(request, headers, column));
  }

  /** Whether an admitter of the policy refuses the request. */
  private boolean refuses(InferenceRequest request, RequestHeaders headers, int column) {
    var current = loops.scheduler();
    if (!current.refusesSome()) {
      return false;
    }
    var context =
        loops
            .of(column)
            .context(current)
            .begin(
                NO_DECISION,
                request,
                headers,
                pool.snapshot(),
                new Exclusions(),
                ticker.getAsLong());
    return current.refuses(context);
  }

  /** The flow that a request belongs to. */
  public String flow(RequestHeaders headers) {
    return FlowHeaders.flow(headers, flowControl.settings().identityHeaders(), null);
  }

  /** What came to be admitted, and what became of it. */
  public FlowCounts counts() {
    return flowControl.counts();
  }
}
