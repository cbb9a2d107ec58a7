package io.penstock.picker.app;

import io.penstock.picker.extproc.ExtProcServer;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way out without losing a request: not ready at once; still accepting for {@code preStop},
 * until gateways have noticed; then no new streams; then waiting for those that run, and for those
 * that gateways open before they know. What is left after {@code drain} is ended: a response that
 * has not begun goes on without the picker, one that comes through it breaks off.
 *
 * <p>{@link #begin} may be called from anywhere, and again; the steps run on the control thread.
 */
final class Drain {

  private static final Logger LOG = LoggerFactory.getLogger(Drain.class);
  private static final long LOOK_MILLIS = 50;

  private final ExtProcServer server;
  private final ScheduledExecutorService control;
  private final Duration preStop;
  private final Duration drain;
  private final Runnable done;
  private final AtomicBoolean begun = new AtomicBoolean();
  private long waitedMillis;

  Drain(
      ExtProcServer server,
      ScheduledExecutorService control,
      Duration preStop,
      Duration drain,
      Runnable done) {
    this.server = server;
    this.control = control;
    this.preStop = preStop;
    this.drain = drain;
    this.done = done;
  }

  boolean begun() {
    return begun.get();
  }

  void begin() {
    if (!begun.compareAndSet(false, true)) {
      return;
    }
    LOG.info(
        "draining: {} streams, accepting for {} ms more", server.openStreams(), preStop.toMillis());
    waitedMillis = preStop.toMillis();
    var _ = control.schedule(this::stopAccepting, waitedMillis, TimeUnit.MILLISECONDS);
  }

  private void stopAccepting() {
    server.stopAccepting();
    look();
  }

  private void look() {
    // In this order: a stream that begins is counted before its gateway knows.
    boolean last = server.acceptsNoMore();
    int open = server.openStreams();
    boolean over = waitedMillis >= drain.toMillis();
    if (open == 0 && (last || over)) {
      LOG.info("drained: no stream runs any more");
      done.run();
      return;
    }
    if (over) {
      LOG.warn(
          "drain is over with {} streams; of their responses those that have begun break off",
          open);
      server.endStreams();
      var _ = control.schedule(done, LOOK_MILLIS, TimeUnit.MILLISECONDS);
      return;
    }
    waitedMillis += LOOK_MILLIS;
    var _ = control.schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }
}
