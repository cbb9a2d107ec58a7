package io.penstock.picker.objective;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pool's objectives and rewrites, as they are now. Immutable; a look-up allocates nothing.
 *
 * <p>A rule that names the request's model goes before one for every model, then the older rewrite
 * before the younger, then the earlier rule before the later.
 */
public final class PoolRules {

  /** No objectives, and no model is rewritten. */
  public static final PoolRules NONE = new PoolRules(Map.of(), Map.of(), null);

  private final Map<String, Integer> priorities;
  private final Map<String, TargetChoice> byModel;
  private final @Nullable TargetChoice ofEveryModel;

  private PoolRules(
      Map<String, Integer> priorities,
      Map<String, TargetChoice> byModel,
      @Nullable TargetChoice ofEveryModel) {
    this.priorities = Map.copyOf(priorities);
    this.byModel = Map.copyOf(byModel);
    this.ofEveryModel = ofEveryModel;
  }

  /** The rules that these objects come to; of two objectives of one name the first counts. */
  public static PoolRules of(Collection<Objective> objectives, Collection<ModelRewrite> rewrites) {
    var priorities = new HashMap<String, Integer>();
    for (var objective : objectives) {
      priorities.putIfAbsent(objective.name(), objective.priority());
    }
    var byModel = new HashMap<String, TargetChoice>();
    TargetChoice ofEveryModel = null;
    for (var rewrite : rewrites.stream().sorted(ModelRewrite.BY_AGE).toList()) {
      for (var rule : rewrite.rules()) {
        var targets = TargetChoice.of(rewrite.name(), rule.targets());
        for (var model : rule.models()) {
          byModel.putIfAbsent(model, targets);
        }
        if (rule.models().isEmpty() && ofEveryModel == null) {
          ofEveryModel = targets;
        }
      }
    }
    return new PoolRules(priorities, byModel, ofEveryModel);
  }

  /**
   * The priority of a request.
   *
   * @param objective the name that the request gives, null where it gives none
   * @return 0 for a name that is not known, too
   */
  public int priority(@Nullable String objective) {
    return objective == null ? 0 : priorities.getOrDefault(objective, 0);
  }

  /** What is asked for in place of the model; null where nothing is changed. */
  public @Nullable TargetChoice targets(String model) {
    var named = byModel.get(model);
    return named != null ? named : ofEveryModel;
  }

  /** The models that rules name: requests may ask for them, whatever the endpoints serve. */
  public Set<String> namedModels() {
    return byModel.keySet();
  }

  /** What is asked for in place of a model that no rule names; null where nothing is changed. */
  public @Nullable TargetChoice targetsOfEveryModel() {
    return ofEveryModel;
  }

  /** The priorities by the names of their objectives. */
  public Map<String, Integer> priorities() {
    return priorities;
  }
}
