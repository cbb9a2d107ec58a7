package io.penstock.picker.config;

import io.penstock.picker.flow.BandSettings;
import io.penstock.picker.flow.Fairness;
import io.penstock.picker.flow.FlowSettings;
import io.penstock.picker.flow.Ordering;
import io.penstock.picker.flow.UsageLimit;
import io.penstock.picker.schedule.plugins.UtilizationDetector;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code flowControl}, and the older {@code saturationDetector} at the top that became a part
 * of it. Confined to the thread that loads.
 */
final class FlowSection {

  private static final List<String> KEYS =
      List.of(
          "maxBytes",
          "maxRequests",
          "defaultRequestTTL",
          "noEndpointRequestTTL",
          "defaultPriorityBand",
          "defaultNegativePriorityBand",
          "priorityBands",
          "usageLimitPolicyPluginRef",
          "saturationDetector",
          "enableEviction");

  private static final List<String> BAND =
      List.of("priority", "maxBytes", "maxRequests", "fairnessPolicyRef", "orderingPolicyRef");

  /** Of an objective, and so of a band. */
  private static final Shape PRIORITY = new Shape.Whole(Integer.MIN_VALUE, Integer.MAX_VALUE);

  private static final List<PluginKind> POLICIES =
      List.of(
          PluginKind.FAIRNESS_POLICY, PluginKind.ORDERING_POLICY, PluginKind.USAGE_LIMIT_POLICY);

  private final YamlMapping root;
  private final PluginSection plugins;
  private final List<ConfigError> warnings;
  private final boolean gate;

  private final TreeMap<Integer, ReadBand> bands = new TreeMap<>();
  private @Nullable Plugin detector;
  private @Nullable Plugin limit;
  private ReadBand defaultBand = ReadBand.DEFAULT;
  private ReadBand defaultNegativeBand = ReadBand.DEFAULT;
  private long maxBytes;
  private long maxRequests;
  private long ttlNanos = FlowSettings.DEFAULT_TTL_NANOS;
  private long noEndpointTtlNanos = FlowSettings.DEFAULT_TTL_NANOS;
  private boolean eviction;

  /**
   * A section to read.
   *
   * @param gate whether {@code featureGates} has flowControl
   */
  FlowSection(YamlMapping root, PluginSection plugins, List<ConfigError> warnings, boolean gate) {
    this.root = root;
    this.plugins = plugins;
    this.warnings = warnings;
    this.gate = gate;
  }

  /** Null where an error was noted. */
  @Nullable Plugin saturationDetector() {
    return detector;
  }

  /** A band as it was read; null for a usual policy, and where an error was noted. */
  private record ReadBand(
      long maxBytes, long maxRequests, @Nullable Plugin fairness, @Nullable Plugin ordering) {

    static final ReadBand DEFAULT =
        new ReadBand(BandSettings.DEFAULT_MAX_BYTES, BandSettings.DEFAULT_MAX_REQUESTS, null, null);

    /** Only where no error was noted: the policies have all their parameters then. */
    BandSettings settings() {
      return new BandSettings(
          maxBytes,
          maxRequests,
          fairness == null ? new Fairness.GlobalStrict() : FlowTypes.fairnessOf(fairness),
          ordering == null ? Ordering.FCFS : FlowTypes.orderingOf(ordering));
    }

    FlowConfig.BandPolicies policies() {
      return new FlowConfig.BandPolicies(
          fairness == null ? "" : fairness.name(), ordering == null ? "" : ordering.name());
    }
  }

  /** What was read; with the detector, where no error was noted. */
  FlowConfig config(Plugin saturation) {
    Map<Integer, BandSettings> settings = new HashMap<>();
    SortedMap<Integer, FlowConfig.BandPolicies> policies = new TreeMap<>();
    bands.forEach(
        (priority, band) -> {
          settings.put(priority, band.settings());
          policies.put(priority, band.policies());
        });
    return new FlowConfig(
        new FlowSettings(
            gate,
            FlowTypes.detectorOf(saturation),
            maxBytes,
            maxRequests,
            ttlNanos,
            noEndpointTtlNanos,
            settings,
            defaultBand.settings(),
            defaultNegativeBand.settings(),
            limit == null ? FlowSettings.DEFAULT.limit() : FlowTypes.limitOf(limit),
            eviction,
            FlowTypes.identityHeaders(plugins.all()),
            FlowTypes.admitters(plugins.all())),
        policies,
        defaultBand.policies(),
        defaultNegativeBand.policies(),
        limit == null ? "" : limit.name());
  }

