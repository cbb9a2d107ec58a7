package io.penstock.picker.discovery;

import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Endpoints of a file in the format of llm-d's file-discovery plugin, read again every second.
 *
 * <p>The whole file (at most 1 MiB) is read and compared by content each time, through symbolic
 * links, so rewriting in place, renaming over it and Kubernetes' swap of a ConfigMap's links all
 * work on every file system. A changed file is taken only once it reads the same twice, a tenth of
 * a second apart: a writer may be half-way. A bad or missing file keeps the old endpoints and is
 * {@link #problem}.
 *
 * <p>Confined to the control thread once it is open.
 */
public final class FileSource implements DiscoverySource {

  private static final Logger log = LoggerFactory.getLogger(FileSource.class);
  private static final long POLL_MILLIS = 1000;
  private static final long SETTLE_MILLIS = 100;

  private final Path file;
  private final ScheduledExecutorService control;
  private Consumer<PoolDelta> deltas = delta -> {};
  private List<EndpointSpec> told = List.of();
  private byte[] taken = {};
  private String takenProblem = "";
  private byte @Nullable [] changed;
  private @Nullable Future<?> timer;
  private boolean started;
  private boolean closed;
  private volatile String problem = "";

  private FileSource(Path file, ScheduledExecutorService control) {
    this.file = file;
    this.control = control;
  }

  /**
   * Reads the file for the first time, on the caller's thread.
   *
   * @param control the control thread
   * @throws DiscoveryException when the file is missing or bad
   */
  public static FileSource open(Path file, ScheduledExecutorService control) {
    var source = new FileSource(file, control);
    try {
      source.take(source.read());
    } catch (IOException e) {
      source.report(source.reason(e));
    }
    if (!source.problem.isEmpty()) {
      throw new DiscoveryException(source.problem);
    }
    return source;
  }

  @Override
  public void start(Consumer<PoolDelta> consumer) {
    deltas = consumer;
    started = true;
    var first = PoolDelta.between(List.of(), told);
    if (!first.isEmpty()) {
      deltas.accept(first);
    }
    pollIn(POLL_MILLIS);
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public void close() {
    closed = true;
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void pollIn(long milliseconds) {
    timer = control.schedule(this::poll, milliseconds, TimeUnit.MILLISECONDS);
  }

  private void poll() {
    if (closed) {
      return;
    }
    long pause = POLL_MILLIS;
    try {
      byte[] now = read();
      if (Arrays.equals(now, taken)) {
        changed = null;
        report(takenProblem);
      } else if (Arrays.equals(now, changed)) {
        changed = null;
        take(now);
      } else {
        changed = now;
        pause = SETTLE_MILLIS;
      }
    } catch (IOException e) {
      changed = null;
      report(reason(e));
    } catch (RuntimeException e) {
      log.error("{}: a change could not be taken over", file, e);
      changed = null;
      takenProblem = file + " cannot be taken over: " + e;
      report(takenProblem);
    } finally {
      pollIn(pause);
    }
  }

  private byte[] read() throws IOException {
    try (var in = Files.newInputStream(file)) {
      return in.readNBytes(EndpointFile.MAX_BYTES + 1);
    }
  }

  private void take(byte[] bytes) {
    taken = bytes;
    takenProblem = "";
    switch (EndpointFile.parse(bytes)) {
      case EndpointFile.Endpoints(var endpoints) -> {
        var delta = PoolDelta.between(told, endpoints);
        told = endpoints;
        if (!delta.isEmpty()) {
          deltas.accept(delta);
        }
      }
      case EndpointFile.Bad(var line, var message) ->
          takenProblem = file + (line > 0 ? " line " + line : "") + ": " + message;
    }
    report(takenProblem);
  }

  private String reason(IOException e) {
    return file
        + " cannot be read: "
        + (e instanceof NoSuchFileException ? "there is no such file" : e.getMessage());
  }

  private void report(String now) {
    if (now.equals(problem)) {
      return;
    }
    problem = now;
    if (now.isEmpty()) {
      log.info("{} is good again", file);
    } else if (started) {
      log.warn("{}; the old endpoints are kept", now);
    }
  }
}
