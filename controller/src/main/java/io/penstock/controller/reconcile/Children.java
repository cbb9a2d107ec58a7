package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Labels;
import io.penstock.controller.api.Trees;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the children of a service in the cluster those that are desired, with as few writes as
 * possible: none when all is as desired. Thread-safe, for different owners at a time.
 *
 * <p>Each child carries the hash of what was applied, so that fields and lists that are desired no
 * more are found and taken away: server-side apply removes what its manager leaves out. An object
 * of a child's name that the service does not control is left alone and reported.
 */
final class Children {

  private static final Logger log = LoggerFactory.getLogger(Children.class);

  /** Hash of the object as it was applied. */
  static final String APPLIED = "internal.serving.kserve.io/applied";

  private static final int HASH_CHARS = 16;

  /** In place of the hash where no object is desired. */
  private static final String NOTHING = "";

  private final ApiServer server;
  private final ClusterView seen;
  private final ReconcileMetrics metrics;
  private final Refusals refusals;

  /** Children above which {@link #settled} is emptied; each is then applied once more. */
  private static final int MOST_SETTLED = 10_000;

  /** Children that the API server stores otherwise than applied: as stored, still as desired. */
  private final Map<String, String> settled = new ConcurrentHashMap<>();

  Children(ApiServer server, ClusterView seen, ReconcileMetrics metrics, LongSupplier nanoClock) {
    this.server = server;
    this.seen = seen;
    this.metrics = metrics;
    this.refusals = new Refusals(nanoClock);
  }

  /**
   * What keeps a child from being as desired.
   *
   * @param kind of the child
   * @param name of the child
   * @param reason for a condition, in camel case
   * @param message for people
   * @param lasting whether only a change of something helps, not another try
   */
  record Problem(String kind, String name, String reason, String message, boolean lasting) {}

  /**
   * What has become of the children.
   *
   * @param live those that are as desired, and those that are as they were because a change is
   *     refused: as the API server has them, in the desired order
   * @param problems with those that are not as desired
   * @param nanos until the first change that was refused may be sent again
   */
  record Brought(List<ObjectNode> live, List<Problem> problems, long nanos) {
    Brought(List<ObjectNode> live, List<Problem> problems) {
      this(live, problems, Long.MAX_VALUE);
    }
  }

  /** What has become of one child. */
  private sealed interface Outcome {
    record Live(ObjectNode child) implements Outcome {}

    /**
     * @param there the child as it was and stays; null: there is none to rely on
     * @param nanos until the same change may be sent again
     */
    record Stuck(Problem problem, @Nullable ObjectNode there, long nanos) implements Outcome {
      Stuck(Problem problem) {
        this(problem, null, Long.MAX_VALUE);
      }

      Stuck(Refusals.Standing refusal, @Nullable ObjectNode there) {
        this(refusal.problem(), there, refusal.nanos());
      }
    }
  }

  /**
   * Applies the desired children in their order, then deletes the owner's others; empty when there
   * would be something to create for an owner that is no more.
   */
  Optional<Brought> bring(ObjectNode owner, List<ObjectNode> desired) throws IOException {
    if (desired.stream().anyMatch(this::isMissing) && !isThere(owner)) {
      return Optional.empty();
    }
    List<ObjectNode> live = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    long nanos = Long.MAX_VALUE;
    Set<String> wanted = new HashSet<>();
    var scaled = Scalers.targets(desired);
    for (var child : desired) {
      wanted.add(id(child));
      switch (bring(owner, child, scaled.contains(id(child)))) {
        case Outcome.Live(var now) -> live.add(now);
        case Outcome.Stuck stuck -> {
          problems.add(stuck.problem);
          nanos = Math.min(nanos, stuck.nanos);
          if (stuck.there != null) {
            live.add(stuck.there);
          }
        }
      }
    }
    for (var entry : seen.ownedBy(Objects.uid(owner)).entrySet()) {
      for (var child : entry.getValue()) {
        if (!wanted.contains(id(child)) && !Objects.isGoing(child)) {
          var refusal = delete(owner, entry.getKey(), child);
          if (refusal.isPresent()) {
            problems.add(refusal.get().problem());
            nanos = Math.min(nanos, refusal.get().nanos());
          }
        }
      }
    }
    return Optional.of(new Brought(live, problems, nanos));
  }

  private boolean isMissing(ObjectNode child) {
    return Kind.of(child).flatMap(kind -> seen.get(kind, Objects.key(child))).isEmpty();
  }

