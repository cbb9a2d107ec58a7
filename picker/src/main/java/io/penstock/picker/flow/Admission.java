package io.penstock.picker.flow;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Decides which requests of a pool may go on to be scheduled. Thread-safe.
 *
 * <p>Without the gate every request goes on, but for those of negative priority while the pool is
 * saturated. With it, requests wait their turn; each gets a {@link Ticket} that is ended with it.
 */
public final class Admission {

  private final Supplier<PoolSnapshot> pool;
  private final EngineSignals signals;
  private final InFlight inFlight;
  private final EndpointHealth health;
  private final LongSupplier ticker;
  private final FlowObserver observer;
  private final FlowCounts counts = new FlowCounts();
  private final FlowGate gate;
  private volatile FlowSettings settings;

  /** Admits by these settings; the pool is followed by calls of {@link #pool}. */
  public Admission(
      Supplier<PoolSnapshot> pool,
      EngineSignals signals,
      InFlight inFlight,
      EndpointHealth health,
      LongSupplier ticker,
      FlowObserver observer,
      FlowSettings settings) {
    this.pool = pool;
    this.signals = signals;
    this.inFlight = inFlight;
    this.health = health;
    this.ticker = ticker;
    this.observer = observer;
    this.settings = settings;
    this.gate =
        new FlowGate(
            new Saturation(signals, inFlight, health, settings.detector()),
            ticker,
            counts,
            observer,
            settings);
  }

  /** Whether requests of that priority go on without being asked about. One volatile read. */
  public boolean passes(int priority) {
    return priority >= 0 && !settings.gate();
  }

  /** Headers that name a flow where a request does not say so itself. */
  public FlowSettings settings() {
    return settings;
  }

  /**
   * Asks about a request.
   *
   * @param loop the request's event loop, on which this is called and the listener too
   * @param random for what is refused by chance
   * @param refused whether the policy refuses it; asked only about a negative priority
   */
  public Verdict admit(
      FlowRequest request,
      Executor loop,
      FlowListener listener,
      RandomGenerator random,
      BooleanSupplier refused) {
    var now = settings;
    if (request.priority() < 0) {
      for (var admitter : now.admitters()) {
        double refusal = admitter.refusal(pool.get(), signals, health, ticker.getAsLong());
        if (refusal > 0 && random.nextDouble() < refusal) {
          return shed(request, FlowOutcome.DENIED);
        }
      }
      if (refused.getAsBoolean()) {
        return shed(request, FlowOutcome.DENIED);
      }
      if (!now.gate() && saturated(now)) {
        return shed(request, FlowOutcome.SHED);
      }
    }
    if (!now.gate()) {
      return Verdict.Admitted.FREE;
    }
    var ticket = new Ticket(gate, request, loop, listener);
    gate.arrive(ticket);
    return ticket.verdict();
  }

  private boolean saturated(FlowSettings by) {
    long now = ticker.getAsLong();
    return Saturation.of(by.detector(), pool.get(), signals, inFlight, health, now) >= 1;
  }

  private Verdict shed(FlowRequest request, FlowOutcome outcome) {
    counts.came();
    counts.came(outcome);
    observer.finished(request, outcome, 0);
    return new Verdict.Shed(outcome);
  }

  /** What came, and what became of it. */
  public FlowCounts counts() {
    return counts;
  }

  /** Something has changed at an endpoint: its load, or what its engine tells. */
  public void changed(int slot) {
    if (settings.gate()) {
      gate.changed(slot);
    }
  }

  /** The endpoints have changed. */
  public void pool(PoolSnapshot snapshot) {
    gate.pool(snapshot);
  }

  /** Looks at what changes by time alone; to be called several times a second. */
  public void tick(long nowNanos) {
    if (settings.gate() || !counts.isQuiet()) {
      gate.tick(nowNanos);
    }
  }

  /** Admits by other settings from now on; requests that wait go on to wait, or go on. */
  public void settings(FlowSettings next) {
    settings = next;
    gate.settings(next);
  }

  /** Nobody waits any longer, and nobody will. */
  public void close() {
    gate.close();
  }
}
