package io.penstock.picker.objective;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/**
 * Rules under one name ({@code InferenceModelRewrite}). Immutable.
 *
 * @param created when it was made: of two rules that match equally well the older one counts
 * @param rules of those that match equally well the first counts
 */
public record ModelRewrite(String name, Instant created, List<RewriteRule> rules) {

  /** The oldest first, and of the same age by name. */
  static final Comparator<ModelRewrite> BY_AGE =
      Comparator.comparing(ModelRewrite::created).thenComparing(ModelRewrite::name);

  /** Copies the rules. */
  public ModelRewrite {
    rules = List.copyOf(rules);
  }
}
