package io.penstock.picker.app;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.picker.assembly.FlowMetrics;
import io.penstock.picker.extproc.EppMetrics;
import io.penstock.picker.extproc.ExtProcServer;
import io.penstock.picker.extproc.HealthStates;
import io.penstock.picker.extproc.tls.ServerTls;
import io.penstock.picker.quality.PoolQuality;
import io.penstock.picker.quality.QualityCollector;
import io.penstock.picker.replica.ReplicaLink;
import io.penstock.picker.scrape.PodTls;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Gauge;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running stand-alone picker: everything is made here, in this order, and closed in the reverse.
 *
 * <p>{@link #start} and {@link #close} belong to one thread, which may block; the rest may be
 * called from anywhere.
 */
public final class PickerApp implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PickerApp.class);

  private static final long READINESS_MILLIS = 100;
  private static final long EXPIRY_MILLIS = 100;
  private static final long FILE_MILLIS = 1_000;

  private final LongSupplier nanoClock = System::nanoTime;
  private final List<AutoCloseable> parts;
  private final List<RunningPool> pools = new ArrayList<>();
  private final CountDownLatch drained = new CountDownLatch(1);
  private final HealthStates states = new HealthStates();
  private final BooleanSupplier leader;
  private final ExtProcServer server;
  private final MetricsServer metricsServer;
  private final Drain drain;

  /**
   * Starts a picker; when this returns, it listens.
   *
   * @throws IOException when an address cannot be bound or a file not be read; nothing is left
   *     running then
   */
  public static PickerApp start(PickerSettings settings) throws IOException {
    List<AutoCloseable> parts = new ArrayList<>();
    try {
      return new PickerApp(settings, parts);
    } catch (IOException | RuntimeException e) {
      close(parts);
      throw e;
    }
  }

  private PickerApp(PickerSettings settings, List<AutoCloseable> parts) throws IOException {
    this.parts = parts;
    this.leader = settings.leader();
    var random = new SplittableRandom();

    // Threads: event loops for everything on the data path, one for changes, virtual ones to block.
    var transport = Transport.best();
    MultiThreadIoEventLoopGroup group =
        transport.loops(Math.max(1, Runtime.getRuntime().availableProcessors()));
    parts.add(() -> group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly());
    ScheduledExecutorService control =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("penstock-control").factory());
    parts.add(control::shutdownNow);
    ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
    parts.add(blocking::shutdownNow);
    List<EventLoop> loops = new ArrayList<>();
    for (var executor : group) {
      loops.add((EventLoop) executor);
    }

    // What is counted.
    var registry = new CollectorRegistry();
    var metrics = new EppMetrics(registry);
    var flowMetrics = new FlowMetrics(registry);
    var reloads = new ReloadCounts(registry);

    // Pools: who can answer, and who should.
    var podTls =
        settings.podTls().isPresent() ? new PodTls(settings.podTls().get(), taken -> {}) : null;
    if (podTls != null) {
      podTls.start(control, Duration.ofMillis(FILE_MILLIS));
    }
    var rulesReloaded = reloads.of("rules");
    var replicas = replicas(settings, loops.getFirst(), transport, blocking, registry);
    for (var pool : settings.pools()) {
      var surroundings =
          new PickerPool.Surroundings(
              control, blocking, nanoClock, random.nextLong(), rulesReloaded);
      var running =
          new RunningPool(
              pool, settings, surroundings, group, loops, transport, podTls, replicas, flowMetrics);
      pools.add(running);
      parts.add(running);
    }
    for (int i = 0; i < loops.size(); i++) {
      int column = i;
      var _ =
          loops
              .get(i)
              .scheduleWithFixedDelay(
                  () -> expire(column), EXPIRY_MILLIS, EXPIRY_MILLIS, TimeUnit.MILLISECONDS);
    }

    // What is known of the pools.
    registry.register(new PoolCollector(pools, nanoClock));
    Map<String, PoolQuality> qualities = new LinkedHashMap<>();
    pools.forEach(pool -> qualities.put(pool.name(), pool.picker().quality()));
    registry.register(new QualityCollector(qualities));
    Gauge.build("llm_d_epp_info", "1, and what was built.")
        .labelNames("commit", "build_ref")
        .register(registry)
        .labels(settings.build().commit(), settings.build().ref())
        .set(1);

    // What may change while it runs.
    var reload = new PolicyReload(pools, reloads.of("picker"));
    var policyFile = settings.policy().file();
    if (policyFile != null) {
      policyFile.start(control, Duration.ofMillis(FILE_MILLIS), reload::changed);
      parts.add(policyFile);
    }

    // Listeners.
    var tls = ServerTls.of(settings.tls(), InstantSource.system());
    if (tls != null) {
      tls.watch(control, FILE_MILLIS);
    }
    server =
        ExtProcServer.start(
            new ExtProcServer.Threads(group, loops, transport.serverChannel(), nanoClock),
            settings.grpc(),
            settings.health(),
            pools.stream().map(RunningPool::served).toList(),
            settings.streams(),
            metrics,
            states,
            tls,
            random.nextLong());
    parts.add(server);
    metricsServer =
        MetricsServer.start(
            group, transport.serverChannel(), settings.metrics(), registry, blocking);
    parts.add(metricsServer);
    drain = new Drain(server, control, settings.preStop(), settings.drain(), drained::countDown);
    for (var pool : pools) {
      pool.start();
    }
    if (replicas != null) {
      replicas.start();
    }
    var _ =
        control.scheduleWithFixedDelay(this::lookReady, 0, READINESS_MILLIS, TimeUnit.MILLISECONDS);
  }

  private @Nullable ReplicaLink replicas(
      PickerSettings settings,
      EventLoop loop,
      Transport transport,
      ExecutorService blocking,
      CollectorRegistry registry)
      throws IOException {
    if (settings.replicas().isEmpty()) {
      return null;
    }
    var link =
        ReplicaLink.of(
            settings.replicas().get(),
            settings.pools().stream().map(PickerPool::name).toList(),
            loop,
            transport.clientChannel(),
            blocking,
            nanoClock,
            registry);
    parts.add(link);
    return link;
  }

  /** Placements that nobody observes end on time even while nothing is picked. */
  private void expire(int column) {
    for (var pool : pools) {
      pool.picker().placements().expire(column, nanoClock.getAsLong());
    }
  }

  private void lookReady() {
    boolean ready =
        !drain.begun() && pools.stream().allMatch(RunningPool::known) && leader.getAsBoolean();
    if (ready != states.ready()) {
      LOG.info(ready ? "ready" : "not ready");
      states.ready(ready);
    }
  }

  /** Where gateways connect. */
  public InetSocketAddress address() {
    return server.address();
  }

  /** Where probes connect. */
  public InetSocketAddress healthAddress() {
    return server.healthAddress();
  }

  /** Where the metrics page is. */
  public InetSocketAddress metricsAddress() {
    return metricsServer.address();
  }

  /** Whether requests may come: every pool is known, this replica leads, nothing drains. */
  public boolean ready() {
    return states.ready();
  }

  /** Ext-proc streams that run. */
  public int openStreams() {
    return server.openStreams();
  }

  /** What request bodies take that are held or on their way back, in bytes. */
  public long heldBodyBytes() {
    return server.heldBodyBytes();
  }

  /** What is reserved at endpoints by requests in flight, over all pools: 0 when nothing runs. */
  public long reserved() {
    long sum = 0;
    for (var pool : pools) {
      sum += pool.picker().inFlight().total();
    }
    return sum;
  }

  /** Begins to drain, if that has not begun; returns at once. */
  public void drain() {
    drain.begin();
    states.ready(false);
  }

  /** Waits until the drain is over; false when it is not within the time. */
  public boolean awaitDrained(Duration atMost) throws InterruptedException {
    return drained.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Closes everything, newest first. */
  @Override
  public void close() {
    close(parts);
  }

  private static void close(List<AutoCloseable> parts) {
    for (var part : parts.reversed()) {
      try {
        part.close();
      } catch (Exception e) {
        LOG.warn("closing failed", e);
      }
    }
  }
}
