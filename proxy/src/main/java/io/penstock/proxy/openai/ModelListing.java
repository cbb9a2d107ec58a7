package io.penstock.proxy.openai;

import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.ServedModel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code /v1/models}: the live union of what the pods list, each entry as its pod sent it. A model
 * is there while at least one pod that accepts requests lists it, and a name that a rule sends to
 * other models while one of those is.
 *
 * <p>Order: pools as configured, endpoints by slot, models as a pod lists them; so a base model
 * stays in front of its adapters; then the names of rules. Thread-safe: the union is an immutable
 * value in one volatile field, made again when a snapshot or a pool's rules are others.
 */
public final class ModelListing {

  /**
   * One pool's models.
   *
   * @param only the names the pool may serve; empty: whatever its pods list
   * @param rules names that stand for others
   */
  public record Source(
      Supplier<PoolSnapshot> snapshot, Set<String> only, Supplier<PoolRules> rules) {
    /** Copies the names. */
    public Source {
      only = Set.copyOf(only);
    }
  }

  /** Immutable once made. */
  private static final class Union {
    final long[] versions;
    final List<PoolRules> rules;
    final Map<String, ServedModel> byId;
    final byte[] everything;

    Union(
        long[] versions, List<PoolRules> rules, Map<String, ServedModel> byId, byte[] everything) {
      this.versions = versions;
      this.rules = rules;
      this.byId = byId;
      this.everything = everything;
    }
  }

  private final List<Source> sources;
  private volatile Union union = new Union(new long[0], List.of(), Map.of(), new byte[0]);

  /** A listing of these pools. */
  public ModelListing(List<Source> sources) {
    this.sources = List.copyOf(sources);
  }

  /** The whole list; callers do not change the array. */
  public byte[] list() {
    return current().everything;
  }

  /** The list of the models that {@code allowed} accepts. */
  public byte[] list(Predicate<String> allowed) {
    List<ServedModel> seen = new ArrayList<>();
    for (var model : current().byId.values()) {
      if (allowed.test(model.id())) {
        seen.add(model);
      }
    }
    return render(seen);
  }

  /** The entry of one model, or null: {@link GatewayError#MODEL_NOT_FOUND}. */
  public byte @Nullable [] entry(String id) {
    var model = current().byId.get(id);
    return model == null ? null : model.json().getBytes(StandardCharsets.UTF_8);
  }

  /** The ids now listed. */
  public Set<String> ids() {
    return current().byId.keySet();
  }

  @SuppressWarnings("ReferenceEquality") // other rules are another object, whatever they say
  private Union current() {
    var last = union;
    var snapshots = new PoolSnapshot[sources.size()];
    boolean same = last.versions.length == snapshots.length;
    for (int i = 0; i < snapshots.length; i++) {
      snapshots[i] = sources.get(i).snapshot().get();
      same =
          same
              && last.versions[i] == snapshots[i].version()
              && last.rules.get(i) == sources.get(i).rules().get();
    }
    if (same && last.everything.length > 0) {
      return last;
    }
    var fresh = unite(snapshots);
    union = fresh;
    return fresh;
  }

  private Union unite(PoolSnapshot[] snapshots) {
    var versions = new long[snapshots.length];
    var rules = sources.stream().map(source -> source.rules().get()).toList();
    Map<String, ServedModel> byId = new LinkedHashMap<>();
    for (int i = 0; i < snapshots.length; i++) {
      versions[i] = snapshots[i].version();
      var only = sources.get(i).only();
      for (Endpoint endpoint : snapshots[i].endpoints()) {
        if (endpoint.accepts()) {
          for (var model : endpoint.models()) {
            if (only.isEmpty() || only.contains(model.id())) {
              byId.putIfAbsent(model.id(), model);
            }
          }
        }
      }
    }
    for (int i = 0; i < snapshots.length; i++) {
      addNames(rules.get(i), byId);
    }
    return new Union(versions, rules, byId, render(byId.values()));
  }

  private static void addNames(PoolRules rules, Map<String, ServedModel> byId) {
    for (var name : rules.namedModels().stream().sorted().toList()) {
      var targets = rules.targets(name);
      if (targets != null && targets.models().stream().anyMatch(byId::containsKey)) {
        byId.putIfAbsent(name, new ServedModel(name, entryOf(name)));
      }
    }
  }

  private static String entryOf(String name) {
    var json = new StringBuilder("{\"id\":");
    JsonText.quote(json, name);
    return json.append(",\"object\":\"model\",\"created\":0,\"owned_by\":\"penstock\"}").toString();
  }

  private static byte[] render(Collection<ServedModel> models) {
    var json = new StringBuilder("{\"object\":\"list\",\"data\":[");
    boolean first = true;
    for (var model : models) {
      json.append(first ? "" : ",").append(model.json());
      first = false;
    }
    return json.append("]}").toString().getBytes(StandardCharsets.UTF_8);
  }
}
