package io.penstock.cli;

import io.penstock.picker.app.PickerPool;
import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.kubernetes.Cluster;
import io.penstock.picker.discovery.kubernetes.LeaderElection;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.picker.discovery.kubernetes.PodUse;
import io.penstock.picker.objective.RuleSource;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The flags by which llm-d's picker finds its pods in Kubernetes, and what they bring about: one
 * connection to the API server, and this replica's part in an election. Confined to the command's
 * thread, but {@link #resign}, {@link #isLeading} and {@link #close}.
 */
final class KubernetesOptions implements AutoCloseable {

  private static final String DEFAULT_NAMESPACE = "default";

  @Option(
      names = "--pool-namespace",
      paramLabel = "NAME",
      description =
          "namespace of the pool and its pods (default: the variable NAMESPACE, else default)")
  private @Nullable String namespace;

  @Option(
      names = "--pool-group",
      paramLabel = "GROUP",
      description = "API group of the InferencePool (default: ${DEFAULT-VALUE})")
  private String group = PodSelection.OfPool.GROUP;

  @Option(
      names = "--endpoint-selector",
      paramLabel = "KEY=VALUE,...",
      description = "labels of the pods, instead of an InferencePool")
  private @Nullable String selector;

  @Option(
      names = "--endpoint-target-ports",
      paramLabel = "PORT,...",
      description = "with --endpoint-selector: the ports of each pod, 1 to 8")
  private @Nullable String targetPorts;

  @Option(
      names = "--ha-enable-leader-election",
      arity = "0..1",
      fallbackValue = "true",
      description = "of several replicas only the holder of a Lease is ready")
  private boolean leaderElection;

  private @Nullable Cluster cluster;
  private @Nullable LeaderElection election;

  /**
   * The pool that the flags name; empty when they name none.
   *
   * @param poolName value of {@code --pool-name}
   * @param models of the pool
   * @param rules objectives and rewrites beside those in Kubernetes
   * @throws DiscoveryException when the flags do not fit each other, or no API server is known
   */
  List<PickerPool> pools(@Nullable String poolName, List<String> models, RulesOptions rules) {
    if (poolName == null && selector == null) {
      return List.of();
    }
    var selection = selection(poolName);
    var name = poolName == null ? ownerName(System.getenv()) : poolName;
    var server = Cluster.fromEnvironment();
    cluster = server;
    if (leaderElection) {
      var lease = "epp-%s-%s.llm-d.ai".formatted(selection.namespace(), name);
      election = server.elect(selection.namespace(), lease, identity());
    }
    return List.of(
        new PickerPool(
            name,
            Set.copyOf(models),
            surroundings -> server.source(selection, PodUse.METRICS, surroundings.control()),
            surroundings ->
                rules(server, selection, rules.sources(name, surroundings), surroundings)));
  }

  private static List<RuleSource> rules(
      Cluster server,
      PodSelection selection,
      List<RuleSource> before,
      PickerPool.Surroundings surroundings) {
    List<RuleSource> all = new ArrayList<>(before);
    if (selection instanceof PodSelection.OfPool pool) {
      all.add(server.rules(pool, surroundings.control()));
    }
    return all;
  }

  private PodSelection selection(@Nullable String poolName) {
    var where =
        namespace == null
            ? System.getenv().getOrDefault("NAMESPACE", DEFAULT_NAMESPACE)
            : namespace;
    if (poolName != null && selector != null) {
      throw new DiscoveryException("--pool-name and --endpoint-selector are given; allowed: one");
    }
    if (selector == null) {
      return new PodSelection.OfPool(group, where, String.valueOf(poolName));
    }
    if (targetPorts == null) {
      throw new DiscoveryException("--endpoint-selector needs --endpoint-target-ports");
    }
    return PodSelection.OfLabels.parse(where, selector, targetPorts);
  }

  /** Name of what owns this pod, by the pod's own: without what a ReplicaSet appends. */
  static String ownerName(Map<String, String> environment) {
    var pod = environment.getOrDefault("POD_NAME", "");
    var owner = pod.replaceFirst("-[a-z0-9]{1,10}-[a-z0-9]{5}$", "");
    return owner.isEmpty() ? PickerCommand.DEFAULT_POOL : owner;
  }

  /** The pod's name, or the machine's, with something that no other process has. */
  static String identity() {
    var name = System.getenv("POD_NAME");
    if (name == null || name.isEmpty()) {
      try {
        name = InetAddress.getLocalHost().getHostName();
      } catch (UnknownHostException e) {
        name = "penstock";
      }
    }
    return name + "_" + UUID.randomUUID();
  }

  /** Whether this replica may be ready; true where there is no election. */
  boolean isLeading() {
    return election == null || election.isLeading();
  }

  /** Gives up leading, so that another replica takes over before this one has drained. */
  void resign() {
    if (election != null) {
      election.close();
    }
  }

  @Override
  public void close() {
    resign();
    if (cluster != null) {
      cluster.close();
    }
  }
}
