package io.penstock.picker.app;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import java.util.function.Consumer;

/**
 * Counts changed files by their kind: those taken over, and those refused. Thread-safe.
 *
 * <p>A kind is counted from 0 on, so that its first refusal is an increase.
 */
final class ReloadCounts {

  private final Counter taken;
  private final Counter refused;

  ReloadCounts(CollectorRegistry registry) {
    this.taken = counter("penstock_config_reload_total", "Changed files taken over.", registry);
    this.refused =
        counter("penstock_config_reload_failed_total", "Changed files refused.", registry);
  }

  private static Counter counter(String name, String help, CollectorRegistry registry) {
    return Counter.build(name, help).labelNames("kind").register(registry);
  }

  /** Hears of each change of a file of that kind, whether it was taken over. */
  Consumer<Boolean> of(String kind) {
    var right = taken.labels(kind);
    var wrong = refused.labels(kind);
    return over -> (over ? right : wrong).inc();
  }
}
