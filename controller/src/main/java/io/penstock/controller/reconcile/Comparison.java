package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Annotations;
import io.penstock.controller.api.Defaults;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Labels;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.ClusterFacts;
import io.penstock.controller.desired.Renderer;
import io.penstock.controller.desired.Rendering;
import io.penstock.controller.preset.ConfigLookup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the controller would do to the cluster for a service as it is written somewhere, found out
 * without doing it: each child is applied as a dry run, so that the API server says what would
 * become of it, with its defaults and with what others own in it. Blocks the caller; changes
 * nothing.
 */
public final class Comparison {

  /** What a Secret holds is compared, and not shown. */
  private static final String HIDDEN = "***";

  private final ApiServer server;
  private final ClusterFacts facts;
  private final Set<Kind> served;

  /**
   * A child that would change.
   *
   * @param name version, kind, namespace and name, as {@code apps/v1.Deployment.llm.qwen-kserve}
   * @param before as it is; null: it would be created
   * @param after as it would be; null: it would be deleted
   */
  public record Change(String name, @Nullable ObjectNode before, @Nullable ObjectNode after) {}

  /**
   * What would be done.
   *
   * @param changes in the order in which they would be made
   * @param notes what cannot be shown as a change, a sentence each
   * @param problems what would keep the service from being as desired, a sentence each
   */
  public record Result(List<Change> changes, List<String> notes, List<String> problems) {}

  private Comparison(ApiServer server, ClusterFacts facts, Set<Kind> served) {
    this.server = server;
    this.facts = ServedKinds.facts(facts, served);
    this.served = served;
  }

  /**
   * Asks the cluster what it serves.
   *
   * @param configured as the controller is configured
   * @throws IOException when the API server cannot be asked
   */
  public static Comparison with(ApiServer server, ClusterFacts configured) throws IOException {
    Set<Kind> served = EnumSet.noneOf(Kind.class);
    for (var kind : Kind.values()) {
      if (!kind.isOptional() || ServedKinds.isServed(server, kind)) {
        served.add(kind);
      }
    }
    return new Comparison(server, configured, served);
  }

  /**
   * Compares.
   *
   * @param written the service, of the hub version and with its namespace; it need not exist
   * @param configs where the cluster's own configs are not looked for: in what is written beside it
   * @throws IOException when the API server cannot be asked or refuses to answer
   */
  public Result compare(ObjectNode written, ConfigLookup configs) throws IOException {
    var live = read(Kind.SERVICE_OBJECT, Objects.key(written));
    var service = Defaults.apply(written);
    live.ifPresent(
        there -> {
          // The status remembers which editions of presets its pods are made of.
          service.set("status", there.path("status"));
          Trees.with(service, "metadata").put("uid", Objects.uid(there));
        });
    var lookup = new LiveConfigs(server, configs);
    var peers = GroupStatus.peers(service);
    return switch (Renderer.render(service, lookup, facts, peers)) {
      case Rendering.Refused(var reason, var message) ->
          new Result(List.of(), List.of(), List.of(reason + ": " + message));
      case Rendering.Rendered rendered -> compare(service, rendered);
    };
  }