  /** The mirrors may learn that an owner's children are gone before they learn that it is. */
  private boolean isThere(ObjectNode owner) throws IOException {
    var answer = server.get(Kind.SERVICE_OBJECT.path(Objects.key(owner)));
    if (!answer.isGood() && !answer.isMissing()) {
      throw new IOException("the service cannot be read: " + answer.message());
    }
    return answer.isGood()
        && Objects.uid(answer.body()).equals(Objects.uid(owner))
        && !Objects.isGoing(answer.body());
  }

  /** The owner's children, untouched. */
  Brought asTheyAre(ObjectNode owner) {
    return new Brought(
        seen.ownedBy(Objects.uid(owner)).values().stream().flatMap(List::stream).toList(),
        List.of());
  }

  private Outcome bring(ObjectNode owner, ObjectNode child, boolean scaled) throws IOException {
    var found = Kind.of(child);
    var name = Trees.name(child);
    if (found.isEmpty()) {
      return new Outcome.Stuck(
          new Problem(
              Trees.text(child, "kind"),
              name,
              "UnknownKind",
              "the controller cannot create " + Trees.text(child, "apiVersion"),
              true));
    }
    var kind = found.get();
    if (kind.isOptional() && !seen.served().contains(kind)) {
      return stuck(kind, name, kind.kindName() + "CRDMissing", "the cluster has no such kind");
    }
    if (!Objects.key(child).isPossible()) {
      return stuck(
          kind,
          name,
          "Invalid" + kind.kindName(),
          "%s %s: no object can be called so".formatted(kind.kindName(), name));
    }
    var complete = complete(owner, child);
    var there = live(kind, Objects.key(child));
    if (there.isEmpty()) {
      return apply(kind, complete, null);
    }
    var live = there.get();
    if (!Objects.isControlledBy(live, Objects.uid(owner))) {
      return stuck(
          kind,
          name,
          "NameTaken",
          "%s %s exists and is not this service's; it is left alone: rename or delete it"
              .formatted(kind.kindName(), name));
    }
    if (Objects.isGoing(live)) {
      return new Outcome.Stuck(
          new Problem(kind.kindName(), name, "Terminating", "is being deleted", false));
    }
    if (isAsDesired(complete, live)) {
      return new Outcome.Live(live);
    }
    if (scaled) {
      keepReplicas(complete, live);
    }
    return apply(kind, complete, live);
  }

  /**
   * Has a workload that is scaled keep its number of pods. Left out, a number that we have set
   * before would fall to one, until the scaler has seen to it and the models are loaded again.
   */
  static void keepReplicas(ObjectNode complete, ObjectNode live) {
    var replicas = Trees.at(live, "spec", "replicas");
    if (replicas != null) {
      Trees.with(complete, "spec").set("replicas", replicas);
    }
  }

  /** An object as it is; it may be there without our label, where no mirror sees it. */
  Optional<ObjectNode> live(Kind kind, Key key) throws IOException {
    var known = seen.get(kind, key);
    if (known.isPresent() || !key.isPossible()) {
      return known;
    }
    var answer = server.get(kind.path(key));
    if (!answer.isGood() && !answer.isMissing()) {
      throw new IOException("%s %s: %s".formatted(kind.kindName(), key, answer.message()));
    }
    return answer.isGood() ? Optional.of(answer.body()) : Optional.empty();
  }

  private boolean isAsDesired(ObjectNode complete, ObjectNode live) {
    var hash = Trees.annotation(complete, APPLIED);
    if (!java.util.Objects.equals(hash, Trees.annotation(live, APPLIED))) {
      return false;
    }
    var difference = Sameness.difference(complete, live);
    if (difference.isEmpty()) {
      return true;
    }
    if (Objects.resourceVersion(live).equals(settled.get(Objects.uid(live)))) {
      return true;
    }
    log.info("{} {} differs at {}", Trees.text(live, "kind"), Objects.key(live), difference.get());
    return false;
  }

  private Outcome apply(Kind kind, ObjectNode complete, @Nullable ObjectNode there)
      throws IOException {
    var verb = there == null ? "create" : "update";
    var key = Objects.key(complete);
    var hash = String.valueOf(Trees.annotation(complete, APPLIED));
    var standing = refusals.standing(kind.path(key), hash);
    if (standing.isPresent()) {
      return new Outcome.Stuck(standing.get(), there);
    }
    var answer = server.apply(kind.path(key), complete);
    metrics.wrote(kind, verb);
    if (answer.isGood()) {
      refusals.forget(kind.path(key));
      log.info("{} {}: {}", kind.kindName(), key, verb);
      var stored = answer.body();
      if (Sameness.difference(complete, stored).isPresent()) {
        if (settled.size() >= MOST_SETTLED) {
          settled.clear();
        }
        settled.put(Objects.uid(stored), Objects.resourceVersion(stored));
      }
      return new Outcome.Live(stored);
    }
    if (isAboutImmutability(answer)) {
      return recreate(kind, key, answer);
    }
    var problem = refused(kind, key, answer);
    return new Outcome.Stuck(refusals.refused(kind.path(key), hash, problem), there);
  }

