package io.penstock.picker.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells when the content of some files has changed, by reading them every so often: that sees what
 * no event shows, such as a Kubernetes volume that swaps a symbolic link, and file times too coarse
 * to differ. Files are small (configuration, keys, certificates).
 *
 * <p>{@link #poll} runs on the executor's thread only. While a file cannot be read, nothing is
 * told: it may be about to be replaced.
 */
public final class WatchedFiles implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(WatchedFiles.class);

  private final List<Path> paths;
  private final Consumer<List<byte[]>> changed;
  private List<byte[]> last;
  private @Nullable ScheduledFuture<?> polling;

  /**
   * Remembers the files as they are now, so make it before the files are first used; {@link #start}
   * begins to watch.
   *
   * @param changed gets the files' bytes in order, on the executor's thread
   */
  public WatchedFiles(List<Path> paths, Consumer<List<byte[]>> changed) {
    this.paths = List.copyOf(paths);
    this.changed = changed;
    var read = read();
    this.last = read == null ? List.of() : read;
  }

  /** Polls from now on, until closed. */
  public void start(ScheduledExecutorService executor, Duration interval) {
    long nanos = interval.toNanos();
    polling = executor.scheduleWithFixedDelay(this::poll, nanos, nanos, TimeUnit.NANOSECONDS);
  }

  /** Looks once. */
  public void poll() {
    var now = read();
    if (now != null && !same(now, last)) {
      last = now;
      try {
        changed.accept(now);
      } catch (Throwable e) {
        // Thrown on, it would end the polling for good, an error like an exception.
        LOG.warn("taking over a change of {} failed", paths, e);
      }
    }
  }

  /** Stops watching. */
  @Override
  public void close() {
    if (polling != null) {
      polling.cancel(false);
    }
  }

  private @Nullable List<byte[]> read() {
    List<byte[]> contents = new ArrayList<>(paths.size());
    try {
      for (var path : paths) {
        contents.add(Files.readAllBytes(path));
      }
      return contents;
    } catch (IOException e) {
      return null;
    }
  }

  private static boolean same(List<byte[]> a, List<byte[]> b) {
    boolean same = a.size() == b.size();
    for (int i = 0; same && i < a.size(); i++) {
      same = Arrays.equals(a.get(i), b.get(i));
    }
    return same;
  }
}
