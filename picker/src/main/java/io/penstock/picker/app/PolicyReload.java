package io.penstock.picker.app;

import io.penstock.picker.config.LoadedPicker;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes over a changed policy, or says why not and leaves everything as it was. Called by the
 * control thread.
 */
final class PolicyReload {

  private static final Logger LOG = LoggerFactory.getLogger(PolicyReload.class);
  private static final String KIND = "picker";

  private final List<RunningPool> pools;
  private final Counter.Child taken;
  private final Counter.Child refused;

  PolicyReload(List<RunningPool> pools, CollectorRegistry registry) {
    this.pools = pools;
    this.taken = counter("penstock_config_reload_total", "Changed files taken over.", registry);
    this.refused =
        counter("penstock_config_reload_failed_total", "Changed files refused.", registry);
  }

  private static Counter.Child counter(String name, String help, CollectorRegistry registry) {
    return Counter.build(name, help).labelNames("kind").register(registry).labels(KIND);
  }

  void changed(LoadedPicker loaded) {
    switch (loaded) {
      case LoadedPicker.Valid(var config, var warnings) -> {
        warnings.forEach(warning -> LOG.warn("{}", warning));
        for (var pool : pools) {
          pool.picker().policy(config);
        }
        taken.inc();
        LOG.info("the policy was reloaded");
      }
      case LoadedPicker.Invalid(var errors) -> {
        refused.inc();
        errors.forEach(error -> LOG.warn("not reloaded: {}", error));
      }
    }
  }
}
