package io.penstock.picker.scrape;

import io.netty.channel.EventLoop;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.Pool;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator.SplittableGenerator;

/**
 * Scrapes every endpoint of a pool: one {@link EndpointScraper} each, spread over the event loops.
 *
 * <p>{@link #changed}, {@link #close} on the control thread, where {@link ScrapeListener} is called
 * too. An endpoint whose pages cannot be had stays in the pool: its signals go stale, and picks
 * fall back to in-flight counts.
 */
public final class Scraper implements Pool.Listener, AutoCloseable {

  /** First pages of endpoints that appear together are this far apart on average. */
  private static final long SPREAD_NANOS = 2_000_000;

  private final Scraping scraping;
  private final EndpointScraper.Shared shared;
  private final SplittableGenerator random;
  private final Executor control;
  private final ScrapeListener listener;
  private final Map<EndpointId, Running> running = new HashMap<>();
  private boolean closed;

  private record Running(Endpoint endpoint, EventLoop loop, EndpointScraper scraper) {}

  /**
   * Scrapes nothing until the pool changes, or {@link #follow} is called.
   *
   * @param ticker nanoseconds, the same as the picks' clock
   * @param random one generator is split off for each endpoint
   * @param control the thread that owns the pool; outlives the loops' work for this scraper
   */
  public Scraper(
      Scraping scraping,
      EngineSignals signals,
      InFlight inFlight,
      LongSupplier ticker,
      SplittableGenerator random,
      Executor control,
      ScrapeListener listener) {
    this.scraping = scraping;
    this.shared =
        new EndpointScraper.Shared(scraping.config(), signals, inFlight, ticker, new ScrapeStats());
    this.random = random;
    this.control = control;
    this.listener = listener;
  }

  /** Counters over all endpoints. */
  public ScrapeStats stats() {
    return shared.stats();
  }

  @Override
  public void changed(PoolSnapshot snapshot, List<Endpoint> added, List<Endpoint> removed) {
    if (!closed) {
      follow(snapshot);
    }
  }

  /**
   * Starts and stops what leads to the snapshot; another address or another engine is a stop and a
   * start.
   */
  public void follow(PoolSnapshot snapshot) {
    Map<EndpointId, Endpoint> wanted = new HashMap<>();
    for (var endpoint : snapshot.endpoints()) {
      wanted.put(endpoint.id(), endpoint);
    }
    int known = running.size();
    for (var old : List.copyOf(running.values())) {
      var now = wanted.get(old.endpoint.id());
      if (now == null || now.slot() != old.endpoint.slot()) {
        running.remove(old.endpoint.id());
        stop(old, true);
      } else if (!now.address().equals(old.endpoint.address()) || !sameEngine(now, old.endpoint)) {
        stop(old, false);
        // On the same loop: the slot's signals have one writer.
        start(now, old.loop, 0);
      }
    }
    int together = Math.max(0, wanted.size() - known);
    for (var endpoint : snapshot.endpoints()) {
      if (!running.containsKey(endpoint.id())) {
        start(endpoint, scraping.loops().next(), together * SPREAD_NANOS);
      }
    }
  }

  private boolean sameEngine(Endpoint now, Endpoint before) {
    var engines = shared.signals().engines();
    return engines.engine(now.spec().labels()).equals(engines.engine(before.spec().labels()));
  }

  /** Stops everything for good; the endpoints are told of as stopped. */
  @Override
  public void close() {
    closed = true;
    follow(PoolSnapshot.empty("closed"));
  }

  private void start(Endpoint endpoint, EventLoop loop, long spreadNanos) {
    var own = random.split();
    var fetcher =
        new PageFetcher(
            loop,
            scraping.channels(),
            scraping.tls(),
            endpoint.spec().host(),
            endpoint.spec().port(),
            endpoint.address(),
            shared.config(),
            shared.stats());
    var scraper =
        new EndpointScraper(
            endpoint,
            loop,
            fetcher,
            shared,
            own,
            models -> control.execute(() -> listener.models(endpoint.id(), models)),
            () -> control.execute(() -> listener.emptied(endpoint)));
    long spread = Math.min(shared.config().interval().toNanos(), spreadNanos);
    long delay = (long) (spread * own.nextDouble());
    running.put(endpoint.id(), new Running(endpoint, loop, scraper));
    loop.execute(() -> scraper.start(delay));
  }

  private void stop(Running old, boolean gone) {
    old.loop.execute(
        () -> {
          old.scraper.stop();
          if (gone) {
            control.execute(() -> listener.stopped(old.endpoint));
          }
        });
  }
}
