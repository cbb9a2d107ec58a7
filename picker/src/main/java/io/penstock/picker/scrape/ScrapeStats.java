package io.penstock.picker.scrape;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** What scraping has done so far, over all endpoints and both pages. Thread-safe. */
public final class ScrapeStats {

  private final LongAdder pages = new LongAdder();
  private final LongAdder modelLists = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder nanos = new LongAdder();
  private final LongAdder connects = new LongAdder();
  private final Map<ScrapeFailure, LongAdder> failures = new EnumMap<>(ScrapeFailure.class);

  /** All zero. */
  public ScrapeStats() {
    for (var reason : ScrapeFailure.values()) {
      failures.put(reason, new LongAdder());
    }
  }

  /** Metrics pages read. */
  public long pages() {
    return pages.sum();
  }

  /** Lists of models read. */
  public long modelLists() {
    return modelLists.sum();
  }

  /** Fetches that failed, of both pages. */
  public long failures(ScrapeFailure reason) {
    return counter(reason).sum();
  }

  /** Bytes of bodies received. */
  public long bytes() {
    return bytes.sum();
  }

  /** Time from request to end, over all fetches, good and bad. */
  public long nanos() {
    return nanos.sum();
  }

  /** Connections opened. */
  public long connects() {
    return connects.sum();
  }

  void page(long tookNanos) {
    pages.increment();
    nanos.add(tookNanos);
  }

  void modelList(long tookNanos) {
    modelLists.increment();
    nanos.add(tookNanos);
  }

  void failure(ScrapeFailure reason, long tookNanos) {
    counter(reason).increment();
    nanos.add(tookNanos);
  }

  void received(int count) {
    bytes.add(count);
  }

  void connected() {
    connects.increment();
  }

  private LongAdder counter(ScrapeFailure reason) {
    return Objects.requireNonNull(failures.get(reason));
  }
}
