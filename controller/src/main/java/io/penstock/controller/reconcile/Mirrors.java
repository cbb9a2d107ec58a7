package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A mirror of each kind. Kinds that a cluster may lack are asked for every few seconds: their
 * mirrors come and go with their CRDs. Thread-safe.
 */
public final class Mirrors implements ClusterView, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Mirrors.class);

  private final ApiServer server;
  private final KubernetesClient client;
  private final Executor blocking =
      task -> Thread.ofVirtual().name("penstock-informer").start(task);
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("penstock-kinds").unstarted(task));
  private final Map<Kind, Mirror> mirrors = new ConcurrentHashMap<>();
  private final BiConsumer<Kind, ObjectNode> changed;
  private final Runnable kindsChanged;
  private final Duration every;
  private final ConfigMapWatches configMaps;
  private volatile boolean probed;

  /**
   * Watches nothing yet.
   *
   * @param every from one look for optional kinds to the next
   * @param changed called with an object that came, changed or went; must not block
   * @param kindsChanged called when a kind has come, with all its objects, or gone, and when it is
   *     known for the first time which there are
   */
  public Mirrors(
      ApiServer server,
      KubernetesClient client,
      Duration every,
      BiConsumer<Kind, ObjectNode> changed,
      Runnable kindsChanged) {
    this.server = server;
    this.client = client;
    this.changed = changed;
    this.kindsChanged = kindsChanged;
    this.every = every;
    this.configMaps =
        new ConfigMapWatches(client, blocking, object -> changed.accept(Kind.CONFIG_MAP, object));
  }

  /** Begins to list and watch; once. */
  public void start() {
    for (var kind : Kind.values()) {
      if (!kind.isOptional()) {
        watch(kind);
      }
    }
    var _ = clock.scheduleWithFixedDelay(this::probe, 0, every.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void watch(Kind kind) {
    mirrors.put(
        kind,
        new Mirror(kind, client, blocking, object -> changed.accept(kind, object), kindsChanged));
  }

  /** Whether it is known which kinds there are, and all objects of those kinds. */
  public boolean isSynced() {
    return probed && mirrors.values().stream().allMatch(Mirror::isSynced);
  }

  /**
   * Whether all objects of the kinds that every cluster has are known. Our own kinds do not count:
   * where some are stored in an older version, the API server lists them only once our webhooks
   * convert them. Nor do those of others, whose troubles are not to take the webhooks away.
   */
  public boolean knowsBuiltIn() {
    return Arrays.stream(Kind.values()).filter(Kind::isBuiltIn).allMatch(this::isSynced);
  }

  private boolean isSynced(Kind kind) {
    var mirror = mirrors.get(kind);
    return mirror != null && mirror.isSynced();
  }

  /** What is not known yet, for people. */
  public List<String> missing() {
    return mirrors.entrySet().stream()
        .filter(each -> !each.getValue().isSynced())
        .map(each -> each.getKey().plural())
        .sorted()
        .toList();
  }

  @Override
  public Set<Kind> served() {
    Set<Kind> served = EnumSet.noneOf(Kind.class);
    mirrors.forEach(
        (kind, mirror) -> {
          if (mirror.isSynced()) {
            served.add(kind);
          }
        });
    return served;
  }

  @Override
  public Optional<ObjectNode> get(Kind kind, Key key) {
    var mirror = mirrors.get(kind);
    return mirror == null ? Optional.empty() : mirror.get(key);
  }

  @Override
  public List<ObjectNode> all(Kind kind) {
    var mirror = mirrors.get(kind);
    return mirror == null ? List.of() : mirror.all();
  }

  @Override
  public Map<Kind, List<ObjectNode>> ownedBy(String uid) {
    Map<Kind, List<ObjectNode>> owned = new EnumMap<>(Kind.class);
    for (var kind : Kind.children()) {
      var mirror = mirrors.get(kind);
      if (mirror != null) {
        owned.put(kind, mirror.ownedBy(uid));
      }
    }
    return owned;
  }

  @Override
  public void follow(Key service, Set<Key> wanted) {
    configMaps.follow(service, wanted);
  }

  @Override
  public Set<Key> followers(Key configMap) {
    return configMaps.followers(configMap);
  }

  /** Looks for each optional kind; what cannot be asked about one hides no news of another. */
  private void probe() {
    Map<Kind, Exception> unknown = new EnumMap<>(Kind.class);
    boolean gone = false;
    for (var kind : Arrays.stream(Kind.values()).filter(Kind::isOptional).toList()) {
      try {
        gone |= isGone(kind);
      } catch (IOException | RuntimeException e) {
        unknown.put(kind, e);
      }
    }
    if (!unknown.isEmpty()) {
      log.warn("whether the cluster serves these is not known now: {}", unknown);
    }
    boolean first = unknown.isEmpty() && !probed;
    probed |= unknown.isEmpty();
    if (first || gone) {
      kindsChanged.run();
    }
  }

  /**
   * Watches a kind that has come, and no longer one that has gone, which is when the API server
   * says so; without an answer everything stays.
   */
  private boolean isGone(Kind kind) throws IOException {
    boolean isServed = ServedKinds.isServed(server, kind);
    if (isServed && !mirrors.containsKey(kind)) {
      log.info("{} are served, and watched from now on", kind.plural());
      watch(kind);
    }
    var mirror = isServed ? null : mirrors.remove(kind);
    if (mirror == null) {
      return false;
    }
    log.info("{} are served no more", kind.plural());
    mirror.close();
    return true;
  }

  @Override
  public void close() {
    clock.shutdownNow();
    configMaps.close();
    mirrors.values().forEach(Mirror::close);
  }
}
