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
import java.util.Optional;
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
  private final MirroredObjects objects = new MirroredObjects();
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
    return objects.get(key);
  }

  List<ObjectNode> all() {
    return objects.all();
  }

  /** Those with an owner of that uid. */
  List<ObjectNode> ownedBy(String uid) {
    return objects.ownedBy(uid);
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
      objects.remove(gone);
      changed.accept(gone);
    }

    private void put(ObjectNode now) {
      var before = objects.put(now);
      if (before != null) {
        if (Objects.resourceVersion(before).equals(Objects.resourceVersion(now))) {
          return;
        }
        changed.accept(before);
      }
      changed.accept(now);
    }

    private ObjectNode tree(GenericKubernetesResource object) {
      ObjectNode tree = Json.MAPPER.valueToTree(object);
      tree.put("apiVersion", kind.apiVersion()).put("kind", kind.kindName());
      Trees.with(tree, "metadata").remove("managedFields");
      return tree;
    }
  }
}
