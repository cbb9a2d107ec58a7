package io.penstock.proxy.app;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has been started so far, to be closed once, newest first. Filled by the starting thread;
 * {@link #close} may be called from anywhere, more than once: the drain of a signal and the
 * command's own end both do.
 */
final class StartedParts implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StartedParts.class);

  private final List<AutoCloseable> parts = new ArrayList<>();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);

  void add(AutoCloseable part) {
    parts.add(part);
  }

  /** Returns when everything is closed, whoever closes it; sooner if the thread is interrupted. */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      try {
        closed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return;
    }
    for (var part : parts.reversed()) {
      try {
        part.close();
      } catch (Exception e) {
        LOG.warn("closing failed", e);
      }
    }
    closed.countDown();
  }
}
