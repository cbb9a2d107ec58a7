package io.penstock.picker.discovery.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.objective.RuleSource;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/**
 * A Kubernetes API server, as the process may use it; one for all pools. Thread-safe.
 *
 * <p>A failed request is tried again after 0.25 s, then twice as long each time, up to 8 s. A list
 * may take a minute.
 */
public final class Cluster implements AutoCloseable {

  /** What the client takes where it has found nothing; a kubeconfig may say it, too. */
  private static final String NOT_CONFIGURED = "https://kubernetes.default.svc";

  private static final int CONNECT_MILLIS = 5_000;
  private static final int REQUEST_MILLIS = 60_000;
  private static final int RETRY_MILLIS = 250;

  private final KubernetesClient client;
  private final Executor blocking =
      task -> Thread.ofVirtual().name("penstock-kubernetes").start(task);

  private Cluster(KubernetesClient client) {
    this.client = client;
  }

  /**
   * The API server of the usual places: {@code KUBECONFIG} or {@code ~/.kube/config}, else the
   * ServiceAccount of the pod that the process runs in. May read files and run a credential plugin;
   * sends nothing yet.
   *
   * @throws DiscoveryException when there is no configuration
   */
  public static Cluster fromEnvironment() {
    return of(Config.autoConfigure(null));
  }

  /** The API server of a configuration, which must name one. */
  static Cluster of(Config found) {
    var server = found.getMasterUrl();
    if (server == null
        || (found.getCurrentContext() == null && server.startsWith(NOT_CONFIGURED))) {
      throw new DiscoveryException(
          "no Kubernetes API server is known: there is no KUBECONFIG, no ~/.kube/config and no"
              + " ServiceAccount");
    }
    var config =
        new ConfigBuilder(found)
            .withConnectionTimeout(CONNECT_MILLIS)
            .withRequestTimeout(REQUEST_MILLIS)
            .withRequestRetryBackoffLimit(0)
            .withWatchReconnectInterval(RETRY_MILLIS)
            .build();
    return new Cluster(new KubernetesClientBuilder().withConfig(config).build());
  }

  /**
   * The endpoints of a selection, told on the control thread.
   *
   * @param use what this process asks of the pods
   * @param control the control thread
   */
  public DiscoverySource source(
      PodSelection selection, PodUse use, ScheduledExecutorService control) {
    return new KubernetesSource(this, selection, use, control);
  }

  /**
   * The objectives and rewrites that refer to a pool, told on the control thread.
   *
   * @param control the control thread
   */
  public RuleSource rules(PodSelection.OfPool pool, ScheduledExecutorService control) {
    return new KubernetesRules(this, pool, control);
  }

  /**
   * Stands for leader among the replicas that name the same Lease.
   *
   * @param lease name of the Lease; it is made where it is missing
   * @param identity of this replica, such as its pod's name; no other has it
   */
  public LeaderElection elect(String namespace, String lease, String identity) {
    return elect(namespace, lease, identity, () -> {});
  }

  /**
   * The same.
   *
   * @param changed called when this replica has become the leader, or is it no more; must not block
   */
  public LeaderElection elect(String namespace, String lease, String identity, Runnable changed) {
    return elect(namespace, lease, identity, LeaderElection.PACE, changed);
  }

  LeaderElection elect(
      String namespace, String lease, String identity, LeaderElection.Pace pace, Runnable changed) {
    return new LeaderElection(client, namespace, lease, identity, pace, changed, blocking);
  }

  ObjectWatch<GenericKubernetesResource> watchPool(PodSelection.OfPool pool, Runnable changed) {
    var kind =
        new ResourceDefinitionContext.Builder()
            .withGroup(pool.group())
            .withVersion(pool.version())
            .withKind("InferencePool")
            .withPlural("inferencepools")
            .withNamespaced(true)
            .build();
    var request =
        client
            .genericKubernetesResources(kind)
            .inNamespace(pool.namespace())
            .withField("metadata.name", pool.name());
    return new ObjectWatch<>(pool.toString(), request, blocking, changed);
  }

  ObjectWatch<GenericKubernetesResource> watchRules(
      RuleKind kind, String group, String namespace, Runnable changed) {
    var what = "%s.%s in namespace %s".formatted(kind.plural(), group, namespace);
    var request = client.genericKubernetesResources(kind.context(group)).inNamespace(namespace);
    return new ObjectWatch<>(what, request, blocking, changed);
  }

  ObjectWatch<Pod> watchPods(String namespace, Map<String, String> labels, Runnable changed) {
    var what = "pods with %s in namespace %s".formatted(new TreeMap<>(labels), namespace);
    var request = client.pods().inNamespace(namespace).withLabels(labels);
    return new ObjectWatch<>(what, request, blocking, changed);
  }

  /** Ends every watch. */
  @Override
  public void close() {
    client.close();
  }
}
