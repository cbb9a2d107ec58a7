package io.penstock.picker.objective;

import java.util.List;

/**
 * Which requests a rewrite is about, and where they go instead. Immutable.
 *
 * @param models names of models that match exactly; empty: every model
 * @param targets at least one
 */
public record RewriteRule(List<String> models, List<RewriteTarget> targets) {

  /** Copies the lists, and refuses a rule without targets. */
  public RewriteRule {
    models = List.copyOf(models);
    targets = List.copyOf(targets);
    if (targets.isEmpty()) {
      throw new IllegalArgumentException("a rule has no targets");
    }
  }

  /** Whether some targets have a weight and some have none: those then get nothing. */
  public boolean mixesWeights() {
    long weighted = targets.stream().filter(each -> each.weight() > 0).count();
    return weighted > 0 && weighted < targets.size();
  }
}
