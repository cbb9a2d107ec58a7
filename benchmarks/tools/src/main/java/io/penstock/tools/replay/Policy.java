package io.penstock.tools.replay;

import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.EndpointPickerLoader;
import io.penstock.picker.config.LoadedPicker;
import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.cost.DisaggregationPolicy.Decider;
import io.penstock.tools.replay.rule.RoutingRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A routing policy by name: {@code expected-cost}, which is the gateway's picker and may name
 * weights ({@code expected-cost:decode=0.5,stall=0.2}), a rule of {@link RoutingRules}, or a file
 * of llm-d's EndpointPickerConfig, by which the gateway's picker is run. To all of these every pod
 * does everything.
 *
 * <p>To {@code cost-divided} and {@code always-divided}, which are the gateway's picker too, pods
 * have the {@link Roles} of the configuration: the one divides a request where that is expected to
 * be cheaper, the other every request. Immutable.
 */
public final class Policy {

  /** The gateway's own. */
  public static final String EXPECTED_COST = "expected-cost";

  /** The gateway's own over pods with roles, deciding by cost whether to divide a request. */
  public static final String COST_DIVIDED = "cost-divided";

  /** The gateway's own over pods with roles, dividing every request. */
  public static final String ALWAYS_DIVIDED = "always-divided";

  private static final List<String> OURS = List.of(EXPECTED_COST, COST_DIVIDED, ALWAYS_DIVIDED);

  private final String name;
  private final CostWeights weights;
  private final @Nullable EndpointPickerConfig config;

  private Policy(String name, CostWeights weights) {
    this(name, weights, null);
  }

  private Policy(String name, CostWeights weights, @Nullable EndpointPickerConfig config) {
    this.name = name;
    this.weights = weights;
    this.config = config;
  }

  /** Every name that {@link #parse} knows of policies that need no roles. */
  public static List<String> names() {
    List<String> names = new ArrayList<>();
    names.add(EXPECTED_COST);
    names.addAll(RoutingRules.NAMES);
    return List.copyOf(names);
  }

  /**
   * The policy that the text names.
   *
   * @throws IllegalArgumentException in one sentence with what is allowed
   */
  public static Policy parse(String text) {
    if (text.endsWith(".yaml") || text.endsWith(".yml")) {
      return switch (EndpointPickerLoader.load(Path.of(text), true)) {
        case LoadedPicker.Valid(var config, var _) -> new Policy(text, CostWeights.DEFAULT, config);
        case LoadedPicker.Invalid(var errors) ->
            throw new IllegalArgumentException(
                errors.stream().map(ConfigError::toString).collect(Collectors.joining("\n")));
      };
    }
    int colon = text.indexOf(':');
    String base = colon < 0 ? text : text.substring(0, colon);
    if (!names().contains(base) && !OURS.contains(base)) {
      throw new IllegalArgumentException(
          "policy '%s' is unknown, allowed: %s, %s, %s, or a file that ends in .yaml"
              .formatted(base, String.join(", ", names()), COST_DIVIDED, ALWAYS_DIVIDED));
    }
    if (colon < 0) {
      return new Policy(text, CostWeights.DEFAULT);
    }
    if (!OURS.contains(base)) {
      throw new IllegalArgumentException("policy '" + base + "' has no weights");
    }
    var weights = CostWeights.DEFAULT;
    for (String part : text.substring(colon + 1).split(",", -1)) {
      weights = with(weights, part);
    }
    return new Policy(text, weights);
  }

  private static CostWeights with(CostWeights weights, String part) {
    int equals = part.indexOf('=');
    String key = equals < 0 ? part : part.substring(0, equals);
    double value;
    try {
      value = Double.parseDouble(part.substring(equals + 1));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("weight '" + part + "' is not name=number", e);
    }
    double g = weights.loadPrice();
    double wp = weights.poolStall();
    double gm = weights.memoryPrice();
    double ev = weights.eviction();
    double wd = weights.decode();
    double wc = weights.stall();
    double wq = weights.queueStall();
    return switch (key) {
      case "loadPrice" -> new CostWeights(value, wp, gm, ev, wd, wc, wq);
      case "poolStall" -> new CostWeights(g, value, gm, ev, wd, wc, wq);
      case "memoryPrice" -> new CostWeights(g, wp, value, ev, wd, wc, wq);
      case "eviction" -> new CostWeights(g, wp, gm, value, wd, wc, wq);
      case "decode" -> new CostWeights(g, wp, gm, ev, value, wc, wq);
      case "stall" -> new CostWeights(g, wp, gm, ev, wd, value, wq);
      case "queueStall" -> new CostWeights(g, wp, gm, ev, wd, wc, value);
      default ->
          throw new IllegalArgumentException(
              "weight '"
                  + key
                  + "' is unknown, allowed: loadPrice, poolStall, memoryPrice, eviction, decode,"
                  + " stall, queueStall");
    };
  }

  /** As it was written. */
  public String name() {
    return name;
  }

  /** Whether pods have roles to it. */
  public boolean divides() {
    return is(COST_DIVIDED) || is(ALWAYS_DIVIDED);
  }

  private boolean is(String base) {
    return config == null && (name.equals(base) || name.startsWith(base + ":"));
  }

  /**
   * A fresh router that follows the policy.
   *
   * @param talk by which gateways tell each other what they send; null: they do not
   * @throws IllegalArgumentException if the policy needs roles and there are none
   */
  Gateway gateway(Pods pods, ReplayConfig replay, @Nullable Talk talk, long seed) {
    if (divides()) {
      var roles =
          replay
              .roles()
              .orElseThrow(
                  () -> new IllegalArgumentException("policy '" + name + "' needs prefill pods"));
      var division = roles.policy(is(COST_DIVIDED) ? Decider.COST : Decider.ALWAYS);
      return new PickerGateway(pods, roles.prefills(), division, weights, null, talk, seed);
    }
    return config != null || is(EXPECTED_COST)
        ? new PickerGateway(pods, 0, DisaggregationPolicy.DEFAULT, weights, config, talk, seed)
        : new RuleGateway(RoutingRules.named(name), pods, seed);
  }
}
