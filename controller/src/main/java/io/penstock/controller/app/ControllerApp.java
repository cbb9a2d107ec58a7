package io.penstock.controller.app;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.penstock.controller.reconcile.ApiServer;
import io.penstock.controller.reconcile.ConfigReconciler;
import io.penstock.controller.reconcile.Key;
import io.penstock.controller.reconcile.Kind;
import io.penstock.controller.reconcile.Mirrors;
import io.penstock.controller.reconcile.ReconcileMetrics;
import io.penstock.controller.reconcile.Reconciler;
import io.penstock.controller.reconcile.ServiceCounts;
import io.penstock.controller.reconcile.StorageMigration;
import io.penstock.controller.reconcile.WorkQueue;
import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.kubernetes.Cluster;
import io.penstock.picker.discovery.kubernetes.LeaderElection;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.hotspot.DefaultExports;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The controller, wired: what every replica serves begins first, then it learns the cluster's
 * objects, then it stands for election, and the one that leads reconciles. One that has led and
 * leads no more ends, for what it has under way must not meet what the next leader does.
 *
 * <p>Thread-safe.
 */
public final class ControllerApp implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ControllerApp.class);
  private static final Duration MIGRATION_FIRST_WAIT = Duration.ofSeconds(2);
  private static final Duration MIGRATION_AT_MOST = Duration.ofHours(1);
  private static final int REQUEST_MILLIS = 30_000;
  private static final int WATCH_RETRY_MILLIS = 250;

  private final ControllerSettings settings;
  private final KubernetesClient client;
  private final Cluster cluster;
  private final WorkQueue<Key> queue;
  private final Mirrors mirrors;
  private final Reconciler reconciler;
  private final WorkQueue<Key> configQueue;
  private final ConfigReconciler configReconciler;
  private final StorageMigration migration;
  private final AdminPages pages;
  private final @Nullable Webhooks webhooks;

  /** Something has changed that {@link #lead} waits for. */
  private final Semaphore news = new Semaphore(0);

  private final CountDownLatch over = new CountDownLatch(1);
  private volatile @Nullable LeaderElection election;
  private volatile boolean lost;
  private volatile boolean closed;

  private ControllerApp(ControllerSettings settings) throws IOException {
    this.settings = settings;
    this.cluster = Cluster.fromEnvironment();
    this.client = client(Config.autoConfigure(null));
    var registry = new CollectorRegistry();
    var metrics = new ReconcileMetrics(registry);
    var server = new ApiServer(client);
    this.queue = new WorkQueue<>(settings.workers(), System::nanoTime, new SplittableRandom());
    this.mirrors =
        new Mirrors(server, client, settings.kindsEvery(), this::changed, this::kindsChanged);
    this.reconciler =
        new Reconciler(
            server,
            mirrors,
            settings.facts(),
            Clock.systemUTC(),
            System::nanoTime,
            metrics,
            new SecretAuthority(
                new SecretStore(client, settings.namespace(), SecretAuthority.SECRET),
                Clock.systemUTC()));
    this.configQueue = new WorkQueue<>(1, System::nanoTime, new SplittableRandom());
    this.configReconciler =
        new ConfigReconciler(server, mirrors, settings.namespace(), Clock.systemUTC(), metrics);
    this.migration = new StorageMigration(server);
    registry.register(new ServiceCounts(mirrors));
    DefaultExports.register(registry);
    this.pages = new AdminPages(settings.admin(), registry, this::unready);
    var wanted = settings.webhooks();
    this.webhooks = wanted == null ? null : Webhooks.start(client, wanted, Clock.systemUTC());
    mirrors.start();
    Thread.ofVirtual().name("penstock-controller").start(this::lead);
  }

  /**
   * Starts a controller for the API server of the usual places.
   *
   * @throws DiscoveryException when there is no configuration
   * @throws IOException when a port cannot be had
   */
  public static ControllerApp start(ControllerSettings settings) throws IOException {
    return new ControllerApp(settings);
  }

  private static KubernetesClient client(Config found) {
    var config =
        new ConfigBuilder(found)
            .withRequestTimeout(REQUEST_MILLIS)
            // The queue tries again, and spreads the tries.
            .withRequestRetryBackoffLimit(0)
            .withWatchReconnectInterval(WATCH_RETRY_MILLIS)
            .build();
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  /** Where the admin pages are. */
  public InetSocketAddress adminAddress() {
    return pages.address();
  }

  /** The port of the webhooks; 0 where they are not served. */
  public int webhookPort() {
    return webhooks == null ? 0 : webhooks.port();
  }

  private void changed(Kind kind, ObjectNode object) {
    reconciler.concernedBy(kind, object).forEach(queue::add);
    configReconciler.concernedBy(kind, object).forEach(configQueue::add);
  }

  private void kindsChanged() {
    reconciler.everyService().forEach(queue::add);
    news.release();
  }

  /** Ready is who answers the API server; who leads needs to know more, and waits for it. */
  private String unready() {
    if (closed) {
      return "ending";
    }
    return mirrors.knowsBuiltIn()
        ? ""
        : "the API server has not told yet about " + String.join(", ", mirrors.missing());
  }

  private void lead() {
    try {
      while (!closed && !mirrors.isSynced()) {
        news.acquire();
      }
      if (closed) {
        return;
      }
      var standing =
          cluster.elect(settings.namespace(), settings.lease(), settings.identity(), news::release);
      election = standing;
      while (!closed && !standing.isLeading()) {
        news.acquire();
      }
      if (closed) {
        return;
      }
      log.info("leads, and reconciles {} services at a time", settings.workers());
      kindsChanged();
      queue.start(reconciler::pass);
      configReconciler.every().forEach(configQueue::add);
      configQueue.start(configReconciler::pass);
      Thread.ofVirtual().name("penstock-migration").start(this::migrate);
      while (!closed && standing.isLeading()) {
        news.acquire();
      }
      if (!closed) {
        log.error("leads no more; this process ends, so that nothing is done twice");
        lost = true;
        over.countDown();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Tries until it is done, for an hour at most: what is stored in an older version is served. */
  private void migrate() {
    try {
      var wait = MIGRATION_FIRST_WAIT;
      for (var spent = Duration.ZERO; spent.compareTo(MIGRATION_AT_MOST) < 0; ) {
        try {
          migration.run();
          return;
        } catch (IOException e) {
          log.warn("objects of an older version stay as they are stored now: {}", e.getMessage());
        }
        if (over.await(wait.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
        spent = spent.plus(wait);
        wait = wait.multipliedBy(2);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits until the controller has to end by itself.
   *
   * @return whether it has to
   */
  public boolean awaitLost(Duration atMost) throws InterruptedException {
    return over.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether it has led and leads no more. */
  public boolean isLost() {
    return lost;
  }

  /** Finishes the passes that run, gives up the Lease, ends everything. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    news.release();
    queue.close();
    configQueue.close();
    var standing = election;
    if (standing != null) {
      standing.close();
    }
    mirrors.close();
    var served = webhooks;
    if (served != null) {
      served.close();
    }
    pages.close();
    client.close();
    cluster.close();
    over.countDown();
  }
}
