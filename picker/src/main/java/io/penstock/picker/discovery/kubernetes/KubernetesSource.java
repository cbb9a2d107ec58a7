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
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
  private static final long CHECK_MILLIS = 1000;

  private final Cluster cluster;
  private final PodSelection selection;
  private final PodUse use;
  private final ScheduledExecutorService control;
  private final AtomicBoolean lookDue = new AtomicBoolean();

  private @Nullable ObjectWatch<GenericKubernetesResource> pools;
  private @Nullable Followed current;

  /** What the pool selects since its selector changed, until those pods have been listed. */
  private @Nullable Followed next;

  private List<EndpointSpec> told = List.of();
  private Consumer<PoolDelta> deltas = delta -> {};
  private @Nullable Future<?> checks;
  private boolean closed;

  /** Whether a whole list has been told, even if it was empty. */
  private boolean known;

  private String poolProblem = "";

  /** The protocol that was warned about last; what is spoken here needs no warning. */
  private String protocol = PoolTargets.HTTP;

  private volatile String problem = "";

  KubernetesSource(
      Cluster cluster, PodSelection selection, PodUse use, ScheduledExecutorService control) {
    this.cluster = cluster;
    this.selection = selection;
    this.use = use;
    this.control = control;
  }

  @Override
  public void start(Consumer<PoolDelta> consumer) {
    deltas = consumer;
    switch (selection) {
      case PodSelection.OfPool pool -> pools = cluster.watchPool(pool, this::somethingChanged);
      case PodSelection.OfLabels labels ->
          follow(new PoolTargets(labels.labels(), labels.ports(), PoolTargets.HTTP));
    }
    checks =
        control.scheduleWithFixedDelay(
            () -> guarded(this::check), CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public void close() {
    closed = true;
    if (checks != null) {
      checks.cancel(false);
    }
    if (pools != null) {
      pools.close();
    }
    unfollow();
  }

  /** On any thread; many changes make one look. */
  private void somethingChanged() {
    if (lookDue.compareAndSet(false, true)) {
      try {
        control.execute(
            () -> {
              lookDue.set(false);
              guarded(this::look);
            });
      } catch (RejectedExecutionException e) {
        log.debug("{}: a change came after the end", selection);
      }
    }
  }

  /** A scheduled task that throws would never run again, and nobody would hear of it. */
  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      log.error("{}: a change could not be taken over", selection, e);
    }
  }

  private void look() {
    if (closed) {
      return;
    }
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
          new Followed(
              now, cluster.watchPods(selection.namespace(), now.labels(), this::somethingChanged));
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

  private void check() {
    if (closed) {
      return;
    }
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
    troubles.removeIf(String::isEmpty);
    var now = String.join("; ", troubles);
    if (!now.equals(problem)) {
      if (now.isEmpty()) {
        log.info("{} is well known again", selection);
      } else {
        log.warn("{}", now);
      }
      problem = now;
    }
  }

  /** Pods that are watched, and which of their ports are endpoints. */
  private record Followed(PoolTargets targets, ObjectWatch<Pod> pods) {
    boolean selects(PoolTargets others) {
      return targets.labels().equals(others.labels());
    }
  }
}
