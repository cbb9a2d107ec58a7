package io.penstock.picker.app;

import io.penstock.picker.discovery.DiscoverySource;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * A pool to pick from, and where its endpoints come from.
 *
 * @param name by which gateways and metrics name it
 * @param models models that endpoints are taken to serve until they have listed theirs
 * @param discovery makes the source
 */
public record PickerPool(String name, Set<String> models, Discovery discovery) {

  /** Makes the source of a pool's endpoints. */
  @FunctionalInterface
  public interface Discovery {

    /**
     * The source, not started. Its first delta says that it knows the whole pool, even if that is
     * empty: from then on the pool is ready.
     */
    DiscoverySource source(Surroundings surroundings);
  }

  /**
   * What a source may use.
   *
   * @param control the control thread, on which sources are started and closed
   * @param blocking for what blocks
   * @param nanoClock the process's ticker
   * @param seed of what the source does by chance
   */
  public record Surroundings(
      ScheduledExecutorService control, Executor blocking, LongSupplier nanoClock, long seed) {}

  /** Copies the models. */
  public PickerPool {
    models = Set.copyOf(models);
  }
}
