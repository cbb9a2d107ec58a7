package io.penstock.controller.reconcile;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;

/** What the controller counts. Thread-safe; no label grows with the number of services. */
public final class ReconcileMetrics {

  private final Histogram passes;
  private final Counter failures;
  private final Counter writes;
  private final Counter refusals;
  private final Histogram timeToReady;

  public ReconcileMetrics(CollectorRegistry registry) {
    passes =
        Histogram.build("penstock_controller_pass_seconds", "Duration of a pass over a service.")
            .buckets(.001, .005, .01, .05, .1, .5, 1, 5, 30)
            .register(registry);
    failures =
        Counter.build("penstock_controller_pass_failures_total", "Passes that are tried again.")
            .register(registry);
    writes =
        Counter.build("penstock_controller_writes_total", "Requests that change something.")
            .labelNames("kind", "verb")
            .register(registry);
    refusals =
        Counter.build(
                "penstock_controller_render_failures_total",
                "Renderings that were refused, when the reason was new.")
            .labelNames("reason")
            .register(registry);
    timeToReady =
        Histogram.build(
                "penstock_controller_time_to_ready_seconds",
                "From a service's creation until it is ready for the first time.")
            .buckets(1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
            .register(registry);
  }

  void passed(double seconds) {
    passes.observe(seconds);
  }

  void failed() {
    failures.inc();
  }

  void wrote(Kind kind, String verb) {
    writes.labels(kind.kindName(), verb).inc();
  }

  void refused(String reason) {
    refusals.labels(reason).inc();
  }

  void becameReady(double seconds) {
    timeToReady.observe(seconds);
  }
}
