package io.penstock.picker.discovery.kubernetes;

import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has somebody look when informers say that something changed, and ask once a second what troubles
 * them. Confined to the control thread, but for {@link #changed} and {@link #problem}.
 */
final class Looks implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Looks.class);
  private static final long CHECK_MILLIS = 1000;

  private final String subject;
  private final ScheduledExecutorService control;
  private final Runnable look;
  private final Supplier<List<String>> troubles;
  private final AtomicBoolean due = new AtomicBoolean();
  private @Nullable Future<?> checks;
  private boolean closed;
  private volatile String problem = "";

  /**
   * Nobody looks before the first change, and nobody asks before {@link #start}.
   *
   * @param subject what is looked at, for logs
   * @param look takes over what there is now
   * @param troubles sentences, empty ones among them, on what cannot be known now
   */
  Looks(
      String subject,
      ScheduledExecutorService control,
      Runnable look,
      Supplier<List<String>> troubles) {
    this.subject = subject;
    this.control = control;
    this.look = look;
    this.troubles = troubles;
  }

  /** From now on somebody asks. */
  void start() {
    checks =
        control.scheduleWithFixedDelay(
            () -> guarded(this::check), CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** On any thread; many changes make one look. */
  void changed() {
    if (due.compareAndSet(false, true)) {
      try {
        control.execute(
            () -> {
              due.set(false);
              guarded(look);
            });
      } catch (RejectedExecutionException e) {
        log.debug("{}: a change came after the end", subject);
      }
    }
  }

  /** What troubled it a moment ago, empty when nothing did. On any thread. */
  String problem() {
    return problem;
  }

  @Override
  public void close() {
    closed = true;
    if (checks != null) {
      checks.cancel(false);
    }
  }

  /** A scheduled task that throws would never run again, and nobody would hear of it. */
  private void guarded(Runnable task) {
    if (closed) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException e) {
      log.error("{}: a change could not be taken over", subject, e);
    }
  }

  private void check() {
    var now = String.join("; ", troubles.get().stream().filter(each -> !each.isEmpty()).toList());
    if (!now.equals(problem)) {
      if (now.isEmpty()) {
        log.info("{}: all is known again", subject);
      } else {
        log.warn("{}", now);
      }
      problem = now;
    }
  }
}
