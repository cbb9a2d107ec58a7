package io.penstock.picker.app;

import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.objective.RuleSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A pool to pick from, and where its endpoints come from.
 *
 * @param name by which gateways and metrics name it
 * @param models models that endpoints are taken to serve until they have listed theirs
 * @param discovery makes the source
 * @param rules makes the sources of its objectives and rewrites
 */
public record PickerPool(String name, Set<String> models, Discovery discovery, Rules rules) {

  /** Makes the source of a pool's endpoints. */
  @FunctionalInterface
  public interface Discovery {

    /**
     * The source, not started. Its first delta says that it knows the whole pool, even if that is
     * empty: from then on the pool is ready, where its rules are known.
     */
    DiscoverySource source(Surroundings surroundings);
  }

  /** Makes the sources of a pool's objectives and rewrites; of two the first goes before. */
  @FunctionalInterface
  public interface Rules {

    /** There are none. */
    Rules NONE = surroundings -> List.of();

    /** The sources, not started. */
    List<RuleSource> sources(Surroundings surroundings);
  }

  /**
   * What a source may use.
   *
   * @param control the control thread, on which sources are started and closed
   * @param blocking for what blocks
   * @param nanoClock the process's ticker
   * @param seed of what the source does by chance
   * @param rulesReloaded hears of each change of a file of rules, whether it was taken over
   */
  public record Surroundings(
      ScheduledExecutorService control,
      Executor blocking,
      LongSupplier nanoClock,
      long seed,
      Consumer<Boolean> rulesReloaded) {}

  /** A pool without objectives and rewrites. */
  public PickerPool(String name, Set<String> models, Discovery discovery) {
    this(name, models, discovery, Rules.NONE);
  }

  /** Copies the models. */
  public PickerPool {
    models = Set.copyOf(models);
  }
}
