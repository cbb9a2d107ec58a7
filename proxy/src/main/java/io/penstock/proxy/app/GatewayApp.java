package io.penstock.proxy.app;

import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.util.internal.PlatformDependent;
import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.explain.DecisionRecord;
import io.penstock.proxy.admin.AdminServer;
import io.penstock.proxy.config.ConfigPrinter;
import io.penstock.proxy.config.GatewayConfig;
import io.penstock.proxy.config.ListenAddress;
import io.penstock.proxy.config.LoadResult;
import io.penstock.proxy.exchange.BodyBudget;
import io.penstock.proxy.exchange.ExchangeSettings;
import io.penstock.proxy.exchange.Gateway;
import io.penstock.proxy.exchange.PoolDirectory;
import io.penstock.proxy.listen.ClientConnections;
import io.penstock.proxy.listen.GatewayServer;
import io.penstock.proxy.listen.TlsContext;
import io.penstock.proxy.listen.Transport;
import io.penstock.proxy.metrics.AccessLog;
import io.penstock.proxy.metrics.Conservation;
import io.penstock.proxy.metrics.GatewayMetrics;
import io.penstock.proxy.openai.ModelListing;
import io.penstock.proxy.openai.ResponseOwners;
import io.penstock.proxy.trace.Tracing;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A running gateway: everything is made here, in this order, and closed in the reverse.
 *
 * <p>{@link #start} and {@link #close} belong to one thread, which may block; the rest may be
 * called from anywhere.
 */
public final class GatewayApp implements AutoCloseable {

  private static final long EXPIRY_MILLIS = 100;

  private static final Duration FILE_INTERVAL = Duration.ofSeconds(1);
  private static final int STORED_RESPONSES = 100_000;
  private static final Duration STORED_FOR = Duration.ofHours(1);

  private final LongSupplier nanoClock = System::nanoTime;
  private final StartedParts parts;
  private final List<PoolRuntime> pools = new ArrayList<>();
  private final CountDownLatch drained = new CountDownLatch(1);
  private final Gateway gateway;
  private final GatewayMetrics metrics;
  private final AccessLog accessLog;
  private final GatewayServer server;
  private final @Nullable AdminServer admin;
  private final @Nullable AdminServer health;
  private final Drain drain;
  private volatile LoadResult.Loaded loaded;

  /**
   * Starts a gateway; when this returns, it listens.
   *
   * @throws IOException when an address cannot be bound or a file not be read; nothing is left
   *     running then
   */
  public static GatewayApp start(LoadResult.Loaded loaded, String version) throws IOException {
    var parts = new StartedParts();
    try {
      return new GatewayApp(loaded, version, parts);
    } catch (IOException | RuntimeException e) {
      parts.close();
      throw e;
    }
  }

  private GatewayApp(LoadResult.Loaded loaded, String version, StartedParts parts)
      throws IOException {
    this.loaded = loaded;
    this.parts = parts;
    var config = loaded.config();
    var random = new SplittableRandom();

    // Threads: event loops for everything on the data path, one for changes, virtual ones to block.
    var transport = Transport.of(config.transport());
    int loopCount = Math.max(1, Runtime.getRuntime().availableProcessors());
    MultiThreadIoEventLoopGroup group = transport.loops(loopCount);
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

    // What is counted and logged.
    metrics = new GatewayMetrics(new CollectorRegistry());
    accessLog = new AccessLog(config.log().share(), Instant::now);

    // Pools: who can answer, and who should.
    var sources = new EndpointSources(control, blocking, nanoClock);
    parts.add(sources);
    var replicas =
        PoolRuntime.replicas(config, loops.getFirst(), transport, blocking, nanoClock, metrics);
    parts.add(replicas == null ? () -> {} : replicas);
    for (var pool : config.pools()) {
      var runtime =
          PoolRuntime.of(
              pool,
              config,
              group,
              loops,
              transport,
              nanoClock,
              control,
              sources,
              metrics,
              replicas,
              random.nextLong());
      pools.add(runtime);
      parts.add(runtime);
    }

    // What all requests share, and each loop's own.
    var keys = KeyWatch.of(config.auth().keysFile(), control, FILE_INTERVAL, metrics);
    gateway =
        new Gateway(
            version,
            new PoolDirectory(pools.stream().map(PoolRuntime::pool).toList()),
            new ModelListing(modelSources()),
            new ResponseOwners(STORED_RESPONSES, STORED_FOR, Ticker.systemTicker()),
            keys,
            metrics,
            accessLog,
            new BodyBudget(config.limits().bufferedBodies(PlatformDependent.maxDirectMemory())),
            tracing(config, version, control),
            settings(config));
    var contexts =
        LoopContexts.of(
            gateway,
            loops,
            transport,
            (int) config.timeouts().connect().toMillis(),
            nanoClock,
            random);
    parts.add(contexts);
    for (int i = 0; i < loops.size(); i++) {
      int column = i;
      // While everything waits for room nothing is picked, and nothing else ends unseen prefills.
      var _ =
          loops
              .get(i)
              .scheduleWithFixedDelay(
                  () -> expire(column), EXPIRY_MILLIS, EXPIRY_MILLIS, TimeUnit.MILLISECONDS);
    }
    GatewaySeries.show(metrics, pools, contexts.all(), nanoClock);
    for (var pool : pools) {
      pool.start(contexts.all());
    }
    if (replicas != null) {
      replicas.start();
    }

    // Listeners.
    var connections = new ClientConnections(config.limits().connections(), metrics);
    server =
        GatewayServer.listen(
            config.listen().toSocketAddress(),
            group,
            transport,
            contexts.byLoop(),
            tls(config, control),
            connections,
            config.limits().requestHead(),
            config.timeouts().drain().toMillis());
    parts.add(server::close);
    drain =
        new Drain(
            gateway,
            server,
            contexts.all(),
            metrics,
            control,
            config.timeouts(),
            drained::countDown);
    var view =
        new AppView(
            gateway, pools, () -> ConfigPrinter.json(loaded, this.loaded), drain::begin, nanoClock);
    admin = admin(config.admin(), AdminServer.Scope.ADMIN, view, group, transport, blocking);
    health = admin(config.health(), AdminServer.Scope.HEALTH, view, group, transport, blocking);
  }

  private List<ModelListing.Source> modelSources() {
    List<ModelListing.Source> sources = new ArrayList<>();
    for (var runtime : pools) {
      sources.add(
          new ModelListing.Source(
              runtime.pool().picker()::snapshot,
              Set.copyOf(runtime.pool().models()),
              runtime.pool().picker()::rules));
    }
    return sources;
  }

  private void expire(int column) {
    long now = nanoClock.getAsLong();
    for (var pool : pools) {
      pool.pool().picker().placements().expire(column, now);
    }
  }

  /** Spans, where somebody wants them; the rest of them is sent before the threads end. */
  private Tracing tracing(GatewayConfig config, String version, ScheduledExecutorService control) {
    var endpoint = config.tracing().endpoint();
    if (endpoint == null) {
      return Tracing.OFF;
    }
    var tracing = OtlpTracing.start(endpoint, config.tracing(), version, nanoClock, control);
    parts.add(tracing);
    metrics.total(
        "penstock_trace_spans_exported_total", "Spans that were taken.", tracing::exported);
    metrics.totals(
        "penstock_trace_spans_dropped_total",
        "Spans that found the queue full, or were not taken.",
        List.of("reason"),
        Map.of(
            List.of("queue_full"), tracing::droppedInQueue,
            List.of("export_failed"), tracing::failed));
    return tracing;
  }

  private Supplier<@Nullable SslContext> tls(GatewayConfig config, ScheduledExecutorService control)
      throws IOException {
    var tls = config.tls();
    if (tls == null) {
      return () -> null;
    }
    var context =
        new TlsContext(tls.certificate(), tls.key(), taken -> metrics.reloaded("tls", taken));
    context.start(control, FILE_INTERVAL);
    parts.add(context);
    return context::current;
  }

  private @Nullable AdminServer admin(
      @Nullable ListenAddress address,
      AdminServer.Scope scope,
      AppView view,
      MultiThreadIoEventLoopGroup group,
      Transport transport,
      ExecutorService blocking)
      throws IOException {
    if (address == null) {
      return null;
    }
    var started =
        AdminServer.start(
            group,
            transport.serverChannel(),
            address.toSocketAddress(),
            scope,
            view,
            metrics.registry(),
            blocking);
    parts.add(started);
    return started;
  }

  private static ExchangeSettings settings(GatewayConfig config) {
    var timeouts = config.timeouts();
    return new ExchangeSettings(
        new ExchangeSettings.Timeouts(
            timeouts.requestHead().toNanos(),
            timeouts.requestBody().toNanos(),
            timeouts.queue().toNanos(),
            timeouts.firstByte().toNanos(),
            timeouts.answer().toNanos(),
            timeouts.streamIdle().toNanos(),
            timeouts.total().toNanos(),
            timeouts.clientStall().toNanos(),
            config.sse().keepAlive().toNanos()),
        config.limits().requestBody(),
        config.retries().perRequest(),
        config.headers().decisionId(),
        config.headers().serverTiming());
  }

  /**
   * Takes over a changed configuration: the timeouts of exchanges, the body limit, retries,
   * keep-alive, the headers of answers and the access log. What is bound to sockets and pools stays
   * as it was until a restart, and so do the times of connecting and of draining.
   */
  public void reload(LoadResult.Loaded next) {
    gateway.settings(settings(next.config()));
    accessLog.turn(next.config().log().share());
    loaded = next;
    metrics.reloaded("config", true);
  }

  /** Notes that a changed configuration was not taken over. */
  public void reloadRefused() {
    metrics.reloaded("config", false);
  }

  /** Where clients connect. */
  public InetSocketAddress address() {
    return server.address();
  }

  /** Where the admin listener is, null when there is none. */
  public @Nullable InetSocketAddress adminAddress() {
    return admin == null ? null : admin.address();
  }

  /** Where the health listener is, null when there is none. */
  public @Nullable InetSocketAddress healthAddress() {
    return health == null ? null : health.address();
  }

  /** Whether every pool has an endpoint that can answer. */
  public boolean ready() {
    return gateway.ready();
  }

  /** The conservation law as it stands. */
  public Conservation conservation() {
    return metrics.conservation();
  }

  /** Request bodies held, in bytes. */
  public long heldBodyBytes() {
    return gateway.bodies().heldBytes();
  }

  /** What is reserved at endpoints by requests in flight, over all pools: 0 when nothing runs. */
  public long reserved() {
    long sum = 0;
    for (var pool : pools) {
      sum += pool.pool().picker().inFlight().total();
    }
    return sum;
  }

  /** The latest decision for a request id, null when it is not known any more. */
  public @Nullable DecisionRecord decision(String requestId) {
    for (var pool : pools) {
      var found = pool.pool().picker().decisions().findByRequest(requestId);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** The picker of a pool. */
  PoolPicker picker(String pool) {
    for (var each : pools) {
      if (each.pool().name().equals(pool)) {
        return each.pool().picker();
      }
    }
    throw new IllegalArgumentException("no pool is called " + pool);
  }

  /** Begins to drain, if that has not begun; returns at once. */
  public void drain() {
    drain.begin();
  }

  /** Waits until the drain is over; false when it is not within the time. */
  public boolean awaitDrained(Duration atMost) throws InterruptedException {
    return drained.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Closes everything, newest first; requests that still run are told. */
  @Override
  public void close() {
    parts.close();
  }
}
