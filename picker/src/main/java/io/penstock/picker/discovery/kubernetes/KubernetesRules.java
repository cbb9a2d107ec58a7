package io.penstock.picker.discovery.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.penstock.picker.objective.ModelRewrite;
import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.RuleObjects;
import io.penstock.picker.objective.RuleSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * InferenceObjectives and InferenceModelRewrites that refer to a pool, in its namespace.
 *
 * <p>Each kind is that of llm-d's group where the API server has it, else that of the older group;
 * a kind that the API server does not have is asked for again and again, so that it is found when
 * its definition comes. While the API server cannot be asked, the last known objects stay. An
 * object that says what cannot be is left out, with a warning.
 *
 * <p>Confined to the control thread; the informers run elsewhere and only say that something
 * changed.
 */
final class KubernetesRules implements RuleSource {

  private static final Logger log = LoggerFactory.getLogger(KubernetesRules.class);

  private final Cluster cluster;
  private final PodSelection.OfPool pool;
  private final Looks looks;
  private final Map<RuleKind, Kind> kinds = new EnumMap<>(RuleKind.class);
  private final Set<String> warned = new HashSet<>();

  private Consumer<RuleObjects> told = objects -> {};
  private RuleObjects last = RuleObjects.NONE;

  /** Whether the API server has answered for each kind, and what it listed has been told. */
  private boolean known;

  /** One kind in the group that counts where it is there, and in the older one. */
  private record Kind(
      ObjectWatch<GenericKubernetesResource> current, ObjectWatch<GenericKubernetesResource> older)
      implements AutoCloseable {

    List<GenericKubernetesResource> objects() {
      return current.synced() ? current.objects() : older.synced() ? older.objects() : List.of();
    }

    /** A kind that may not be listed is not waited for: that may be so for good. */
    boolean answered() {
      return current.synced() || (current.answered() && older.answered());
    }

    /** A kind that is in neither group is no trouble, nor the older one beside the other. */
    Stream<String> troubles() {
      var here = current.trouble();
      var there = older.trouble();
      return Stream.of(
          current.absent() ? "" : here, current.synced() || older.absent() ? "" : there);
    }

    @Override
    public void close() {
      current.close();
      older.close();
    }
  }

  KubernetesRules(Cluster cluster, PodSelection.OfPool pool, ScheduledExecutorService control) {
    this.cluster = cluster;
    this.pool = pool;
    this.looks =
        new Looks("objectives and rewrites of " + pool, control, this::look, this::troubles);
  }

  @Override
  public void start(Consumer<RuleObjects> consumer) {
    told = consumer;
    for (var kind : RuleKind.values()) {
      kinds.put(
          kind,
          new Kind(
              cluster.watchRules(kind, RuleKind.GROUP, pool.namespace(), looks::changed),
              cluster.watchRules(kind, RuleKind.OLDER_GROUP, pool.namespace(), looks::changed)));
    }
    looks.start();
  }

  @Override
  public boolean known() {
    return known;
  }

  @Override
  public String problem() {
    return looks.problem();
  }

  @Override
  public void close() {
    looks.close();
    kinds.values().forEach(Kind::close);
  }

  private void look() {
    boolean answered = kinds.values().stream().allMatch(Kind::answered);
    List<Objective> objectives = new ArrayList<>();
    List<ModelRewrite> rewrites = new ArrayList<>();
    read(RuleKind.OBJECTIVE, RuleKind::objective, objectives);
    read(RuleKind.MODEL_REWRITE, RuleKind::modelRewrite, rewrites);
    var now = new RuleObjects(objectives, rewrites);
    if (!now.equals(last)) {
      last = now;
      log.info("{}: {} objectives, {} rewrites", pool, objectives.size(), rewrites.size());
      told.accept(now);
    }
    known |= answered;
  }

  private <T> void read(RuleKind kind, Reading<T> reading, List<T> into) {
    var watched = kinds.get(kind);
    for (var object : watched == null ? List.<GenericKubernetesResource>of() : watched.objects()) {
      if (!RuleKind.refersTo(object, pool)) {
        continue;
      }
      try {
        reading.read(object).ifPresent(into::add);
      } catch (IllegalArgumentException e) {
        var what =
            "%s %s: %s; it is left out"
                .formatted(kind.kind(), object.getMetadata().getName(), e.getMessage());
        if (warned.add(what)) {
          log.warn("{}", what);
        }
      }
    }
  }

  /** Reads an object of one kind; empty while it is on its way out. */
  private interface Reading<T> {
    Optional<T> read(GenericKubernetesResource object);
  }

  private List<String> troubles() {
    return kinds.values().stream().flatMap(Kind::troubles).toList();
  }
}
