package io.penstock.picker.assembly;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.flow.FlowObserver;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.scrape.Scraping;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Collects a picker's parts. Confined to its maker. */
public final class PoolPickerBuilder {
  final PoolPickerConfig config;
  final int columns;
  List<? extends Executor> eventLoops = List.of();
  EndpointHealth health = EndpointHealth.ALL_HEALTHY;
  LongSupplier ticker = System::nanoTime;
  InstantSource clock = InstantSource.system();
  FlowObserver flowObserver = FlowObserver.NONE;
  boolean threaded = true;
  @Nullable EndpointPickerConfig policy;
  @Nullable Scraping scraping;
  @Nullable ShadowPolicy shadow;
  @Nullable PlacementFeed feed;

  PoolPickerBuilder(PoolPickerConfig config, int columns) {
    if (columns < 1) {
      throw new IllegalArgumentException("columns is " + columns + ", allowed: 1 or more");
    }
    this.config = config;
    this.columns = columns;
  }

  /**
   * The event loops that call the picker; a removed endpoint's slot is not reused before each of
   * them has run a task. Without them the caller sees to it that nobody holds an old snapshot
   * across a {@link PoolPicker#tick}.
   */
  public PoolPickerBuilder eventLoops(List<? extends Executor> loops) {
    eventLoops = List.copyOf(loops);
    return this;
  }

  /** What passive observation says of the endpoints. */
  public PoolPickerBuilder health(EndpointHealth value) {
    health = value;
    return this;
  }

  /** The policy to begin with; null for expected cost. */
  public PoolPickerBuilder policy(@Nullable EndpointPickerConfig value) {
    policy = value;
    return this;
  }

  /** Hears how requests are admitted. */
  public PoolPickerBuilder flowObserver(FlowObserver value) {
    flowObserver = value;
    return this;
  }

  /** A second policy to decide beside the first; null for none. */
  public PoolPickerBuilder shadow(@Nullable ShadowPolicy value) {
    shadow = value;
    return this;
  }

  /** Hears of each placement, to tell other replicas, whose own are mirrored here. */
  public PoolPickerBuilder replicas(PlacementFeed value) {
    feed = value;
    return this;
  }

  /** The time that callers give as {@code nowNanos}, and the wall clock beside it. */
  public PoolPickerBuilder time(LongSupplier nanoTicker, InstantSource wallClock) {
    ticker = nanoTicker;
    clock = wallClock;
    return this;
  }

  /** Reads the endpoints' metrics and models from when they appear until they leave. */
  public PoolPickerBuilder scraping(Scraping value) {
    scraping = value;
    return this;
  }

  /** No control thread: the caller's one thread applies deltas and calls tick itself. */
  public PoolPickerBuilder withoutThread() {
    threaded = false;
    return this;
  }

  /**
   * The picker, running.
   *
   * @throws IllegalStateException scraping without a control thread to hand results to
   */
  public PoolPicker build() {
    if (scraping != null && !threaded) {
      throw new IllegalStateException("scraping needs the control thread");
    }
    var picker = new PoolPicker(this);
    picker.start();
    return picker;
  }
}
