package io.penstock.proxy.app;

import io.penstock.proxy.config.GatewayConfig;
import io.penstock.proxy.exchange.Gateway;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.listen.GatewayServer;
import io.penstock.proxy.metrics.GatewayMetrics;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way out without losing a request: not ready at once; still accepting for {@code preStop},
 * until nobody sends here any more; then no new connections; then waiting for what runs, and for
 * clients to have read what is written for them, at most {@code drain}; then the rest is told and
 * ends.
 *
 * <p>{@link #begin} may be called from anywhere, and again; the steps run on the control thread.
 */
final class Drain {

  private static final Logger LOG = LoggerFactory.getLogger(Drain.class);
  private static final long LOOK_MILLIS = 50;
  private static final long TELL_MILLIS = 5_000;

  private final Gateway gateway;
  private final GatewayServer server;
  private final List<LoopContext> contexts;
  private final GatewayMetrics metrics;
  private final ScheduledExecutorService control;
  private final GatewayConfig.Timeouts timeouts;
  private final Runnable done;
  private final AtomicBoolean begun = new AtomicBoolean();
  private long waitedMillis;

  Drain(
      Gateway gateway,
      GatewayServer server,
      List<LoopContext> contexts,
      GatewayMetrics metrics,
      ScheduledExecutorService control,
      GatewayConfig.Timeouts timeouts,
      Runnable done) {
    this.gateway = gateway;
    this.server = server;
    this.contexts = contexts;
    this.metrics = metrics;
    this.control = control;
    this.timeouts = timeouts;
    this.done = done;
  }

  void begin() {
    if (!begun.compareAndSet(false, true)) {
      return;
    }
    gateway.drain();
    LOG.info(
        "draining: {} requests in flight, accepting for {} ms more",
        metrics.conservation().inFlight(),
        timeouts.preStop().toMillis());
    var _ =
        control.schedule(this::stopAccepting, timeouts.preStop().toMillis(), TimeUnit.MILLISECONDS);
  }

  private void stopAccepting() {
    server.stopAccepting();
    server.drainConnections();
    look();
  }

  private void look() {
    long inFlight = metrics.conservation().inFlight();
    int open = server.openConnections();
    if (inFlight == 0 && open == 0) {
      LOG.info("drained: nothing was in flight any more");
      done.run();
      return;
    }
    if (waitedMillis >= timeouts.drain().toMillis()) {
      LOG.warn(
          "drain is over with {} requests in flight, which are told, and {} connections",
          inFlight,
          open);
      for (var context : contexts) {
        context.eventLoop().execute(context::shutDown);
      }
      var _ = control.schedule(done, LOOK_MILLIS, TimeUnit.MILLISECONDS);
      return;
    }
    if (waitedMillis % TELL_MILLIS == 0) {
      LOG.info(
          "draining: {} requests in flight, {} connections after {} ms",
          inFlight,
          open,
          waitedMillis);
    }
    waitedMillis += LOOK_MILLIS;
    var _ = control.schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }
}
