package io.penstock.picker.discovery.kubernetes;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replica's part in choosing a leader by a Lease, as Kubernetes' own components do: the holder
 * renews every 2 s; one that cannot for 10 s stops leading by itself; after 15 s without renewal
 * another takes over. A holder that closes gives the Lease back at once.
 *
 * <p>Thread-safe; it runs on threads of the Kubernetes client and tries for ever.
 */
public final class LeaderElection implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(LeaderElection.class);

  /** That of Kubernetes' own components. */
  static final Pace PACE =
      new Pace(Duration.ofSeconds(15), Duration.ofSeconds(10), Duration.ofSeconds(2));

  /**
   * How patient replicas are.
   *
   * @param lease another takes over when the holder has not renewed for so long
   * @param renew a holder that cannot renew for so long leads no more; shorter than {@code lease}
   * @param retry from one try to the next
   */
  record Pace(Duration lease, Duration renew, Duration retry) {}

  private final KubernetesClient client;
  private final String namespace;
  private final String lease;
  private final String identity;
  private final Pace pace;
  private final Runnable changed;
  private final Executor later;
  private volatile CompletableFuture<?> round = CompletableFuture.completedFuture(null);
  private volatile boolean leading;
  private volatile boolean closed;

  LeaderElection(
      KubernetesClient client,
      String namespace,
      String lease,
      String identity,
      Pace pace,
      Runnable changed,
      Executor blocking) {
    this.client = client;
    this.namespace = namespace;
    this.lease = lease;
    this.identity = identity;
    this.pace = pace;
    this.changed = changed;
    this.later =
        CompletableFuture.delayedExecutor(pace.retry().toMillis(), TimeUnit.MILLISECONDS, blocking);
    blocking.execute(this::stand);
  }

  /** Whether this replica is the leader now; false while that is not sure. */
  public boolean isLeading() {
    return leading;
  }

  /** Stands for election once; whoever has led and lost stands again. */
  private void stand() {
    if (closed) {
      return;
    }
    var config =
        new LeaderElectionConfigBuilder()
            .withName(lease)
            .withLock(new LeaseLock(namespace, lease, identity))
            .withLeaseDuration(pace.lease())
            .withRenewDeadline(pace.renew())
            .withRetryPeriod(pace.retry())
            .withReleaseOnCancel(true)
            .withLeaderCallbacks(
                new LeaderCallbacks(() -> lead(true), () -> lead(false), this::follow))
            .build();
    round = client.leaderElector().withConfig(config).build().start();
    if (closed) {
      round.cancel(true);
    }
    var _ =
        round.whenComplete(
            (ended, failure) -> {
              lead(false);
              later.execute(this::stand);
            });
  }

  private void lead(boolean now) {
    if (leading != now) {
      leading = now;
      changed.run();
      log.info("{} {} Lease {}/{}", identity, now ? "holds" : "has lost", namespace, lease);
    }
  }

  private void follow(String leader) {
    if (leader != null && !leader.equals(identity)) {
      log.info("Lease {}/{} is held by {}", namespace, lease, leader);
    }
  }

  /** Gives up the Lease, if it is held, and stands no more. */
  @Override
  public void close() {
    closed = true;
    round.cancel(true);
    leading = false;
  }
}
