package io.penstock.picker.objective;

import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * The targets of one rule, of which each request gets one by chance, in proportion to the weights.
 * Immutable; a choice costs one random number and a walk over the targets.
 */
public final class TargetChoice {

  private final String rewrite;
  private final String[] models;

  /** The weights of this target and of all in front of it. */
  private final long[] upTo;

  private TargetChoice(String rewrite, String[] models, long[] upTo) {
    this.rewrite = rewrite;
    this.models = models;
    this.upTo = upTo;
  }

  static TargetChoice of(String rewrite, List<RewriteTarget> targets) {
    boolean weighted = targets.stream().anyMatch(each -> each.weight() > 0);
    var chosen = targets.stream().filter(each -> !weighted || each.weight() > 0).toList();
    var models = new String[chosen.size()];
    var upTo = new long[chosen.size()];
    long sum = 0;
    for (int i = 0; i < models.length; i++) {
      models[i] = chosen.get(i).model();
      sum += weighted ? chosen.get(i).weight() : 1;
      upTo[i] = sum;
    }
    return new TargetChoice(rewrite, models, upTo);
  }

  /** Name of the rewrite that has the rule. */
  public String rewrite() {
    return rewrite;
  }

  /** The models that may be chosen. */
  public List<String> models() {
    return List.of(models);
  }

  /** The model for one request. */
  public String choose(RandomGenerator random) {
    int last = models.length - 1;
    if (last == 0) {
      return models[0];
    }
    long at = random.nextLong(upTo[last]);
    int i = 0;
    while (upTo[i] <= at) {
      i++;
    }
    return models[i];
  }

  /**
   * The model for a request that only one endpoint can answer: chosen by their weights among those
   * that it serves, among all where it serves none.
   */
  public String choose(RandomGenerator random, Predicate<String> served) {
    long sum = 0;
    for (int i = 0; i < models.length; i++) {
      if (served.test(models[i])) {
        sum += weight(i);
      }
    }
    if (sum == 0) {
      return choose(random);
    }
    long at = random.nextLong(sum);
    for (int i = 0; i < models.length; i++) {
      if (served.test(models[i])) {
        at -= weight(i);
        if (at < 0) {
          return models[i];
        }
      }
    }
    throw new IllegalStateException("what is served has changed meanwhile");
  }

  private long weight(int target) {
    return target == 0 ? upTo[0] : upTo[target] - upTo[target - 1];
  }
}
