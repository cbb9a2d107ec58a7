package io.penstock.picker.assembly;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.cost.CostModel;
import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.DisaggregationHandler;
import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.schedule.Admitter;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.plugins.AsleepFilter;
import io.penstock.picker.schedule.plugins.EjectionFilter;
import io.penstock.picker.schedule.plugins.LabelFilter;
import io.penstock.picker.schedule.plugins.RoleFilter;
import io.penstock.picker.schedule.plugins.SingleProfileHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes schedulers of policies, each behind the filters that all of them have. Immutable. */
final class Schedulers {

  /** Filters by which a profile says that it wants endpoints for a leg that is no whole request. */
  private static final Set<String> LEGS = Set.of(LabelFilter.PREFILL, LabelFilter.ENCODE);

  private final PoolPickerConfig config;
  private final EndpointHealth health;
  private final CostModel costs;

  Schedulers(PoolPickerConfig config, EndpointHealth health, CostModel costs) {
    this.config = config;
    this.health = health;
    this.costs = costs;
  }

  /** A scheduler of a policy, with plugins of its own; null for expected cost. */
  Scheduler of(@Nullable EndpointPickerConfig configured) {
    var weights = config.weights();
    if (configured == null) {
      return scheduler(
          new DisaggregationHandler(costs, weights, config.disaggregation()),
          List.of(
              profile("decode", RoleFilter.ANSWERS_ALONE, false, weights),
              profile("prefill", RoleFilter.PREFILLS_FOR_OTHERS, true, weights.ofPrefills())),
          List.of());
    }
    var policy = configured.policy(costs, config.disaggregation());
    List<Profile> profiles = new ArrayList<>();
    for (int i = 0; i < policy.profiles().size(); i++) {
      profiles.add(guarded(policy.profiles().get(i), policy.handler().optional(i)));
    }
    return scheduler(policy.handler(), profiles, policy.admitters());
  }

  /** A scheduler whose first profile tells what the endpoints it may choose from would cost. */
  Scheduler judge() {
    var picker = new ExpectedCostPicker(costs, config.weights());
    return scheduler(
        new SingleProfileHandler(),
        List.of(new Profile("judge", List.of(), List.of(), picker)),
        List.of());
  }

  private Scheduler scheduler(
      ProfileHandler handler, List<Profile> profiles, List<Admitter> admitters) {
    return new Scheduler(
        handler,
        profiles,
        guards(RoleFilter.ANSWERS_ALONE, false),
        admitters,
        costs,
        config.modelRule(),
        config.models());
  }

  private Profile profile(String name, Filter role, boolean mayLeaveNone, CostWeights weights) {
    return new Profile(
        name, guards(role, mayLeaveNone), List.of(), new ExpectedCostPicker(costs, weights));
  }

  /** Keep endpoints of a role that do not sleep and are not ejected. */
  private List<Filter> guards(Filter role, boolean mayLeaveNone) {
    return List.of(role, new AsleepFilter(), new EjectionFilter(health, mayLeaveNone));
  }

  /**
   * The profile behind the filters that every policy has: endpoints that cannot answer a whole
   * request, unless the profile is for a leg, that sleep, or that are ejected.
   *
   * @param leg whether the handler wants prefills of it
   */
  private Profile guarded(Profile profile, boolean leg) {
    List<Filter> filters = new ArrayList<>();
    if (!leg && profile.filters().stream().noneMatch(each -> LEGS.contains(each.type()))) {
      filters.add(RoleFilter.ANSWERS_ALONE);
    }
    filters.add(new AsleepFilter());
    filters.add(new EjectionFilter(health, leg));
    filters.addAll(profile.filters());
    return new Profile(profile.name(), filters, profile.scorers(), profile.picker());
  }
}
