package io.penstock.proxy.app;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfig.TransportKind;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import io.penstock.proxy.listen.Transport;
import io.penstock.proxy.warmup.Rehearsal;
import java.io.IOException;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the JVM compile the way of a request before the first client needs it: a second gateway, of
 * which nothing remains, serves made-up requests over loopback until the compilers are quiet.
 *
 * <p>Blocks the thread that starts the process. What it learns, counts and logs ends with it; what
 * stays is compiled code.
 */
public final class WarmUp {

  private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

  private static final long STEP_MILLIS = 100;

  /** Quiet: the compilers worked less than this in a step, for so many steps in a row. */
  private static final long QUIET_MILLIS = 5;

  private static final int QUIET_STEPS = 3;

  private final @Nullable CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
  private final CountDownLatch never = new CountDownLatch(1);
  private final Rehearsal rehearsal;
  private final GatewayApp gateway;
  private final long endNanos;

  private WarmUp(Rehearsal rehearsal, GatewayApp gateway, Duration most) {
    this.rehearsal = rehearsal;
    this.gateway = gateway;
    this.endNanos = System.nanoTime() + most.toNanos();
  }

  /**
   * Warms up; does nothing for zero time.
   *
   * @param most how long it may take ({@code warmUp})
   * @return requests that were answered
   * @throws IOException when loopback has no ports to do it on
   */
  public static long run(TransportKind kind, Duration most) throws IOException {
    if (most.isZero()) {
      return 0;
    }
    long start = System.nanoTime();
    try (var rehearsal = new Rehearsal(Transport.of(kind));
        var gateway = GatewayApp.start(configuration(rehearsal, kind), "warm-up")) {
      var warmUp = new WarmUp(rehearsal, gateway, most);
      warmUp.untilReady();
      rehearsal.ask(gateway.address());
      warmUp.untilQuiet();
      LOG.info(
          "warmed up by {} requests in {} ms",
          rehearsal.answered(),
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
      return rehearsal.answered();
    }
  }

  static LoadResult.Loaded configuration(Rehearsal rehearsal, TransportKind kind) {
    var sources =
        ConfigSources.builder()
            .endpoints(rehearsal.endpoints())
            .model(Rehearsal.MODEL)
            .listen("127.0.0.1:0")
            .admin("")
            .flag("--transport", kind.name().toLowerCase(Locale.ROOT))
            .flag("--log.access", "false")
            .build();
    return (LoadResult.Loaded) GatewayConfigLoader.load(sources);
  }

  /** A gateway that does not know its pods yet would refuse. */
  private void untilReady() {
    while (!gateway.ready() && goesOn(1)) {}
  }

  /** Looks at the compilers every now and then; ends when they are done, or when time is. */
  private void untilQuiet() {
    long compiled = compiledMillis();
    for (int quiet = 0; quiet < QUIET_STEPS && goesOn(STEP_MILLIS); ) {
      long now = compiledMillis();
      quiet = rehearsal.answered() > 0 && now - compiled < QUIET_MILLIS ? quiet + 1 : 0;
      compiled = now;
    }
  }

  /** Waits a little; false when time is up. */
  private boolean goesOn(long millis) {
    try {
      var _ = never.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    return System.nanoTime() - endNanos < 0;
  }

  private long compiledMillis() {
    return compilers == null || !compilers.isCompilationTimeMonitoringSupported()
        ? 0
        : compilers.getTotalCompilationTime();
  }
}