  void read() {
    var flow = root.mapping("flowControl");
    if (flow != null) {
      flow.refuseAllBut(KEYS);
      if (!gate && flow.names().stream().anyMatch(name -> !name.equals("saturationDetector"))) {
        warnings.add(
            root.at("flowControl", "has no effect without the gate flowControl, which is off"));
      }
      maxBytes = quantity(flow, "maxBytes", 0);
      maxRequests = quantity(flow, "maxRequests", 0);
      ttlNanos = time(flow, "defaultRequestTTL", ttlNanos);
      noEndpointTtlNanos = time(flow, "noEndpointRequestTTL", ttlNanos);
      for (var band : flow.mappings("priorityBands")) {
        list(band, band(band));
      }
      eviction = flag(flow, "enableEviction");
    }
    defaultBand = band(flow == null ? null : flow.mapping("defaultPriorityBand"));
    defaultNegativeBand = band(flow == null ? null : flow.mapping("defaultNegativePriorityBand"));
    limit =
        policy(
            flow,
            "usageLimitPolicyPluginRef",
            PluginKind.USAGE_LIMIT_POLICY,
            UsageLimit.Fixed.TYPE);
    detector(flow == null ? null : flow.mapping("saturationDetector"));
    checkPolicies();
  }

  private void detector(@Nullable YamlMapping inFlow) {
    var older = root.mapping("saturationDetector");
    if (older != null) {
      warnings.add(root.at("saturationDetector", "is deprecated: flowControl.saturationDetector"));
    }
    var place = inFlow == null ? older : inFlow;
    if (place == null) {
      detector = plugins.added(UtilizationDetector.TYPE, "default saturation detector");
      return;
    }
    place.refuseAllBut(List.of("pluginRef"));
    detector = plugins.referredTo(place, "pluginRef", PluginKind.SATURATION_DETECTOR);
  }

  private void checkPolicies() {
    for (var kind : POLICIES) {
      for (var plugin : plugins.of(kind)) {
        var place = plugins.place(plugin);
        if (place == null) {
          continue;
        }
        if (!gate) {
          warnings.add(
              place.at(
                  "type",
                  "'"
                      + plugin.type().name()
                      + "' has no effect without the gate flowControl, which is off"));
        }
        var values = plugin.parameters();
        if (plugin.type().name().equals(UsageLimit.Holdback.TYPE)
            && values.has("minCeiling")
            && values.has("maxCeiling")
            && values.number("minCeiling") >= values.number("maxCeiling")) {
          place.error("parameters", "minCeiling is not less than maxCeiling");
        }
      }
    }
  }

  // ---- bands ----

  private ReadBand band(@Nullable YamlMapping mapping) {
    if (mapping != null) {
      mapping.refuseAllBut(BAND);
    }
    var fairness =
        policy(
            mapping, "fairnessPolicyRef", PluginKind.FAIRNESS_POLICY, Fairness.GlobalStrict.TYPE);
    var ordering =
        policy(mapping, "orderingPolicyRef", PluginKind.ORDERING_POLICY, Ordering.FCFS.type());
    return new ReadBand(
        // As in llm-d, 0 is the default: every queue has a bound.
        orDefault(quantity(mapping, "maxBytes", 0), BandSettings.DEFAULT_MAX_BYTES),
        orDefault(quantity(mapping, "maxRequests", 0), BandSettings.DEFAULT_MAX_REQUESTS),
        fairness,
        ordering);
  }

  private void list(YamlMapping band, ReadBand settings) {
    var text = band.text("priority");
    if (!band.has("priority")) {
      band.error("priority", "is missing; allowed: " + PRIORITY.fits());
    } else if (text != null) {
      try {
        int priority = Math.toIntExact((Long) ParameterReader.scalar(PRIORITY, text));
        if (bands.putIfAbsent(priority, settings) != null) {
          band.error("priority", "'" + text + "' is the priority of a band above");
        }
      } catch (IllegalArgumentException e) {
        band.error("priority", "'" + text + "' does not fit; allowed: " + PRIORITY.fits());
      }
    }
  }

  private static long orDefault(long value, long otherwise) {
    return value == 0 ? otherwise : value;
  }

  // ---- values ----

  /** The policy that is named, else the usual one where the gate is open. */
  private @Nullable Plugin policy(
      @Nullable YamlMapping mapping, String key, PluginKind kind, String usual) {
    if (mapping != null && mapping.has(key)) {
      return plugins.referredTo(mapping, key, kind);
    }
    return gate ? plugins.added(usual, "default policy") : null;
  }

  private static long quantity(@Nullable YamlMapping mapping, String key, long otherwise) {
    var text = mapping == null ? null : mapping.text(key);
    if (mapping == null || text == null) {
      return otherwise;
    }
    if (!Quantity.fits(text)) {
      mapping.error(
          key, "'" + text + "' does not fit; allowed: a quantity such as 5000, 1k or 1Gi");
      return otherwise;
    }
    return Quantity.value(text);
  }

  private static long time(YamlMapping mapping, String key, long otherwise) {
    var text = mapping.text(key);
    if (text == null) {
      return otherwise;
    }
    try {
      return GoDuration.nanos(text);
    } catch (IllegalArgumentException e) {
      mapping.error(key, "'" + text + "' does not fit; allowed: " + new Shape.Time().fits());
      return otherwise;
    }
  }

  private static boolean flag(YamlMapping mapping, String key) {
    var text = mapping.text(key);
    if (text != null && !text.equals("true") && !text.equals("false")) {
      mapping.error(key, "'" + text + "' does not fit; allowed: true, false");
    }
    return "true".equals(text);
  }
}
