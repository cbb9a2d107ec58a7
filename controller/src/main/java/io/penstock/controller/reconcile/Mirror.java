package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Labels;
import io.penstock.controller.api.Trees;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The objects of one kind as last seen, kept by an informer, and found by key or by owner.
 * Thread-safe; the informer's thread writes. Trees that it gives are not to be changed.
 *
 * <p>An informer that loses its watch or is refused tries again for ever.
 */
final class Mirror implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Mirror.class);

  private final Kind kind;
  private final Executor blocking;
  private final Consumer<ObjectNode> changed;
  private final SharedIndexInformer<GenericKubernetesResource> informer;
  private final Map<Key, ObjectNode> objects = new ConcurrentHashMap<>();
  private final Map<String, Set<Key>> byOwner = new ConcurrentHashMap<>();
  private volatile boolean synced;

  /**
   * Begins to list and watch.
   *
   * @param blocking where requests may block
   * @param changed called with an object that came, changed or went, on the informer's thread
   * @param onSynced called once, when the first list is there
   */
  Mirror(
      Kind kind,
      KubernetesClient client,
      Executor blocking,
      Consumer<ObjectNode> changed,
      Runnable onSynced) {
    this.kind = kind;
    this.blocking = blocking;
    this.changed = changed;
    var everywhere = client.genericKubernetesResources(kind.context()).inAnyNamespace();
    this.informer =
        kind.isLabelled()
            ? everywhere.withLabel(Labels.PART_OF, Labels.PART_OF_VALUE).runnableInformer(0)
            : everywhere.runnableInformer(0);
    informer.exceptionHandler(
        (started, cause) -> {
          log.warn("{} cannot be watched now: {}", kind.plural(), sentence(cause));
          return true;
        });
    informer.addEventHandler(new Handler());
    blocking.execute(
        () -> {
          var _ =
              informer
                  .start()
                  .thenRun(
                      () -> {
                        synced = true;
                        onSynced.run();
                      });
        });
  }

  private static String sentence(Throwable thrown) {
    for (var cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof KubernetesClientException answer && answer.getStatus() != null) {
        return "the API server answers %d, %s"
            .formatted(answer.getCode(), answer.getStatus().getMessage());
      }
    }
    return thrown.toString();
  }

  /** Whether a whole list has come. */
  boolean isSynced() {
    return synced;
  }

  Optional<ObjectNode> get(Key key) {
    return Optional.ofNullable(objects.get(key));
  }

  List<ObjectNode> all() {
    return List.copyOf(objects.values());
  }

  /** Those with an owner of that uid. */
  List<ObjectNode> ownedBy(String uid) {
    return byOwner.getOrDefault(uid, Set.of()).stream().flatMap(key -> get(key).stream()).toList();
  }

  @Override
  public void close() {
    blocking.execute(informer::stop);
  }

  private final class Handler implements ResourceEventHandler<GenericKubernetesResource> {

    @Override
    public void onAdd(GenericKubernetesResource object) {
      put(tree(object));
    }

    @Override
    public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource after) {
      put(tree(after));
    }

    @Override
    public void onDelete(GenericKubernetesResource object, boolean finalStateUnknown) {
      var gone = tree(object);
      var key = Objects.key(gone);
      objects.remove(key);
      unindex(key, gone);
      changed.accept(gone);
    }

    private void put(ObjectNode now) {
      var key = Objects.key(now);
      var before = objects.put(key, now);
      if (before != null) {
        if (Objects.resourceVersion(before).equals(Objects.resourceVersion(now))) {
          return;
        }
        unindex(key, before);
        index(key, now);
        changed.accept(before);
      } else {
        index(key, now);
      }
      changed.accept(now);
    }

    private void index(Key key, ObjectNode object) {
      for (var owner : Objects.ownerUids(object)) {
        byOwner.computeIfAbsent(owner, uid -> ConcurrentHashMap.newKeySet()).add(key);
      }
    }

    private void unindex(Key key, ObjectNode object) {
      for (var owner : Objects.ownerUids(object)) {
        byOwner.computeIfPresent(
            owner,
            (uid, keys) -> {
              keys.remove(key);
              return keys.isEmpty() ? null : keys;
            });
      }
    }

    private ObjectNode tree(GenericKubernetesResource object) {
      ObjectNode tree = Json.MAPPER.valueToTree(object);
      tree.put("apiVersion", kind.apiVersion()).put("kind", kind.kindName());
      Trees.with(tree, "metadata").remove("managedFields");
      return tree;
    }
  }
}
