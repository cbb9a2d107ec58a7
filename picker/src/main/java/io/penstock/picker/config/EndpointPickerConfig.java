package io.penstock.picker.config;

import io.penstock.picker.cost.CostModel;
import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.schedule.Admitter;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.Picker;
import io.penstock.picker.schedule.Policy;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.Scorer;
import io.penstock.picker.schedule.UsageReport;
import io.penstock.picker.schedule.plugins.LatencySloAdmitter;
import io.penstock.picker.signals.EngineSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * llm-d's EndpointPickerConfig as it is in force: checked, with every default filled in. Immutable;
 * any number of pools can be run by it.
 *
 * @param source file or flag that it was read from
 * @param plugins all that the file has and all that the rules added
 * @param profiles at least one
 * @param sources of metrics, each followed by its extractors
 * @param engines how the metrics of each kind of engine are read
 * @param flow how requests are admitted
 */
public record EndpointPickerConfig(
    String source,
    List<Plugin> plugins,
    List<ProfileConfig> profiles,
    Plugin profileHandler,
    Plugin saturationDetector,
    List<Plugin> parsers,
    List<List<Plugin>> sources,
    EngineSettings engines,
    FlowConfig flow) {

  /** llm-d's own default, under a name. */
  public static final String LLM_D_DEFAULT = "llm-d-default";

  private static final String LLM_D_DEFAULT_TEXT =
      """
      apiVersion: llm-d.ai/v1alpha1
      kind: EndpointPickerConfig
      plugins:
        - type: queue-scorer
        - type: kv-cache-utilization-scorer
        - type: prefix-cache-scorer
      schedulingProfiles:
        - name: default
          plugins:
            - {pluginRef: queue-scorer, weight: 2}
            - {pluginRef: kv-cache-utilization-scorer, weight: 2}
            - {pluginRef: prefix-cache-scorer, weight: 3}
      """;

  /** Copies the lists. */
  public EndpointPickerConfig {
    plugins = List.copyOf(plugins);
    profiles = List.copyOf(profiles);
    parsers = List.copyOf(parsers);
    sources = sources.stream().map(List::copyOf).toList();
  }

  /** What llm-d's picker does without any configuration. */
  public static EndpointPickerConfig llmdDefault() {
    return switch (EndpointPickerLoader.load(LLM_D_DEFAULT, LLM_D_DEFAULT_TEXT, false)) {
      case LoadedPicker.Valid(var config, var warnings) -> config;
      case LoadedPicker.Invalid(var errors) -> throw new IllegalStateException(errors.toString());
    };
  }

  /** The most endpoints that the picker of those who answer names to a gateway. */
  public int destinations() {
    var decode = DisaggregationTypes.decodeProfile(profileHandler);
    return profiles.stream()
        .filter(profile -> decode == null || profile.name().equals(decode))
        .mapToInt(EndpointPickerConfig::destinations)
        .max()
        .orElse(1);
  }

  private static int destinations(ProfileConfig profile) {
    int most = 1;
    for (var member : profile.plugins()) {
      var parameters = member.plugin().parameters();
      if (parameters.has(OtherTypes.DESTINATIONS)) {
        most = Math.max(most, parameters.count(OtherTypes.DESTINATIONS));
      }
    }
    return most;
  }

  /** Whether media may be encoded on endpoints of their own, which a sidecar is told. */
  public boolean encodes() {
    return DisaggregationTypes.encodeProfile(profileHandler) != null;
  }

  /** What gateways are to be told of each response. */
  public List<UsageReport> usageReports() {
    return ReporterTypes.reports(usageReporters());
  }

  /** The plugins that say so. */
  public List<Plugin> usageReporters() {
    return plugins.stream()
        .filter(plugin -> plugin.type().name().equals(ReporterTypes.USAGE))
        .toList();
  }

  /**
   * Makes the plugins, for one pool.
   *
   * @param costs what its requests take
   * @param transfers what the way from one endpoint to another takes
   */
  public Policy policy(CostModel costs, DisaggregationPolicy transfers) {
    return new Assembly(costs, transfers).policy();
  }

  /** Makes each plugin once, however many profiles refer to it. Confined to its maker. */
  private final class Assembly implements Parts {

    private final CostModel costs;
    private final DisaggregationPolicy transfers;
    private final Map<String, Object> made = new HashMap<>();

    Assembly(CostModel costs, DisaggregationPolicy transfers) {
      this.costs = costs;
      this.transfers = transfers;
    }

    Policy policy() {
      return new Policy(
          (ProfileHandler) make(profileHandler),
          profiles.stream().map(this::profile).toList(),
          admitters());
    }

    private List<Admitter> admitters() {
      return plugins.stream()
          .filter(plugin -> plugin.type().name().equals(LatencySloAdmitter.TYPE))
          .map(plugin -> (Admitter) make(plugin))
          .toList();
    }

    private Profile profile(ProfileConfig config) {
      List<Filter> filters = new ArrayList<>();
      List<Profile.Weighted> scorers = new ArrayList<>();
      List<Picker> pickers = new ArrayList<>();
      for (var member : config.plugins()) {
        var plugin = make(member.plugin());
        var type = member.plugin().type();
        if (type.is(PluginKind.FILTER)) {
          filters.add((Filter) plugin);
        }
        if (type.is(PluginKind.SCORER)) {
          scorers.add(new Profile.Weighted((Scorer) plugin, member.weight()));
        }
        if (type.is(PluginKind.PICKER)) {
          pickers.add((Picker) plugin);
        }
      }
      return new Profile(config.name(), filters, scorers, pickers.getFirst());
    }

    private Object make(Plugin plugin) {
      var known = made.get(plugin.name());
      if (known != null) {
        return known;
      }
      var making = plugin.type().maker().make(plugin.parameters(), this);
      made.put(plugin.name(), making);
      return making;
    }

    @Override
    public Object plugin(String name) {
      return make(
          plugins.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow());
    }

    @Override
    public long handOverNanos(int tokens) {
      return transfers.handOverNanos(tokens);
    }

    @Override
    public Picker expectedCost(CostWeights weights) {
      return new ExpectedCostPicker(costs, weights);
    }

    @Override
    public List<String> profiles() {
      return profiles.stream().map(ProfileConfig::name).toList();
    }

    @Override
    public int destinations(int profile) {
      return EndpointPickerConfig.destinations(profiles.get(profile));
    }

    @Override
    public Values producer(String type, String name) {
      return plugins.stream()
          .filter(plugin -> plugin.type().name().equals(type))
          .filter(plugin -> name.isEmpty() || plugin.name().equals(name))
          .findFirst()
          .map(Plugin::parameters)
          .orElseGet(
              () ->
                  new ParameterReader(new ArrayList<>())
                      .read(null, PluginTypes.named(type).parameters()));
    }
  }
}
