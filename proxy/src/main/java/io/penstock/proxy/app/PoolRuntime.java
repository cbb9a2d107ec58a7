package io.penstock.proxy.app;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerConfig;
import io.penstock.picker.assembly.ShadowPolicy;
import io.penstock.picker.config.FileRules;
import io.penstock.picker.config.LoadedPicker;
import io.penstock.picker.config.PolicyFile;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.objective.RuleBook;
import io.penstock.picker.objective.RuleSource;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.pool.ServedModel;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.replica.ReplicaLink;
import io.penstock.picker.schedule.OutlierDetector;
import io.penstock.picker.scrape.PodTls;
import io.penstock.picker.scrape.ScrapeConfig;
import io.penstock.picker.scrape.Scraping;
import io.penstock.proxy.config.GatewayConfig;
import io.penstock.proxy.config.GatewayPolicies;
import io.penstock.proxy.config.PoolConfig;
import io.penstock.proxy.disagg.Connectors;
import io.penstock.proxy.disagg.MooncakeEngines;
import io.penstock.proxy.disagg.MooncakeLeg;
import io.penstock.proxy.exchange.Division;
import io.penstock.proxy.exchange.GatewayPool;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.exchange.PrefillLeg;
import io.penstock.proxy.exchange.SilentPods;
import io.penstock.proxy.listen.Transport;
import io.penstock.proxy.metrics.GatewayMetrics;
import io.penstock.proxy.upstream.RetryBudget;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pool, running: its picker, where its endpoints come from, and what is read of them. Made and
 * closed by the wiring's thread.
 */
