package io.penstock.proxy.app;

import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.discovery.DnsSource;
import io.penstock.picker.discovery.EndpointAddress;
import io.penstock.picker.discovery.FileSource;
import io.penstock.picker.discovery.JdkResolver;
import io.penstock.picker.discovery.StaticSource;
import io.penstock.picker.discovery.kubernetes.Cluster;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.picker.discovery.kubernetes.PodUse;
import io.penstock.picker.objective.RuleSource;
import io.penstock.picker.pool.Role;
import io.penstock.proxy.config.PoolConfig.Discovery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the sources of endpoints that the configuration names, and holds what they share: one
 * connection to Kubernetes. Confined to the wiring's thread, which may block.
 */
final class EndpointSources implements AutoCloseable {

  /** How long pods stay whose name has no addresses, from the first answer that has none. */
  private static final Duration DNS_GRACE = Duration.ofMinutes(5);

  private final ScheduledExecutorService control;
  private final Executor blocking;
  private final LongSupplier nanoClock;
  private @Nullable Cluster cluster;

  EndpointSources(ScheduledExecutorService control, Executor blocking, LongSupplier nanoClock) {
    this.control = control;
    this.blocking = blocking;
    this.nanoClock = nanoClock;
  }

  /**
   * The source of one pool, not started.
   *
   * @throws DiscoveryException when it can never work as it is configured
   */
  DiscoverySource of(Discovery discovery, long seed) {
    return switch (discovery) {
      case Discovery.Static fixed -> {
        List<EndpointAddress> addresses = new ArrayList<>();
        for (var each : fixed.endpoints()) {
          addresses.add(new EndpointAddress(each.host(), each.port(), each.role(), each.labels()));
        }
        yield addresses.stream().allMatch(EndpointAddress::isLiteral)
            ? new StaticSource(addresses)
            : dns(addresses, JdkResolver.create(), DNS_GRACE, seed);
      }
      case Discovery.EndpointFile file -> FileSource.open(file.path(), control);
      case Discovery.Dns name ->
          dns(
              List.of(new EndpointAddress(name.name(), name.port(), Role.BOTH, Map.of())),
              JdkResolver.create(name.interval()),
              DNS_GRACE.plus(name.interval()),
              seed);
      case Discovery.Kubernetes(var pods) -> {
        if (cluster == null) {
          cluster = Cluster.fromEnvironment();
        }
        yield cluster.source(pods, PodUse.REQUESTS, control);
      }
    };
  }

  /** The objectives and rewrites of a pool in Kubernetes; null where it has no InferencePool. */
  @Nullable RuleSource rules(Discovery discovery) {
    return cluster != null && discovery instanceof Discovery.Kubernetes(PodSelection.OfPool pool)
        ? cluster.rules(pool, control)
        : null;
  }

  private DnsSource dns(
      List<EndpointAddress> addresses, JdkResolver resolver, Duration grace, long seed) {
    return new DnsSource(
        addresses, resolver, blocking, control, nanoClock, new SplittableRandom(seed), grace);
  }

  @Override
  public void close() {
    if (cluster != null) {
      cluster.close();
    }
  }
}
