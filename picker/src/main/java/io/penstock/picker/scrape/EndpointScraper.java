package io.penstock.picker.scrape;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.ServedModel;
import io.penstock.picker.signals.EngineSample;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.EngineTable;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.MetricsPageScanner;
import io.penstock.picker.signals.PageVerdict;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one endpoint's pages again and again: one fetch at a time, the metrics page at the pace of
 * {@link ScrapePace}, the list of models at its own. Confined to one event loop.
 *
 * <p>A pod that is idle is looked at seldom; when a request goes there the next page is fetched
 * within one interval, because the in-flight count is read that often.
 */
final class EndpointScraper {

  /** What all endpoints share; thread-safe. */
  record Shared(
      ScrapeConfig config,
      EngineSignals signals,
      InFlight inFlight,
      LongSupplier ticker,
      ScrapeStats stats) {}

  private static final Logger log = LoggerFactory.getLogger(EndpointScraper.class);

  private final Endpoint endpoint;
  private final EventLoop loop;
  private final PageSource pages;
  private final Shared shared;
  private final Consumer<List<ServedModel>> models;
  private final Runnable emptied;
  private final ScrapePace pagePace;
  private final ScrapePace modelsPace;
  private final EngineSample sample = new EngineSample();
  private final long intervalNanos;

  private EngineTable engines;
  private MetricsPageScanner scanner;
  private boolean stopped;
  private boolean fetching;
  private @Nullable Future<?> timer;
  private long pageDueNanos;

  /** From when on the page is fetched if a request is in flight. */
  private long pageSoonerNanos;

  private long modelsDueNanos;
  private long lastMark;
  private long lastGenerated;
  private boolean lastAsleep;
  private long lastFingerprint;
  private boolean modelsTold;

  /**
   * Reads nothing until it is started.
   *
   * @param models told what the endpoint lists, where that changes
   * @param emptied told where the engine holds no prompt any more
   */
  EndpointScraper(
      Endpoint endpoint,
      EventLoop loop,
      PageSource pages,
      Shared shared,
      RandomGenerator random,
      Consumer<List<ServedModel>> models,
      Runnable emptied) {
    this.endpoint = endpoint;
    this.loop = loop;
    this.pages = pages;
    this.shared = shared;
    this.models = models;
    this.emptied = emptied;
    var config = shared.config();
    this.intervalNanos = config.interval().toNanos();
    long backoff = config.maxBackoff().toNanos();
    this.pagePace = new ScrapePace(intervalNanos, config.idleInterval().toNanos(), backoff, random);
    this.modelsPace = new ScrapePace(intervalNanos, intervalNanos, backoff, random);
    this.engines = shared.signals().engines();
    this.scanner = scanner();
  }

  /** For pages of the engine that the endpoint's labels name. */
  private MetricsPageScanner scanner() {
    var engine = engines.engine(endpoint.spec().labels());
    if (!engines.knows(engine)) {
      log.warn(
          "{} is said to run '{}', which is unknown; its metrics are read as {}'s. Known: {}",
          endpoint.address(),
          engine,
          engines.defaultEngine(),
          engines.names());
    }
    return new MetricsPageScanner(shared.config().maxPageBytes(), engines.metrics(engine));
  }

  /** Begins after a delay; both pages are due then. */
  void start(long delayNanos) {
    assert loop.inEventLoop();
    pageDueNanos = shared.ticker().getAsLong() + delayNanos;
    pageSoonerNanos = pageDueNanos;
    modelsDueNanos = pageDueNanos;
    waitFor(delayNanos);
  }

  /** Stops for good, closes the connection and forgets the slot's signals. */
  void stop() {
    assert loop.inEventLoop();
    stopped = true;
    if (timer != null) {
      timer.cancel(false);
    }
    pages.close();
    shared.signals().reset(endpoint.slot());
  }

  private void waitFor(long nanos) {
    timer = loop.schedule(this::next, Math.max(0, nanos), TimeUnit.NANOSECONDS);
  }

  /** Fetches what is due, or waits for it. */
  private void next() {
    if (stopped || fetching) {
      return;
    }
    long now = shared.ticker().getAsLong();
    boolean sooner = pagePace.failures() == 0 && pageSoonerNanos - now <= 0 && busy();
    if (pageDueNanos - now <= 0 || sooner) {
      fetchPage(now);
    } else if (modelsDueNanos - now <= 0) {
      fetchModels(now);
    } else {
      long pause = Math.min(pageDueNanos - now, modelsDueNanos - now);
      waitFor(pagePace.failures() == 0 ? Math.min(pause, intervalNanos) : pause);
    }
  }

  private boolean busy() {
    return shared.inFlight().requests(endpoint.slot()) > 0;
  }