final class PoolRuntime implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PoolRuntime.class);
  private static final Duration FILE_INTERVAL = Duration.ofSeconds(1);
  private static final Duration ENGINES_FIRST = Duration.ofMillis(200);

  private final GatewayPool pool;
  private final DiscoverySource source;
  private final @Nullable MooncakeEngines engines;
  private final ScheduledExecutorService control;
  private final @Nullable PolicyFile policyFile;
  private final RuleBook rules;
  private final Map<String, RuleSource> ruleSources;

  private PoolRuntime(
      GatewayPool pool,
      DiscoverySource source,
      @Nullable MooncakeEngines engines,
      ScheduledExecutorService control,
      @Nullable PolicyFile policyFile,
      RuleBook rules,
      Map<String, RuleSource> ruleSources) {
    this.pool = pool;
    this.source = source;
    this.engines = engines;
    this.control = control;
    this.policyFile = policyFile;
    this.rules = rules;
    this.ruleSources = ruleSources;
  }

  /**
   * Builds a pool; nothing runs before {@link #start}.
   *
   * @throws IOException when the authorities of its pods cannot be read
   */
  static PoolRuntime of(
      PoolConfig config,
      GatewayConfig gateway,
      EventLoopGroup group,
      List<EventLoop> loops,
      Transport transport,
      LongSupplier nanoClock,
      ScheduledExecutorService control,
      EndpointSources sources,
      GatewayMetrics metrics,
      @Nullable ReplicaLink replicas,
      long seed)
      throws IOException {
    var podTls =
        config.tls() == null
            ? null
            : new PodTls(config.tls(), taken -> metrics.reloaded("pods-ca", taken));
    if (podTls != null) {
      podTls.start(control, FILE_INTERVAL);
    }
    var ejection = gateway.ejection();
    var health =
        new OutlierDetector(
            new OutlierDetector.Settings(
                ejection.failures(),
                ejection.duration().toNanos(),
                ejection.maxDuration().toNanos(),
                ejection.slowStart().toNanos()));
    // First, since it may refuse, and the picker has a thread.
    var source = sources.of(config.discovery(), seed);
    long heapBytes = Runtime.getRuntime().maxMemory();
    var builder =
        PoolPicker.builder(
                PoolPickerConfig.of(config.name(), Set.copyOf(config.models()), seed)
                    .withDisaggregation(config.disaggregation().policy())
                    .withIndex(PrefixIndexConfig.within(heapBytes / gateway.pools().size())),
                loops.size())
            .eventLoops(loops)
            .health(health)
            .policy(config.policy().config())
            .flowObserver(metrics.flow().pool(config.name()))
            .shadow(shadow(config.shadow()))
            .time(nanoClock, InstantSource.system())
            .scraping(
                new Scraping(
                    group,
                    new ReflectiveChannelFactory<>(transport.clientChannel()),
                    podTls,
                    ScrapeConfig.every(config.scrape().interval())));
    var picker = replicas == null ? builder.build() : replicas.join(config.name(), builder);
    var policyFile = follow(config.policy(), picker, control, metrics);
    picker.listen(
        (snapshot, added, removed) ->
            metrics.knowModels("pods of " + config.name(), modelNames(snapshot)));
    metrics.knowModels("configuration of " + config.name(), config.models());
    metrics.knowPool(config.name());
    var connector = config.disaggregation().connector();
    var engines =
        connector == PoolConfig.Connector.MOONCAKE
            ? new MooncakeEngines(picker::snapshot, nanoClock)
            : null;
    var pool =
        new GatewayPool(
            config.name(),
            config.models(),
            picker,
            health,
            new RetryBudget(gateway.retries().budget()),
            podTls,
            new Division(
                engines == null ? leg(connector) : new MooncakeLeg(engines),
                config.disaggregation().prefillTimeout().toNanos(),
                new SilentPods()));
    return new PoolRuntime(
        pool,
        source,
        engines,
        control,
        policyFile,
        rules(config, picker, metrics),
        ruleSources(config, control, sources, metrics));
  }

  /**
   * What tells other replicas of all pools, not started; null where replicas tell each other
   * nothing.
   *
   * @param loop one of those of the pools
   * @throws IOException when its password or its authorities cannot be read
   */
  static @Nullable ReplicaLink replicas(
      GatewayConfig config,
      EventLoop loop,
      Transport transport,
      Executor blocking,
      LongSupplier nanoClock,
      GatewayMetrics metrics)
      throws IOException {
    var settings = config.replicas();
    if (settings == null) {
      return null;
    }
    return ReplicaLink.of(
        settings,
        config.pools().stream().map(PoolConfig::name).toList(),
        loop,
        transport.clientChannel(),
        blocking,
        nanoClock,
        metrics.registry());
  }

  /** The pool's rules, in force as far as the configuration says them. */
  private static RuleBook rules(PoolConfig config, PoolPicker picker, GatewayMetrics metrics) {
    var rules =
        new RuleBook(
            changed -> {
              picker.rules(changed);
              metrics.knowModels("rules of " + config.name(), changed.namedModels());
            });
    rules.put("configuration", config.rules().inline());
    return rules;
  }

  private static Map<String, RuleSource> ruleSources(
      PoolConfig config,
      ScheduledExecutorService control,
      EndpointSources sources,
      GatewayMetrics metrics) {
    Map<String, RuleSource> found = new LinkedHashMap<>();
    var file = config.rules().file();
    if (file != null) {
      found.put(
          "file",
          new FileRules(
              file,
              config.rules().inFile(),
              control,
              FILE_INTERVAL,
              taken -> metrics.reloaded("rules", taken)));
    }
    var kubernetes = sources.rules(config.discovery());
    if (kubernetes != null) {
      found.put("kubernetes", kubernetes);
    }
    return found;
  }

  private static @Nullable ShadowPolicy shadow(PoolConfig.@Nullable Shadow shadow) {
    return shadow == null || shadow.sample() == 0
        ? null
        : new ShadowPolicy(
            PoolConfig.title(shadow.policy()), shadow.policy().config(), shadow.sample());
  }

  /** Takes over changes of a policy's file, if it is in one. */
  private static @Nullable PolicyFile follow(
      PoolConfig.RoutingPolicy policy,
      PoolPicker picker,
      ScheduledExecutorService control,
      GatewayMetrics metrics) {
    if (!(policy instanceof PoolConfig.RoutingPolicy.InFile in)) {
      return null;
    }
    var file = in.file();
    file.start(
        control,
        FILE_INTERVAL,
        loaded -> {
          switch (GatewayPolicies.checked(loaded)) {
            case LoadedPicker.Valid(var changed, var warnings) -> {
              warnings.forEach(warning -> LOG.warn("{}", warning));
              picker.policy(changed);
              metrics.reloaded("picker", true);
              LOG.info("{} was reloaded", file.path());
            }
            case LoadedPicker.Invalid(var errors) -> {
              errors.forEach(error -> LOG.warn("not reloaded: {}", error));
              metrics.reloaded("picker", false);
            }
          }
        });
    return file;
  }

  /** Finds endpoints from now on, and closes the connections to those that leave. */
  void start(List<LoopContext> contexts) {
    pool.picker()
        .listen(
            (snapshot, added, removed) -> {
              for (var endpoint : removed) {
                for (var context : contexts) {
                  context.eventLoop().execute(() -> context.upstream().drop(endpoint.id()));
                }
              }
            });
    ruleSources.forEach(
        (name, each) -> control.execute(() -> each.start(said -> rules.put(name, said))));
    control.execute(() -> source.start(this::apply));
    if (engines != null) {
      var _ =
          control.scheduleWithFixedDelay(
              engines::refresh,
              ENGINES_FIRST.toMillis(),
              MooncakeEngines.INTERVAL.toMillis(),
              TimeUnit.MILLISECONDS);
    }
  }

  /** The gateway has no encode stage, and so no use for pods that only encode. */
  private void apply(PoolDelta delta) {
    pool.picker().apply(delta.without(Role.ENCODE));
  }

  GatewayPool pool() {
    return pool;
  }

  /** What is wrong with the source of endpoints, empty when nothing is. */
  String problem() {
    return source.problem();
  }

  /** What is wrong with the sources of rules, empty when nothing is. */
  String rulesProblem() {
    return ruleSources.values().stream()
        .map(RuleSource::problem)
        .filter(each -> !each.isEmpty())
        .collect(Collectors.joining("; "));
  }

  private static PrefillLeg leg(PoolConfig.Connector connector) {
    return switch (connector) {
      case NIXLV2 -> Connectors.NIXLV2;
      case MOONCAKE -> throw new IllegalArgumentException("it has to know its engines");
      case OFFLOADING -> Connectors.OFFLOADING;
      case SGLANG -> Connectors.SGLANG;
      case SHARED_STORAGE -> Connectors.SHARED_STORAGE;
    };
  }

  private static List<String> modelNames(PoolSnapshot snapshot) {
    return snapshot.endpoints().stream()
        .flatMap(endpoint -> endpoint.models().stream())
        .map(ServedModel::id)
        .distinct()
        .toList();
  }

  @Override
  public void close() {
    if (policyFile != null) {
      policyFile.close();
    }
    ruleSources.values().forEach(each -> control.execute(each::close));
    control.execute(source::close);
    if (engines != null) {
      engines.close();
    }
    pool.picker().close();
  }
}
