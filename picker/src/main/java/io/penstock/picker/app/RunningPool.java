package io.penstock.picker.app;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.penstock.picker.assembly.FlowMetrics;
import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerConfig;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.extproc.ExtProcPool;
import io.penstock.picker.objective.RuleBook;
import io.penstock.picker.objective.RuleSource;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.replica.ReplicaLink;
import io.penstock.picker.schedule.OutlierDetector;
import io.penstock.picker.scrape.PodTls;
import io.penstock.picker.scrape.ScrapeConfig;
import io.penstock.picker.scrape.Scraping;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** One pool, running: its picker and its source. Made and closed by the wiring's thread. */
final class RunningPool implements AutoCloseable {

  private final PickerPool pool;
  private final OutlierDetector health = new OutlierDetector(OutlierDetector.Settings.DEFAULT);
  private final PoolPicker picker;
  private final DiscoverySource source;
  private final RuleBook rules;
  private final List<RuleSource> ruleSources;
  private final PickerPool.Surroundings surroundings;

  /** Whether the endpoints' source has told its first whole list. */
  private volatile boolean known;

  /** Builds the pool; nothing is found before {@link #start}. */
  RunningPool(
      PickerPool pool,
      PickerSettings settings,
      PickerPool.Surroundings surroundings,
      EventLoopGroup group,
      List<EventLoop> loops,
      Transport transport,
      @Nullable PodTls podTls,
      @Nullable ReplicaLink replicas,
      FlowMetrics flowMetrics) {
    this.pool = pool;
    this.surroundings = surroundings;
    this.source = pool.discovery().source(surroundings);
    long heapBytes = Runtime.getRuntime().maxMemory();
    var builder =
        PoolPicker.builder(
                PoolPickerConfig.of(pool.name(), pool.models(), surroundings.seed())
                    .withModelRule(settings.modelRule())
                    .withIndex(PrefixIndexConfig.within(heapBytes / settings.pools().size())),
                loops.size())
            .eventLoops(loops)
            .health(health)
            .policy(settings.policy().config())
            .flowObserver(flowMetrics.pool(pool.name()))
            .time(surroundings.nanoClock(), InstantSource.system())
            .scraping(
                new Scraping(
                    group,
                    new ReflectiveChannelFactory<>(transport.clientChannel()),
                    podTls,
                    ScrapeConfig.every(settings.scrapeInterval())));
    this.picker = replicas == null ? builder.build() : replicas.join(pool.name(), builder);
    this.rules = new RuleBook(picker::rules);
    this.ruleSources = pool.rules().sources(surroundings);
  }

  /** Finds endpoints from now on. */
  void start() {
    for (int i = 0; i < ruleSources.size(); i++) {
      var each = ruleSources.get(i);
      var name = "source " + i;
      surroundings.control().execute(() -> each.start(said -> rules.put(name, said)));
    }
    surroundings.control().execute(() -> source.start(this::found));
  }

  private void found(PoolDelta delta) {
    picker.apply(delta);
    known = true;
  }

  /** Whether all sources have told their first whole list. On the control thread. */
  boolean known() {
    return known && ruleSources.stream().allMatch(RuleSource::known);
  }

  /** What is wrong with the source now, one sentence; empty while all is well. */
  String problem() {
    return source.problem();
  }

  /** Whether a source of its rules has trouble. */
  boolean rulesTroubled() {
    return ruleSources.stream().anyMatch(source -> !source.problem().isEmpty());
  }

  String name() {
    return pool.name();
  }

  /** As streams ask for it. */
  ExtProcPool served() {
    return new ExtProcPool(pool.name(), picker, health);
  }

  PoolPicker picker() {
    return picker;
  }

  @Override
  public void close() {
    try {
      surroundings.control().execute(this::closeSources);
    } catch (RejectedExecutionException over) {
      closeSources();
    }
    picker.close();
  }

  private void closeSources() {
    ruleSources.forEach(RuleSource::close);
    source.close();
  }
}