  /** Deletes it; the deletion brings the next pass, which creates it. */
  private Outcome recreate(Kind kind, Key key, ApiServer.Answer why) throws IOException {
    var uid = seen.get(kind, key).map(Objects::uid).orElse("");
    if (!uid.isEmpty()) {
      log.info("{} {} is made anew: {}", kind.kindName(), key, why.message());
      var _ = server.delete(kind.path(key), uid);
      metrics.wrote(kind, "recreate");
    }
    return new Outcome.Stuck(
        new Problem(
            kind.kindName(), key.name(), "Recreating", "is made anew: " + why.message(), false));
  }

  /**
   * Whether nothing is wrong but that fields cannot be changed, as the kind's own checks say it:
   * those name a field, and what they say comes behind its value. What else is wrong, such as a
   * policy of the cluster, would be wrong with a new object too, and then nothing would be left.
   */
  static boolean isAboutImmutability(ApiServer.Answer answer) {
    var causes = Trees.list(answer.body(), "details", "causes");
    return answer.isInvalid()
        && !causes.isEmpty()
        && causes.stream().allMatch(Children::saysThatAFieldCannotBeChanged);
  }

  private static boolean saysThatAFieldCannotBeChanged(JsonNode cause) {
    var message = Trees.text(cause, "message");
    var reason = message.substring(message.lastIndexOf(": ") + 1);
    return !Trees.text(cause, "field").isEmpty()
        && (reason.contains("immutable") || reason.contains("cannot change"));
  }

  /** Deletes a child of the owner; what is there is a refusal to do so. */
  private Optional<Refusals.Standing> delete(ObjectNode owner, Kind kind, ObjectNode child)
      throws IOException {
    if (!Objects.isControlledBy(child, Objects.uid(owner))) {
      return Optional.empty();
    }
    var path = kind.path(Objects.key(child));
    var standing = refusals.standing(path, NOTHING);
    if (standing.isPresent()) {
      return standing;
    }
    var answer = server.delete(path, Objects.uid(child));
    if (answer.isMissing() || answer.isConflict()) {
      return Optional.empty();
    }
    metrics.wrote(kind, "delete");
    settled.remove(Objects.uid(child));
    if (!answer.isGood()) {
      return Optional.of(
          refusals.refused(path, NOTHING, refused(kind, Objects.key(child), answer)));
    }
    refusals.forget(path);
    log.info("{} {}: delete", kind.kindName(), Objects.key(child));
    return Optional.empty();
  }

  /** The child with what every child has: its owner, the label that mirrors see, its hash. */
  static ObjectNode complete(ObjectNode owner, ObjectNode child) {
    var complete = child.deepCopy();
    Trees.with(complete, "metadata", "labels").put(Labels.PART_OF, Labels.PART_OF_VALUE);
    Objects.own(complete, owner);
    var hash = hash(complete);
    Trees.with(complete, "metadata", "annotations").put(APPLIED, hash);
    return complete;
  }

  private static String hash(ObjectNode object) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      byte[] bytes = digest.digest(Json.canonical(object).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(bytes).substring(0, HASH_CHARS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  static String id(ObjectNode object) {
    return id(Trees.text(object, "apiVersion"), Trees.text(object, "kind"), Trees.name(object));
  }

  static String id(String apiVersion, String kind, String name) {
    return apiVersion + "/" + kind + "/" + name;
  }

  private static Outcome stuck(Kind kind, String name, String reason, String message) {
    return new Outcome.Stuck(new Problem(kind.kindName(), name, reason, message, true));
  }

  private static Problem refused(Kind kind, Key key, ApiServer.Answer answer) {
    log.warn("{} {}: {}, {}", kind.kindName(), key, answer.status(), answer.message());
    return new Problem(
        kind.kindName(),
        key.name(),
        answer.isInvalid() ? "Invalid" + kind.kindName() : kind.kindName() + "Refused",
        "%s %s: the API server answers %d, %s"
            .formatted(kind.kindName(), key.name(), answer.status(), answer.message()),
        answer.isInvalid());
  }
}
