package io.penstock.picker.replica;

import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/** How well replicas hear each other, for the metrics page. Thread-safe. */
final class ReplicaCollector extends Collector {

  private static final List<String> POOL = List.of("pool");

  private final ReplicaLink link;

  /** Figures of a link. */
  ReplicaCollector(ReplicaLink link) {
    this.link = link;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    var heard =
        new GaugeMetricFamily("penstock_replicas_heard", "Other replicas that are heard.", POOL);
    link.pools().forEach(pool -> heard.addMetric(List.of(pool), link.heard(pool)));
    List<MetricFamilySamples> families = new ArrayList<>();
    families.add(
        new GaugeMetricFamily(
            "penstock_replica_link_up",
            "1 while replicas can hear each other through Redis.",
            link.up() ? 1 : 0));
    families.add(heard);
    families.add(
        total(
            "penstock_replica_records_told",
            "Placements, first tokens and ends that other replicas were told.",
            link::told));
    families.add(
        total(
            "penstock_replica_records_heard",
            "Placements, first tokens and ends that other replicas have told.",
            link::recordsHeard));
    families.add(
        total(
            "penstock_replica_records_dropped",
            "Placements, first tokens and ends that nobody was told.",
            link::dropped));
    families.add(
        total(
            "penstock_replica_gaps",
            "Times that something another replica said was missing, so that all of its placements"
                + " were forgotten.",
            link::missed));
    families.add(
        new CounterMetricFamily(
            "penstock_replica_messages_refused",
            "Messages on the channels that were no batches.",
            (double) link.refused()));
    return families;
  }

  private CounterMetricFamily total(String name, String help, ToLongFunction<String> count) {
    var family = new CounterMetricFamily(name, help, POOL);
    link.pools().forEach(pool -> family.addMetric(List.of(pool), (double) count.applyAsLong(pool)));
    return family;
  }
}
