package io.penstock.picker.app;

import io.penstock.picker.extproc.ExtProcSettings;
import io.penstock.picker.extproc.tls.TlsChoice;
import io.penstock.picker.replica.ReplicaSettings;
import io.penstock.picker.schedule.ModelRule;
import io.penstock.picker.scrape.PodTls;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The stand-alone picker as configured.
 *
 * @param pools at least one; the first is for gateways that ask for none
 * @param grpc address of ext-proc
 * @param health address of gRPC health alone
 * @param metrics address of the metrics page
 * @param tls of the ext-proc address
 * @param streams how streams are handled
 * @param modelRule which endpoints may get a request for a model
 * @param policy by which all pools are routed
 * @param podTls how TLS is spoken to pods whose metrics are read; empty: plain text
 * @param scrapeInterval longest time between two metrics pages of a busy endpoint
 * @param preStop from the signal to stop until no more streams are accepted: long enough for
 *     gateways to see that the picker is not ready any more
 * @param drain from the signal to stop until streams that still run are ended
 * @param build what was built, for the metric that names it
 * @param replicas how replicas tell each other what they send; empty: they do not
 * @param leader whether this replica may be ready; true where there is no election
 */
public record PickerSettings(
    List<PickerPool> pools,
    InetSocketAddress grpc,
    InetSocketAddress health,
    InetSocketAddress metrics,
    TlsChoice tls,
    ExtProcSettings streams,
    ModelRule modelRule,
    PolicyChoice policy,
    Optional<PodTls.Settings> podTls,
    Duration scrapeInterval,
    Duration preStop,
    Duration drain,
    Build build,
    Optional<ReplicaSettings> replicas,
    BooleanSupplier leader) {

  /**
   * What was built.
   *
   * @param commit of the sources; empty where it is not known
   * @param ref the version
   */
  public record Build(String commit, String ref) {}

  /** A picker by expected cost. */
  public PickerSettings(
      List<PickerPool> pools,
      InetSocketAddress grpc,
      InetSocketAddress health,
      InetSocketAddress metrics,
      TlsChoice tls,
      ExtProcSettings streams,
      ModelRule modelRule,
      Optional<PodTls.Settings> podTls,
      Duration scrapeInterval,
      Duration preStop,
      Duration drain,
      Build build,
      BooleanSupplier leader) {
    this(
        pools,
        grpc,
        health,
        metrics,
        tls,
        streams,
        modelRule,
        PolicyChoice.EXPECTED_COST,
        podTls,
        scrapeInterval,
        preStop,
        drain,
        build,
        Optional.empty(),
        leader);
  }

  /** Copies the pools and checks that there is one and no name twice. */
  public PickerSettings {
    pools = List.copyOf(pools);
    if (pools.isEmpty()) {
      throw new IllegalArgumentException("a picker without a pool");
    }
    if (pools.stream().map(PickerPool::name).distinct().count() < pools.size()) {
      throw new IllegalArgumentException("two pools have the same name");
    }
  }
}