  private void fetchPage(long startNanos) {
    fetching = true;
    var current = shared.signals().engines();
    if (current != engines) {
      engines = current;
      scanner = scanner();
      // What was read otherwise says nothing of a change of the engine.
      lastGenerated = 0;
      lastAsleep = false;
    }
    scanner.begin();
    pages.fetch(
        "/metrics",
        shared.config().maxPageBytes(),
        new PageSource.Sink() {
          @Override
          public void piece(byte[] bytes, int from, int to) {
            shared.stats().received(to - from);
            scanner.feed(bytes, from, to);
          }

          @Override
          public void done(@Nullable ScrapeFailure failure) {
            fetching = false;
            pageDone(failure == null ? verdict() : failure, startNanos);
          }
        });
  }

  private @Nullable ScrapeFailure verdict() {
    return switch (scanner.finish(sample)) {
      case PageVerdict.COMPLETE -> null;
      case PageVerdict.TOO_LARGE -> ScrapeFailure.TOO_LARGE;
      case PageVerdict.TRUNCATED, PageVerdict.NO_ENGINE -> ScrapeFailure.CONTENT;
    };
  }

  private void pageDone(@Nullable ScrapeFailure failure, long startNanos) {
    long now = shared.ticker().getAsLong();
    if (failure != null) {
      if (pagePace.failures() == 0) {
        log.info("metrics of {} cannot be read: {}", endpoint.address(), failure);
      }
      shared.stats().failure(failure, now - startNanos);
      shared.signals().failed(endpoint.slot());
      pageDueNanos = now + pagePace.afterFailure();
      if (failure == ScrapeFailure.CONNECT || failure == ScrapeFailure.TLS) {
        // The list of models would fail alike; it is due when the pod is back.
        modelsDueNanos = Math.max(modelsDueNanos, pageDueNanos);
      }
    } else {
      boolean recovered = pagePace.failures() > 0;
      boolean restarted = sample.generationTokens() < lastGenerated;
      if (recovered) {
        log.info("metrics of {} are read again", endpoint.address());
      }
      if (recovered || restarted) {
        modelsDueNanos = now;
      }
      if (restarted || (lastAsleep && !sample.asleep())) {
        log.info("{} started anew or was asleep: it holds no prompt", endpoint.address());
        emptied.run();
      }
      long mark = mark();
      long pause = pagePace.afterSuccess(busy() || mark != lastMark);
      pageDueNanos = now + pause;
      pageSoonerNanos = now + Math.min(pause, intervalNanos);
      lastMark = mark;
      lastGenerated = sample.generationTokens();
      lastAsleep = sample.asleep();
      shared.stats().page(now - startNanos);
      shared.signals().update(endpoint.slot(), sample, now, pagePace.pauseNanos());
    }
    next();
  }

  /** Changes when the engine did anything. */
  private long mark() {
    long mark = sample.running();
    mark = mark * 31 + sample.waiting();
    mark = mark * 31 + Double.doubleToRawLongBits(sample.kvUsage());
    mark = mark * 31 + sample.promptTokens();
    return mark * 31 + sample.generationTokens();
  }

  private void fetchModels(long startNanos) {
    fetching = true;
    pages.fetch(
        "/v1/models",
        shared.config().maxModelsBytes(),
        new PageSource.Sink() {
          private byte[] body = new byte[2048];
          private int length;

          @Override
          public void piece(byte[] bytes, int from, int to) {
            shared.stats().received(to - from);
            int more = to - from;
            if (body.length < length + more) {
              body = Arrays.copyOf(body, Math.max(2 * body.length, length + more));
            }
            System.arraycopy(bytes, from, body, length, more);
            length += more;
          }

          @Override
          public void done(@Nullable ScrapeFailure failure) {
            fetching = false;
            modelsDone(failure, body, length, startNanos);
          }
        });
  }

  private void modelsDone(
      @Nullable ScrapeFailure failure, byte[] body, int length, long startNanos) {
    long now = shared.ticker().getAsLong();
    var listed = failure == null ? ModelsPage.parse(body, length).orElse(null) : null;
    if (listed == null) {
      shared.stats().failure(failure == null ? ScrapeFailure.CONTENT : failure, now - startNanos);
      modelsDueNanos = now + modelsPace.afterFailure();
    } else {
      shared.stats().modelList(now - startNanos);
      modelsPace.afterSuccess(true);
      modelsDueNanos = now + shared.config().modelsInterval().toNanos();
      if (!modelsTold || listed.fingerprint() != lastFingerprint) {
        modelsTold = true;
        lastFingerprint = listed.fingerprint();
        models.accept(listed.models());
      }
    }
    next();
  }
}
