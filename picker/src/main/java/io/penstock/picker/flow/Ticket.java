package io.penstock.picker.flow;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A request at the gate, from when it comes until it has ended. The public methods are called on
 * the request's own event loop; everything else is owned by the gate.
 */
public final class Ticket {

  /** Where the ticket stands, as the gate knows it. */
  enum State {
    COMING,
    WAITING,
    /** It went on and has not ended. */
    RUNNING,
    OVER
  }

  /** How the decision gets from the gate to the caller; the first of the two is followed. */
  private enum Handover {
    /** The caller has its answer, and it is that the request waits. */
    WAITS,
    /** The gate has decided before the caller had its answer. */
    DECIDED
  }

  private final FlowGate gate;
  private final FlowRequest request;
  private final Executor loop;
  private final FlowListener listener;
  private final AtomicReference<@Nullable Handover> handover = new AtomicReference<>();

  // Owned by the gate.
  long number;
  long key;
  long tie;
  long queuedNanos;
  long dispatchNumber;
  long revokedNanos;
  boolean unplaced;
  double share;
  State state = State.COMING;

  /** In the heap that it waits in. */
  int place = -1;

  /** Neighbours among all that wait, by when they came. */
  @Nullable Ticket older;

  @Nullable Ticket newer;
  @Nullable Band band;

  /** Written before the handover, read after it. */
  private FlowOutcome outcome = FlowOutcome.DISPATCHED;

  // Confined to the request's event loop.
  private boolean ended;
  private boolean toldPlaced;

  Ticket(FlowGate gate, FlowRequest request, Executor loop, FlowListener listener) {
    this.gate = gate;
    this.request = request;
    this.loop = loop;
    this.listener = listener;
  }

  FlowRequest request() {
    return request;
  }

  String flow() {
    return request.fairnessId();
  }

  // ---- the request's side ----

  /** What the request hears now; to be called once, after the gate had its chance to decide. */
  Verdict verdict() {
    if (handover.compareAndSet(null, Handover.WAITS)) {
      return new Verdict.Queued(this);
    }
    if (outcome.dropped()) {
      ended = true;
      return new Verdict.Shed(outcome);
    }
    return new Verdict.Admitted(this);
  }

  /** An endpoint was chosen and its load is reserved. Later calls do nothing. */
  public void placed() {
    if (!toldPlaced && !ended) {
      toldPlaced = true;
      gate.placed(this);
    }
  }

  /** The request is over, or gives up waiting. Later calls do nothing. */
  public void end() {
    end(-1, -1);
  }

  /**
   * The same for one whose answer came whole.
   *
   * @param promptTokens as the engine counted them, -1 if unknown
   * @param completionTokens as the engine counted them, -1 if unknown
   */
  public void end(long promptTokens, long completionTokens) {
    if (!ended) {
      ended = true;
      gate.ended(this, Math.max(0, promptTokens) + 2.0 * Math.max(0, completionTokens));
    }
  }

  // ---- the gate's side ----

  /** The gate has decided; the request hears of it now or, if it waits, on its loop. */
  void decide(FlowOutcome decided) {
    outcome = decided;
    if (!handover.compareAndSet(null, Handover.DECIDED)) {
      loop.execute(this::tell);
    }
  }

  private void tell() {
    if (ended) {
      return;
    }
    if (outcome.dropped()) {
      ended = true;
      listener.dropped(outcome);
    } else {
      listener.admitted();
    }
  }

  /** The request is to make room. */
  void revoke() {
    loop.execute(
        () -> {
          if (!ended) {
            listener.evicted();
          }
        });
  }
}
