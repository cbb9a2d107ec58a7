package io.penstock.picker.discovery.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Endpoints that are pods: one for each ready pod of the selection and each target port.
 *
 * <p>A pod that is deleted takes no new requests from the moment its deletion is seen, and leaves
 * when it is gone. A pool that is deleted has no endpoints; a pool that changes its selector keeps
 * the old ones until the new pods have been listed. While the API server cannot be asked or
 * refuses, the last endpoints stay and {@link #problem} says why.
 *
 * <p>Confined to the control thread; the informers run elsewhere and only say that something
 * changed. Each change costs a walk over the selection's pods.
 */
final class KubernetesSource implements DiscoverySource {

  private static final Logger log = LoggerFactory.getLogger(KubernetesSource.class);

  private final Cluster cluster;
  private final PodSelection selection;
  private final PodUse use;
  private final Looks looks;

  private @Nullable ObjectWatch<GenericKubernetesResource> pools;
  private @Nullable Followed current;

  /** What the pool selects since its selector changed, until those pods have been listed. */
  private @Nullable Followed next;

  private List<EndpointSpec> told = List.of();
  private Consumer<PoolDelta> deltas = delta -> {};

  /** Whether a whole list has been told, even if it was empty. */
  private boolean known;

  private String poolProblem = "";

  /** The protocol that was warned about last; what is spoken here needs no warning. */
  private String protocol = PoolTargets.HTTP;

  KubernetesSource(
      Cluster cluster, PodSelection selection, PodUse use, ScheduledExecutorService control) {
    this.cluster = cluster;
    this.selection = selection;
    this.use = use;
    this.looks = new Looks(selection.toString(), control, this::look, this::troubles);
  }

  @Override
  public void start(Consumer<PoolDelta> consumer) {
    deltas = consumer;
    switch (selection) {
      case PodSelection.OfPool pool -> pools = cluster.watchPool(pool, looks::changed);
      case PodSelection.OfLabels labels ->
          follow(new PoolTargets(labels.labels(), labels.ports(), PoolTargets.HTTP));
    }
    looks.start();
  }

  @Override
  public String problem() {
    return looks.problem();
  }

  @Override
  public void close() {
    looks.close();
    if (pools != null) {
      pools.close();
    }
    unfollow();
  }

  private void look() {
    if (pools != null && pools.synced()) {
      lookAtPool(pools.objects());
    }
    if (next != null && next.pods().synced()) {
      close(current);
      current = next;
      next = null;
    }
    if (current != null && current.pods().synced()) {
      tell(endpoints(current));
      known = true;
    }
  }

  private void lookAtPool(List<GenericKubernetesResource> found) {
    if (found.isEmpty()) {
      poolProblem = selection + " does not exist";
      unfollow();
      tell(List.of());
      return;
    }
    try {
      var targets = PoolTargets.of(found.getFirst());
      follow(targets);
      poolProblem = asked(targets.protocol());
    } catch (DiscoveryException bad) {
      poolProblem = bad.getMessage() + "; its last state is kept";
    }
  }

  /** Pods are asked over HTTP/1.1: what is wrong with that, empty when nothing is. */
  private String asked(String said) {
    var sentence =
        "%s: appProtocol is %s, and %s over HTTP/1.1"
            .formatted(selection, said, use.isRequests() ? "pods are asked" : "metrics are read");
    if (!said.equals(protocol)) {
      protocol = said;
      if (!said.equals(PoolTargets.HTTP)) {
        log.warn("{}", sentence);
      }
    }
    return said.equals(PoolTargets.HTTP) || !use.isRequests() ? "" : sentence;
  }

  /** Other ports are taken over at once, another selector when its pods have been listed. */
  private void follow(PoolTargets now) {
    if (current != null && current.selects(now)) {
      current = new Followed(now, current.pods());
      close(next);
      next = null;
    } else if (next != null && next.selects(now)) {
      next = new Followed(now, next.pods());
    } else {
      close(next);
      next =
          new Followed(now, cluster.watchPods(selection.namespace(), now.labels(), looks::changed));
    }
  }

  private void unfollow() {
    close(current);
    close(next);
    current = null;
    next = null;
  }

  private static void close(@Nullable Followed followed) {
    if (followed != null) {
      followed.pods().close();
    }
  }

  /** A terminating pod that never was an endpoint does not become one. */
  private List<EndpointSpec> endpoints(Followed followed) {
    Set<EndpointId> known = new HashSet<>();
    told.forEach(each -> known.add(each.id()));
    List<EndpointSpec> endpoints = new ArrayList<>();
    for (var pod : followed.pods().objects()) {
      for (var endpoint : PodEndpoints.of(pod, followed.targets().ports())) {
        if (!endpoint.terminating() || known.contains(endpoint.id())) {
          endpoints.add(endpoint);
        }
      }
    }
    return endpoints;
  }

  private void tell(List<EndpointSpec> now) {
    var delta = PoolDelta.between(told, now);
    told = now;
    if (!delta.isEmpty() || (!known && current != null)) {
      log.info(
          "{}: {} endpoints; {} new or changed, {} gone",
          selection,
          now.size(),
          delta.upserts().size(),
          delta.removals().size());
      deltas.accept(delta);
    }
  }

  private List<String> troubles() {
    List<String> troubles = new ArrayList<>();
    if (pools != null) {
      troubles.add(pools.trouble());
    }
    troubles.add(poolProblem);
    if (current != null) {
      troubles.add(current.pods().trouble());
    }
    if (next != null) {
      troubles.add(next.pods().trouble());
    }
    return troubles;
  }

  /** Pods that are watched, and which of their ports are endpoints. */
  private record Followed(PoolTargets targets, ObjectWatch<Pod> pods) {
    boolean selects(PoolTargets others) {
      return targets.labels().equals(others.labels());
    }
  }
}
