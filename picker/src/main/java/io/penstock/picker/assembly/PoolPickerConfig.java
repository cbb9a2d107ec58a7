package io.penstock.picker.assembly;

import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.schedule.ModelRule;
import java.time.Duration;
import java.util.Set;

/**
 * One pool's picker as configured.
 *
 * @param name of the pool
 * @param modelRule which endpoints may get a request for a model
 * @param models models that endpoints are taken to serve until they have listed theirs; where it is
 *     empty and the rule {@link ModelRule#LISTED}, an endpoint gets no request before that
 * @param weights of the expected cost
 * @param disaggregation when a pool with prefill endpoints uses them
 * @param index bounds of the prefix index
 * @param freshFor how long an engine's signals are believed at least
 * @param decisions decision records kept, 0 for none
 * @param seed of every choice by chance
 */
public record PoolPickerConfig(
    String name,
    ModelRule modelRule,
    Set<String> models,
    CostWeights weights,
    DisaggregationPolicy disaggregation,
    PrefixIndexConfig index,
    Duration freshFor,
    int decisions,
    long seed) {

  /** Copies the models and checks the bounds. */
  public PoolPickerConfig {
    models = Set.copyOf(models);
    if (decisions < 0 || decisions > 1 << 20) {
      throw new IllegalArgumentException(
          "pool " + name + ": decisions is " + decisions + ", allowed: 0 to 1048576");
    }
    if (freshFor.isNegative() || freshFor.isZero()) {
      throw new IllegalArgumentException(
          "pool " + name + ": freshFor is " + freshFor + ", allowed: more than 0");
    }
  }

  /** What a pool without further configuration gets. */
  public static PoolPickerConfig of(String name, Set<String> models, long seed) {
    return new PoolPickerConfig(
        name,
        ModelRule.LISTED,
        models,
        CostWeights.DEFAULT,
        DisaggregationPolicy.DEFAULT,
        PrefixIndexConfig.defaults(),
        Duration.ofSeconds(1),
        2048,
        seed);
  }

  /** The same with another rule for models. */
  public PoolPickerConfig withModelRule(ModelRule other) {
    return new PoolPickerConfig(
        name, other, models, weights, disaggregation, index, freshFor, decisions, seed);
  }

  /** The same with other bounds of the prefix index. */
  public PoolPickerConfig withIndex(PrefixIndexConfig other) {
    return new PoolPickerConfig(
        name, modelRule, models, weights, disaggregation, other, freshFor, decisions, seed);
  }

  /** The same with another rule for prefill endpoints. */
  public PoolPickerConfig withDisaggregation(DisaggregationPolicy other) {
    return new PoolPickerConfig(
        name, modelRule, models, weights, other, index, freshFor, decisions, seed);
  }

  /** The same with another number of decision records. */
  public PoolPickerConfig withDecisions(int other) {
    return new PoolPickerConfig(
        name, modelRule, models, weights, disaggregation, index, freshFor, other, seed);
  }
}
