package io.penstock.picker.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/**
 * Follows a file of an EndpointPickerConfig. A changed file is loaded whole and handed on; whoever
 * gets it takes it over only if it is right.
 *
 * <p>Owned by the executor that polls; the consumer is called there.
 */
public final class PolicyFile implements AutoCloseable {

  private final Path file;
  private final boolean experimental;
  private final WatchedFiles files;
  private Consumer<LoadedPicker> changed = result -> {};

  /**
   * Remembers the file as it is now: make it before the first load, so that no change falls
   * between.
   *
   * @param experimental whether plugins that llm-d calls experimental are taken
   */
  public PolicyFile(Path file, boolean experimental) {
    this.file = file;
    this.experimental = experimental;
    this.files = new WatchedFiles(List.of(file), content -> changed.accept(load()));
  }

  /** The file. */
  public Path path() {
    return file;
  }

  /** Whether plugins that llm-d calls experimental are taken. */
  public boolean experimental() {
    return experimental;
  }

  /** What the file says now. */
  public LoadedPicker load() {
    return EndpointPickerLoader.load(file, experimental);
  }

  /** Polls from now on, until closed; what each change comes to goes to the consumer. */
  public void start(
      ScheduledExecutorService executor, Duration interval, Consumer<LoadedPicker> consumer) {
    changed = consumer;
    files.start(executor, interval);
  }

  @Override
  public void close() {
    files.close();
  }
}
