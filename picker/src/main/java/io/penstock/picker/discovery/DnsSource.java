package io.penstock.picker.discovery;

import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Endpoints behind DNS names: one per address record, asked for again when the answer's time to
 * live is over (1 s at least, shortened by up to a fifth at random). Hosts that are IP addresses
 * may stand among the names. An answer that is empty or failed changes nothing for a grace time.
 *
 * <p>Confined to the control thread; only the resolver runs elsewhere.
 */
public final class DnsSource implements DiscoverySource {

  private static final Logger log = LoggerFactory.getLogger(DnsSource.class);
  private static final long SHORTEST_NANOS = Duration.ofSeconds(1).toNanos();
  private static final double JITTER = 0.2;

  private final List<Name> names;
  private final NameResolver resolver;
  private final Executor lookups;
  private final ScheduledExecutorService control;
  private final LongSupplier ticker;
  private final RandomGenerator random;
  private final long graceNanos;

  private List<EndpointSpec> told = List.of();
  private Consumer<PoolDelta> deltas = delta -> {};
  private boolean closed;
  private volatile String problem = "";

  /**
   * A source of all endpoints behind some names.
   *
   * @param lookups where the resolver may block
   * @param control the control thread
   * @param ticker nanoseconds
   * @param grace how long endpoints stay when their name has lost its addresses
   */
  public DnsSource(
      List<EndpointAddress> addresses,
      NameResolver resolver,
      Executor lookups,
      ScheduledExecutorService control,
      LongSupplier ticker,
      RandomGenerator random,
      Duration grace) {
    this.names = addresses.stream().map(Name::new).toList();
    this.resolver = resolver;
    this.lookups = lookups;
    this.control = control;
    this.ticker = ticker;
    this.random = random;
    this.graceNanos = grace.toNanos();
  }

  @Override
  public void start(Consumer<PoolDelta> consumer) {
    deltas = consumer;
    for (var name : names) {
      if (name.address.isLiteral()) {
        name.ips = List.of(name.address.host());
      }
    }
    tell();
    for (var name : names) {
      if (!name.address.isLiteral()) {
        name.lastGoodNanos = ticker.getAsLong();
        ask(name);
      }
    }
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public void close() {
    closed = true;
    for (var name : names) {
      if (name.timer != null) {
        name.timer.cancel(false);
      }
    }
  }

  private void ask(Name name) {
    if (closed) {
      return;
    }
    lookups.execute(
        () -> {
          var answer = resolver.resolve(name.address.host());
          control.execute(() -> answered(name, answer));
        });
  }

  private void answered(Name name, NameResolver.Answer answer) {
    if (closed) {
      return;
    }
    long pause =
        switch (answer) {
          case NameResolver.Addresses(var ips, var timeToLive) when !ips.isEmpty() -> {
            name.lastGoodNanos = ticker.getAsLong();
            name.ips = ips.stream().distinct().sorted().toList();
            report(name, "");
            yield Math.max(timeToLive.toNanos(), SHORTEST_NANOS);
          }
          case NameResolver.Addresses _ -> without(name, name.address.host() + " has no address");
          case NameResolver.Unresolved(var reason) -> without(name, reason);
        };
    tell();
    long jittered = pause - (long) (pause * JITTER * random.nextDouble());
    name.timer = control.schedule(() -> ask(name), jittered, TimeUnit.NANOSECONDS);
  }

  /**
   * No addresses: the old ones stay for the grace time. Gives the pause until the next question.
   */
  private long without(Name name, String reason) {
    if (ticker.getAsLong() - name.lastGoodNanos >= graceNanos) {
      name.ips = List.of();
    }
    report(name, name.ips.isEmpty() ? reason : reason + "; its last addresses are kept for now");
    return SHORTEST_NANOS;
  }

  private void report(Name name, String what) {
    if (!name.problem.equals(what)) {
      name.problem = what;
      if (what.isEmpty()) {
        log.info("{} is resolved again", name.address.host());
      } else {
        log.warn("{}", what);
      }
      problem =
          String.join("; ", names.stream().map(n -> n.problem).filter(p -> !p.isEmpty()).toList());
    }
  }

  private void tell() {
    Map<String, EndpointSpec> byId = new LinkedHashMap<>();
    for (var name : names) {
      for (var ip : name.ips) {
        var endpoint = name.address.at(ip);
        byId.putIfAbsent(endpoint.id().value(), endpoint);
      }
    }
    List<EndpointSpec> now = new ArrayList<>(byId.values());
    var delta = PoolDelta.between(told, now);
    told = now;
    if (!delta.isEmpty()) {
      deltas.accept(delta);
    }
  }

  /** One name and what it last stood for. */
  private static final class Name {
    final EndpointAddress address;
    List<String> ips = List.of();
    long lastGoodNanos;
    String problem = "";
    @Nullable Future<?> timer;

    Name(EndpointAddress address) {
      this.address = address;
    }
  }
}