  private Result compare(ObjectNode service, Rendering.Rendered rendered) throws IOException {
    var result = new Result(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    boolean stopped = "true".equalsIgnoreCase(Trees.annotation(service, Annotations.STOP));
    Set<String> wanted = new HashSet<>();
    var scaled = Scalers.targets(rendered.children());
    for (var child : stopped ? List.<ObjectNode>of() : rendered.children()) {
      wanted.add(Children.id(child));
      compare(service, child, scaled.contains(Children.id(child)), result);
    }
    if (!stopped && rendered.certificate().isPresent()) {
      var secret = rendered.certificate().get().secretName();
      wanted.add("v1/Secret/" + secret);
      if (read(Kind.SECRET, new Key(Trees.namespace(service), secret)).isEmpty()) {
        result.notes().add("Secret " + secret + " would be made, with a certificate for the pods");
      }
    }
    rendered.warnings().forEach(warning -> result.notes().add("warning: " + warning));
    removed(service, wanted, result);
    return result;
  }

  private void compare(ObjectNode service, ObjectNode child, boolean scaled, Result result)
      throws IOException {
    var found = Kind.of(child);
    if (found.isEmpty() || !served.contains(found.get())) {
      var kind = Trees.text(child, "kind");
      result.problems().add(kind + "CRDMissing: the cluster has no such kind");
      return;
    }
    var kind = found.get();
    var key = Objects.key(child);
    if (!key.isPossible()) {
      var called = "%s %s: no object can be called so".formatted(kind.kindName(), key.name());
      result.problems().add(called);
      return;
    }
    var before = read(kind, key);
    if (before.isPresent() && !Objects.isControlledBy(before.get(), uidOf(service))) {
      result
          .problems()
          .add(
              "NameTaken: %s %s exists and is not this service's"
                  .formatted(kind.kindName(), key.name()));
      return;
    }
    var complete = Children.complete(service, child);
    if (scaled) {
      before.ifPresent(live -> Children.keepReplicas(complete, live));
    }
    if (uidOf(service).isEmpty()) {
      // An owner that does not exist yet cannot be named.
      Trees.with(complete, "metadata").remove("ownerReferences");
    }
    var answer = server.dryRun(kind.path(key), complete);
    if (answer.isGood()) {
      change(kind, key, before.orElse(null), answer.body(), result);
    } else if (Children.isAboutImmutability(answer)) {
      result
          .notes()
          .add(
              "%s %s would be made anew: %s"
                  .formatted(kind.kindName(), key.name(), answer.message()));
      change(kind, key, before.orElse(null), complete, result);
    } else if (answer.isMissing() && before.isEmpty()) {
      result.notes().add("namespace %s does not exist".formatted(key.namespace()));
      change(kind, key, null, complete, result);
    } else {
      result
          .problems()
          .add(
              "%s %s: the API server answers %d, %s"
                  .formatted(kind.kindName(), key.name(), answer.status(), answer.message()));
    }
  }

  /** The service's children of before that it has no use for any more. */
  private void removed(ObjectNode service, Set<String> wanted, Result result) throws IOException {
    if (uidOf(service).isEmpty()) {
      return;
    }
    var namespace = Trees.namespace(service);
    for (var kind : Kind.children().stream().filter(served::contains).toList()) {
      var answer =
          server.get(
              kind.path(namespace)
                  + "?labelSelector="
                  + Labels.PART_OF
                  + "%3D"
                  + Labels.PART_OF_VALUE);
      if (!answer.isGood()) {
        throw new IOException(kind.plural() + " cannot be listed: " + answer.message());
      }
      for (var item : Trees.list(answer.body(), "items")) {
        var child = (ObjectNode) item;
        // Lists of built-in kinds say it once for all.
        child.put("apiVersion", kind.apiVersion()).put("kind", kind.kindName());
        if (Objects.isControlledBy(child, uidOf(service))
            && !wanted.contains(Children.id(child))
            && !Objects.isGoing(child)) {
          change(kind, Objects.key(child), child, null, result);
        }
      }
    }
  }

  private static void change(
      Kind kind, Key key, @Nullable ObjectNode before, @Nullable ObjectNode after, Result result) {
    var was = before == null ? null : shown(before);
    var is = after == null ? null : shown(after);
    if (java.util.Objects.equals(was, is)) {
      return;
    }
    if (kind == Kind.SECRET) {
      hide(was);
      hide(is);
    }
    var name = String.join(".", kind.apiVersion(), kind.kindName(), key.namespace(), key.name());
    result.changes().add(new Change(name, was, is));
  }

  /**
   * Without what the API server keeps for itself, and what is written at each change; members
   * sorted.
   */
  private static ObjectNode shown(ObjectNode object) {
    var copy = object.deepCopy();
    copy.remove("status");
    var metadata = Trees.with(copy, "metadata");
    metadata.remove(
        Arrays.asList(
            "managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"));
    var annotations = Trees.with(copy, "metadata", "annotations");
    annotations.remove(Children.APPLIED);
    if (annotations.isEmpty()) {
      metadata.remove("annotations");
    }
    return java.util.Objects.requireNonNull(Json.objectOrNull(Json.canonical(copy)));
  }

  private static void hide(@Nullable ObjectNode secret) {
    if (secret != null && secret.get("data") instanceof ObjectNode data) {
      data.fieldNames().forEachRemaining(name -> data.put(name, HIDDEN));
    }
  }

  private Optional<ObjectNode> read(Kind kind, Key key) {
    return LiveConfigs.read(server, kind, key);
  }

  private static String uidOf(ObjectNode service) {
    return Objects.uid(service);
  }
}
