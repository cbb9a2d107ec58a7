package io.penstock.picker.app;

import io.penstock.picker.config.LoadedPicker;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes over a changed policy, or says why not and leaves everything as it was. Called by the
 * control thread.
 */
final class PolicyReload {

  private static final Logger LOG = LoggerFactory.getLogger(PolicyReload.class);

  private final List<RunningPool> pools;
  private final Consumer<Boolean> reloaded;

  /**
   * For these pools.
   *
   * @param reloaded hears of each change, whether it was taken over
   */
  PolicyReload(List<RunningPool> pools, Consumer<Boolean> reloaded) {
    this.pools = pools;
    this.reloaded = reloaded;
  }

  void changed(LoadedPicker loaded) {
    switch (loaded) {
      case LoadedPicker.Valid(var config, var warnings) -> {
        warnings.forEach(warning -> LOG.warn("{}", warning));
        for (var pool : pools) {
          pool.picker().policy(config);
        }
        reloaded.accept(true);
        LOG.info("the policy was reloaded");
      }
      case LoadedPicker.Invalid(var errors) -> {
        reloaded.accept(false);
        errors.forEach(error -> LOG.warn("not reloaded: {}", error));
      }
    }
  }
}
