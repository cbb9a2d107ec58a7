package io.penstock.proxy.config;

import io.penstock.picker.config.WatchedFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Follows the configuration file while the gateway runs. A changed file is loaded whole, with the
 * same environment and flags over it, and handed on only if it is right; a wrong one changes
 * nothing.
 *
 * <p>Owned by the executor that polls; both consumers are called there.
 */
public final class ConfigFile implements AutoCloseable {

  private final ConfigSources sources;
  private final @Nullable WatchedFiles files;
  private Consumer<LoadResult.Loaded> changed = loaded -> {};
  private Consumer<LoadResult.Invalid> refused = invalid -> {};

  /**
   * Remembers the file of {@code sources}, if there is one, as it is now: what {@link #load} gives
   * is no older, so that no change falls in between.
   */
  public ConfigFile(ConfigSources sources) {
    this.sources = sources;
    Path file = sources.file();
    this.files = file == null ? null : new WatchedFiles(List.of(file), content -> reload());
  }

  /** What the sources say now. */
  public LoadResult load() {
    return GatewayConfigLoader.load(sources);
  }

  /**
   * Who hears of changes; to be said before the first poll.
   *
   * @param changed gets each new configuration
   * @param refused gets the errors of a file that is not taken over
   */
  public void tell(Consumer<LoadResult.Loaded> changed, Consumer<LoadResult.Invalid> refused) {
    this.changed = changed;
    this.refused = refused;
  }

  /** Polls from now on, until closed. */
  public void start(ScheduledExecutorService executor, Duration interval) {
    if (files != null) {
      files.start(executor, interval);
    }
  }

  /** Looks once. */
  public void poll() {
    if (files != null) {
      files.poll();
    }
  }

  @Override
  public void close() {
    if (files != null) {
      files.close();
    }
  }

  private void reload() {
    switch (load()) {
      case LoadResult.Loaded loaded -> changed.accept(loaded);
      case LoadResult.Invalid invalid -> refused.accept(invalid);
    }
  }
}
