package io.penstock.picker.objective;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Puts together what several sources say of one pool. Of two objectives of one name that of the
 * source counts that was named first. Confined to the control thread, after it was made.
 */
public final class RuleBook {

  private final Map<String, RuleObjects> bySource = new LinkedHashMap<>();
  private final Consumer<PoolRules> changed;

  /**
   * A book without entries.
   *
   * @param changed gets the rules after each change
   */
  public RuleBook(Consumer<PoolRules> changed) {
    this.changed = changed;
  }

  /** Everything that a source says now, in place of what it said before. */
  public void put(String source, RuleObjects objects) {
    bySource.put(source, objects);
    List<Objective> objectives = new ArrayList<>();
    List<ModelRewrite> rewrites = new ArrayList<>();
    for (var each : bySource.values()) {
      objectives.addAll(each.objectives());
      rewrites.addAll(each.rewrites());
    }
    changed.accept(PoolRules.of(objectives, rewrites));
  }
}
