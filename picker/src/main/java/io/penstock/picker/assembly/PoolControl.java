package io.penstock.picker.assembly;

import io.penstock.picker.cost.CostModel;
import io.penstock.picker.flow.Admission;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.Pool;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.ServedModel;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.quality.PoolQuality;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.scrape.ScrapeListener;
import io.penstock.picker.scrape.Scraper;
import io.penstock.picker.scrape.Scraping;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one writer of a pool, and what follows from its changes: slots are opened, forgotten, drained
 * and released, capacities set, observations taken in. Everything but {@link #execute} and {@link
 * #refused} happens on the control thread.
 *
 * <p>The slot of a removed endpoint gets a new owner only when no event loop can still act on a
 * snapshot that has the old one (each has run a task since), its scraper has stopped, nothing is in
 * flight to it, and the index has given up all of its blocks. An endpoint whose engine has lost its
 * cache keeps its slot, which is closed in the index until that has given up the blocks.
 */
final class PoolControl implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PoolControl.class);

  private static final long TICK_MILLIS = 100;
  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final int DRAIN_BLOCKS_PER_TICK = 20_000;

  private static final double CAPACITY_CHANGE = 0.05;

  private final Pool pool;
  private final EngineSignals signals;
  private final InFlight inFlight;
  private final PrefixIndex index;
  private final CostModel costs;
  private final PoolQuality quality;
  private final @Nullable Shadow shadow;
  private final EndpointHealth health;
  private final Admission flowControl;
  private final List<? extends Executor> eventLoops;
  private final LongSupplier ticker;
  private final @Nullable ScheduledExecutorService thread;
  private final @Nullable Scraper scraper;

  private final List<Leaving> leaving = new ArrayList<>();

  /** Slots of endpoints that are to be opened again once the index has given up their blocks. */
  private final BitSet reopening = new BitSet();

  private final int[] capacities = new int[Endpoint.MAX_SLOTS];
  private final AtomicLong refused = new AtomicLong();

  PoolControl(
      PoolState state,
      Admission flowControl,
      PoolQuality quality,
      @Nullable Shadow shadow,
      PoolPickerBuilder builder) {
    this.pool = state.pool();
    this.signals = state.signals();
    this.inFlight = state.inFlight();
    this.index = state.index();
    this.costs = state.costs();
    this.flowControl = flowControl;
    this.quality = quality;
    this.shadow = shadow;
    this.health = builder.health;
    this.eventLoops = builder.eventLoops;
    this.ticker = builder.ticker;
    this.thread = builder.threaded ? thread(builder.config.name()) : null;
    this.scraper = builder.scraping == null ? null : scraper(builder.scraping, builder);
    pool.listen(this::changed);
    if (scraper != null) {
      pool.listen(scraper);
    }
  }

  private Scraper scraper(Scraping scraping, PoolPickerBuilder builder) {
    return new Scraper(
        scraping,
        signals,
        inFlight,
        ticker,
        new SplittableRandom(builder.config.seed()),
        this::execute,
        new ScrapeListener() {
          @Override
          public void models(EndpointId id, List<ServedModel> models) {
            pool.models(id, models);
          }

          @Override
          public void emptied(Endpoint endpoint) {
            PoolControl.this.emptied(endpoint);
          }

          @Override
          public void stopped(Endpoint endpoint) {
            unscraped(endpoint.slot());
          }
        });
  }

  private static ScheduledExecutorService thread(String pool) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name("penstock-pool-" + pool).factory());
  }

  void start() {
    if (thread != null) {
      var _ =
          thread.scheduleWithFixedDelay(
              this::guardedTick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  void execute(Runnable task) {
    if (thread == null) {
      task.run();
      return;
    }
    try {
      thread.execute(task);
    } catch (RejectedExecutionException closed) {
      LOG.debug("pool {}: a change came after the end", pool.snapshot().name());
    }
  }

  void apply(PoolDelta delta) {
    for (var spec : pool.apply(delta)) {
      refused.incrementAndGet();
      LOG.warn("pool {}: no slot left for {}", pool.snapshot().name(), spec.name());
    }
  }

  long refused() {
    return refused.get();
  }

  private void changed(PoolSnapshot snapshot, List<Endpoint> added, List<Endpoint> removed) {
    for (var endpoint : added) {
      index.open(endpoint.slot());
    }
    for (var endpoint : removed) {
      index.forget(endpoint.slot());
      reopening.clear(endpoint.slot());
      quality.forget(endpoint.id());
      leaving.add(new Leaving(endpoint.slot(), passAll(), scraper != null));
    }
    flowControl.pool(snapshot);
  }

  /** What the endpoint held it holds no more; what it is sent from now on it will. */
  private void emptied(Endpoint endpoint) {
    var known = pool.snapshot().bySlot(endpoint.slot());
    if (known != null && known.id().equals(endpoint.id())) {
      index.forget(endpoint.slot());
      reopening.set(endpoint.slot());
      reopen();
    }
  }

  private void reopen() {
    for (int slot = reopening.nextSetBit(0); slot >= 0; slot = reopening.nextSetBit(slot + 1)) {
      if (index.drain(slot, DRAIN_BLOCKS_PER_TICK)) {
        reopening.clear(slot);
        capacities[slot] = 0;
        index.open(slot);
      }
    }
  }

  /** A slot that is leaving has one life only, so the slot tells which. */
  private void unscraped(int slot) {
    leaving.replaceAll(each -> each.slot() == slot ? each.unscraped() : each);
  }

  /** Counts down to 0 when every event loop has run a task from now on. */
  private AtomicInteger passAll() {
    var loopsToPass = new AtomicInteger(eventLoops.size());
    for (var loop : eventLoops) {
      try {
        loop.execute(loopsToPass::decrementAndGet);
      } catch (RejectedExecutionException closed) {
        loopsToPass.decrementAndGet();
      }
    }
    return loopsToPass;
  }

  /** A scheduled task that throws would never run again. */
  private void guardedTick() {
    try {
      tick(ticker.getAsLong());
    } catch (RuntimeException e) {
      LOG.error("pool {}: a round of the control thread failed", pool.snapshot().name(), e);
    }
  }

  void tick(long nowNanos) {
    var snapshot = pool.snapshot();
    costs.tick(nowNanos, snapshot, signals, inFlight);
    quality.takeIn(snapshot);
    if (shadow != null) {
      shadow.takeIn();
    }
    index.tick(nowNanos / NANOS_PER_SECOND);
    reopen();
    for (var endpoint : snapshot.endpoints()) {
      setCapacity(endpoint);
    }
    leaving.removeIf(this::released);
    flowControl.tick(nowNanos);
  }

  private void setCapacity(Endpoint endpoint) {
    int slot = endpoint.slot();
    double tokens = signals.kvCapacityTokens(slot);
    if (tokens <= 0) {
      return;
    }
    double blocks =
        costs.capacityFactor(slot) * tokens * bytesPerToken(endpoint) / PromptKeys.BLOCK_BYTES;
    int wanted = (int) Math.clamp(blocks, 1, Integer.MAX_VALUE);
    if (Math.abs(wanted - capacities[slot]) > CAPACITY_CHANGE * capacities[slot]) {
      capacities[slot] = wanted;
      index.capacity(slot, wanted);
    }
  }

  /** The most of any model the endpoint serves: the safe side. */
  private double bytesPerToken(Endpoint endpoint) {
    double most = 0;
    for (var model : endpoint.models()) {
      most = Math.max(most, costs.rates(model.id()).cachedBytesPerToken());
    }
    return most > 0 ? most : costs.rates("").cachedBytesPerToken();
  }

  private boolean released(Leaving endpoint) {
    int slot = endpoint.slot();
    boolean drained = index.drain(slot, DRAIN_BLOCKS_PER_TICK);
    if (!drained
        || endpoint.scraped()
        || endpoint.loopsToPass().get() > 0
        || !inFlight.idle(slot)) {
      return false;
    }
    capacities[slot] = 0;
    signals.reset(slot);
    costs.forget(slot);
    health.forget(slot);
    pool.release(slot);
    return true;
  }

  /** What was handed over before still runs; then the thread ends. */
  @Override
  public void close() {
    if (scraper != null) {
      execute(scraper::close);
    }
    execute(flowControl::close);
    if (thread != null) {
      thread.shutdown();
    }
  }

  /**
   * A removed endpoint whose slot is not free yet.
   *
   * @param loopsToPass event loops that have not run a task since the removal
   * @param scraped whether a scraper may still write the slot's signals
   */
  private record Leaving(int slot, AtomicInteger loopsToPass, boolean scraped) {
    Leaving unscraped() {
      return new Leaving(slot, loopsToPass, false);
    }
  }
}
