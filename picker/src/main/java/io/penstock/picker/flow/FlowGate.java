package io.penstock.picker.flow;

import io.penstock.picker.pool.PoolSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The queues of a pool. Methods may be called from anywhere; each leaves a task, and whoever works
 * off the tasks is the owner of everything in here.
 *
 * <p>Nothing happens by the clock but what must: a request that comes, one that ends, an endpoint
 * that tells of itself, each lets go on as many as there is room for then. What waits too long, and
 * what is known of endpoints that say nothing any more, is looked at in {@link #tick}.
 */
final class FlowGate {

  private static final long SWEEP_NANOS = 30_000_000_000L;
  private static final long GAUGES_NANOS = 500_000_000;

  /** Sums that are kept up to date are off by less; a share of a request is more. */
  private static final double ROUNDING = 1e-9;

  private final SerialTasks tasks = new SerialTasks();
  private final LongSupplier ticker;
  private final FlowCounts counts;
  private final FlowObserver observer;
  private final Saturation saturation;
  private final Evictions evictions;

  private FlowSettings settings;
  private Bands bands;
  private final WaitingLine line = new WaitingLine();
  private long numbers;
  private long running;
  private long unplaced;

  /** Since when the pool has had endpoints, or none. */
  private long regimeNanos;

  private boolean hadEndpoints;
  private boolean closed;
  private long sweptNanos;
  private long gaugesNanos;

  FlowGate(
      Saturation saturation,
      LongSupplier ticker,
      FlowCounts counts,
      FlowObserver observer,
      FlowSettings settings) {
    this.saturation = saturation;
    this.ticker = ticker;
    this.counts = counts;
    this.observer = observer;
    this.settings = settings;
    this.evictions = new Evictions(observer);
    long now = ticker.getAsLong();
    this.bands = new Bands(settings, now);
    this.regimeNanos = now;
    this.sweptNanos = now;
    this.gaugesNanos = now;
  }

  // ---- from anywhere ----

  void arrive(Ticket ticket) {
    long came = ticker.getAsLong();
    tasks.run(() -> take(ticket, came));
  }

  void placed(Ticket ticket) {
    tasks.run(
        () -> {
          settle(ticket);
          letGo(ticker.getAsLong());
        });
  }

  void ended(Ticket ticket, double cost) {
    tasks.run(() -> over(ticket, cost, ticker.getAsLong()));
  }

  void changed(int slot) {
    tasks.run(
        () -> {
          long now = ticker.getAsLong();
          saturation.changed(slot, now);
          letGo(now);
        });
  }

  void pool(PoolSnapshot snapshot) {
    tasks.run(
        () -> {
          long now = ticker.getAsLong();
          saturation.pool(snapshot, now);
          if (saturation.hasEndpoints() != hadEndpoints) {
            hadEndpoints = saturation.hasEndpoints();
            regimeNanos = now;
          }
          letGo(now);
        });
  }

  void tick(long nowNanos) {
    tasks.run(() -> look(nowNanos));
  }

  void settings(FlowSettings next) {
    tasks.run(() -> reconfigure(next, ticker.getAsLong()));
  }

  void close() {
    tasks.run(
        () -> {
          closed = true;
          long now = ticker.getAsLong();
          for (var ticket = line.oldest(); ticket != null; ticket = line.oldest()) {
            drop(ticket, FlowOutcome.EVICTED_SHUTDOWN, now);
          }
        });
  }

  // ---- the owner ----

  private void take(Ticket ticket, long cameNanos) {
    long now = ticker.getAsLong();
    var request = ticket.request();
    counts.came();
    ticket.number = ++numbers;
    ticket.queuedNanos = now;
    if (closed) {
      finish(ticket, FlowOutcome.EVICTED_SHUTDOWN, now);
      return;
    }
    if (!settings.gate()) {
      dispatch(ticket, now);
      return;
    }
    var band = bands.of(request.priority(), now);
    if (!hasRoom(request) || !band.hasRoom(request.bytes())) {
      var refused =
          saturation.hasEndpoints()
              ? FlowOutcome.REJECTED_CAPACITY
              : FlowOutcome.REJECTED_NO_ENDPOINTS;
      finish(ticket, refused, now);
      observer.enqueued(request, refused, now - cameNanos);
      return;
    }
    ticket.state = Ticket.State.WAITING;
    band.add(ticket, settings.ttlNanos(), now);
    line.add(ticket);
    counts.waits(1);
    observer.queued(request);
    observer.enqueued(request, FlowOutcome.DISPATCHED, now - cameNanos);
    letGo(now);
  }

  private boolean hasRoom(FlowRequest request) {
    return (settings.maxRequests() == 0 || line.count() < settings.maxRequests())
        && (settings.maxBytes() == 0 || line.bytes() + request.bytes() <= settings.maxBytes());
  }

  /** Lets as many go on as there is room for. */
  private void letGo(long nowNanos) {
    if (line.count() == 0) {
      return;
    }
    long before = ticker.getAsLong();
    while (line.count() > 0) {
      var band = nextBand(saturation.effective(), nowNanos);
      var ticket = band == null ? null : band.poll(nowNanos);
      if (ticket == null) {
        break;
      }
      line.remove(ticket);
      counts.waits(-1);
      observer.left(ticket.request());
      dispatch(ticket, nowNanos);
    }
    observer.cycle(ticker.getAsLong() - before);
  }

  /**
   * The most important band in which somebody waits, if it is open. If not, those below it wait
   * too.
   */
  private @Nullable Band nextBand(double saturated, long nowNanos) {
    if (Double.isInfinite(saturated)) {
      return null;
    }
    var sorted = bands.sorted();
    for (int rank = 0; rank < sorted.size(); rank++) {
      var band = sorted.get(rank);
      if (band.requests() == 0) {
        continue;
      }
      double ceiling = bands.ceiling(rank, saturated);
      boolean open = saturated + ROUNDING < ceiling;
      if (open || (rank > 0 && band.hasLuck(settings.limit().oneIn(saturated)))) {
        return band;
      }
      if (settings.eviction()) {
        evictions.makeRoom(band, saturated, ceiling, running, nowNanos);
      }
      return null;
    }
    return null;
  }

  private void dispatch(Ticket ticket, long nowNanos) {
    running++;
    counts.runs();
    ticket.dispatchNumber = ++numbers;
    ticket.share = saturation.detector().share(ticket.request().bytes());
    ticket.unplaced = true;
    unplaced++;
    saturation.letGo(ticket.share);
    if (ticket.request().priority() < 0) {
      evictions.running(ticket);
    }
    finish(ticket, FlowOutcome.DISPATCHED, nowNanos);
  }

  private void finish(Ticket ticket, FlowOutcome outcome, long nowNanos) {
    ticket.state = outcome.dropped() ? Ticket.State.OVER : Ticket.State.RUNNING;
    counts.came(outcome);
    observer.finished(ticket.request(), outcome, nowNanos - ticket.queuedNanos);
    ticket.decide(outcome);
  }

  /** Takes a request out of its queue that waited in vain. */
  private void drop(Ticket ticket, FlowOutcome outcome, long nowNanos) {
    leave(ticket);
    finish(ticket, outcome, nowNanos);
  }

  private void leave(Ticket ticket) {
    var band = ticket.band;
    if (band == null) {
      throw new IllegalStateException("it does not wait");
    }
    band.remove(ticket);
    line.remove(ticket);
    counts.waits(-1);
    observer.left(ticket.request());
  }

  private void settle(Ticket ticket) {
    if (ticket.unplaced) {
      ticket.unplaced = false;
      saturation.placed(ticket.share);
      if (--unplaced == 0) {
        saturation.nonePending();
      }
    }
  }

  private void over(Ticket ticket, double cost, long nowNanos) {
    switch (ticket.state) {
      case WAITING -> {
        leave(ticket);
        ticket.state = Ticket.State.OVER;
        counts.came(FlowOutcome.EVICTED_CANCELLED);
        observer.finished(
            ticket.request(), FlowOutcome.EVICTED_CANCELLED, nowNanos - ticket.queuedNanos);
      }
      case RUNNING -> {
        ticket.state = Ticket.State.OVER;
        running--;
        settle(ticket);
        if (evictions.ended(ticket, saturation.detector(), nowNanos)) {
          counts.evicts();
        }
        if (ticket.band != null && cost > 0) {
          ticket.band.served(ticket.flow(), cost, nowNanos);
        }
        counts.ends();
      }
      case COMING, OVER -> {}
    }
    letGo(nowNanos);
  }

  // ---- by the clock ----

  private void look(long nowNanos) {
    saturation.refresh(nowNanos);
    expire(nowNanos);
    evictions.expire(saturation.detector(), nowNanos);
    letGo(nowNanos);
    if (nowNanos - sweptNanos >= SWEEP_NANOS) {
      sweptNanos = nowNanos;
      bands.sweep(nowNanos);
    }
    if (nowNanos - gaugesNanos >= GAUGES_NANOS) {
      gaugesNanos = nowNanos;
      show(nowNanos);
    }
  }

  private void expire(long nowNanos) {
    var outcome = hadEndpoints ? FlowOutcome.EVICTED_TTL : FlowOutcome.EVICTED_NO_ENDPOINTS;
    for (var ticket = line.oldest(); ticket != null; ticket = line.oldest()) {
      if (!tooOld(ticket, nowNanos)) {
        return;
      }
      drop(ticket, outcome, nowNanos);
    }
  }

  /** Whoever came later has its time later, so that the oldest tells for all. */
  private boolean tooOld(Ticket ticket, long nowNanos) {
    long waited = nowNanos - ticket.queuedNanos;
    long backstop = settings.backstopNanos();
    long budget = hadEndpoints ? settings.ttlNanos() : settings.noEndpointTtlNanos();
    long used = Math.min(waited, nowNanos - regimeNanos);
    return (budget > 0 && used >= budget) || (backstop > 0 && waited >= backstop);
  }

  private void show(long nowNanos) {
    if (!settings.gate()) {
      return;
    }
    observer.programs(
        bands.sorted().stream()
            .map(band -> band.programs(nowNanos))
            .filter(band -> !band.programs().isEmpty())
            .toList());
    observer.saturation(
        saturation.detector().type(),
        saturation.prefill(),
        saturation.decode(),
        saturation.hasEndpoints() ? saturation.effective() : 1,
        saturation.stale(nowNanos));
    observer.bands(bands.sorted().stream().map(FlowGate::use).toList());
    observer.total(
        share(line.count(), settings.maxRequests()), share(line.bytes(), settings.maxBytes()));
  }

  private static BandUse use(Band band) {
    return new BandUse(
        band.priority(),
        share(band.requests(), band.settings().maxRequests()),
        share(band.bytes(), band.settings().maxBytes()));
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  // ---- another configuration ----

  /** Whoever waits goes on to wait, whatever room there would be for him now. */
  private void reconfigure(FlowSettings next, long nowNanos) {
    List<Ticket> waiting = new ArrayList<>();
    for (var ticket = line.oldest(); ticket != null; ticket = ticket.newer) {
      waiting.add(ticket);
    }
    settings = next;
    bands = new Bands(next, nowNanos);
    saturation.detector(next.detector(), nowNanos);
    for (var ticket : waiting) {
      ticket.place = -1;
      bands.of(ticket.request().priority(), nowNanos).add(ticket, next.ttlNanos(), nowNanos);
    }
    if (next.gate()) {
      letGo(nowNanos);
      return;
    }
    for (var ticket : waiting) {
      leave(ticket);
      dispatch(ticket, nowNanos);
    }
    observer.off();
  }
}
