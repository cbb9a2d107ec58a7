package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import io.prometheus.client.Collector;
import io.prometheus.client.GaugeMetricFamily;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How many services there are in each state, counted when a scraper asks. Thread-safe. */
public final class ServiceCounts extends Collector {

  private final Mirrors mirrors;

  public ServiceCounts(Mirrors mirrors) {
    this.mirrors = mirrors;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    return count(mirrors.all(Kind.SERVICE_OBJECT));
  }

  /** The series of these services. */
  public static List<MetricFamilySamples> count(List<ObjectNode> services) {
    Map<List<String>, Integer> conditions = new TreeMap<>(ServiceCounts::compare);
    Map<List<String>, Integer> phases = new TreeMap<>(ServiceCounts::compare);
    for (var service : services) {
      phases.merge(List.of(Trees.text(service, "status", "phase")), 1, Integer::sum);
      for (var condition : Trees.list(service, "status", "conditions")) {
        conditions.merge(
            List.of(Trees.text(condition, "type"), Trees.text(condition, "status")),
            1,
            Integer::sum);
      }
    }
    return List.of(
        gauge(
            "penstock_controller_conditions",
            "Services by condition and its status.",
            List.of("condition", "status"),
            conditions),
        gauge("penstock_controller_services", "Services by phase.", List.of("phase"), phases));
  }

  private static int compare(List<String> one, List<String> other) {
    return String.join("\0", one).compareTo(String.join("\0", other));
  }

  private static GaugeMetricFamily gauge(
      String name, String help, List<String> labels, Map<List<String>, Integer> counts) {
    var family = new GaugeMetricFamily(name, help, labels);
    counts.forEach((values, count) -> family.addMetric(values, count));
    return family;
  }
}
