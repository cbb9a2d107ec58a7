package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.ignored;
import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.required;
import static io.penstock.picker.config.Parameter.usual;
import static io.penstock.picker.config.PluginKind.FILTER;
import static io.penstock.picker.config.PluginKind.SATURATION_DETECTOR;

import io.penstock.picker.schedule.plugins.ConcurrencyDetector;
import io.penstock.picker.schedule.plugins.HeaderTestingFilter;
import io.penstock.picker.schedule.plugins.LabelFilter;
import io.penstock.picker.schedule.plugins.LabelSelectorFilter;
import io.penstock.picker.schedule.plugins.LabelSelectorFilter.Operator;
import io.penstock.picker.schedule.plugins.LabelSelectorFilter.Requirement;
import io.penstock.picker.schedule.plugins.PrefixCacheAffinityFilter;
import io.penstock.picker.schedule.plugins.SessionAffinity;
import io.penstock.picker.schedule.plugins.UtilizationDetector;
import io.penstock.picker.schedule.plugins.UtilizationFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The filters, by name. Stateless. */
final class FilterTypes {

  private static final long MANY = 1_000_000_000;
  private static final double UNBOUNDED = Double.POSITIVE_INFINITY;

  /** llm-d's older name of the label selector. */
  private static final String BY_LABEL_SELECTOR = "by-label-selector";

  private static final Map<String, Operator> OPERATORS =
      Map.of(
          "In", Operator.IN,
          "NotIn", Operator.NOT_IN,
          "Exists", Operator.EXISTS,
          "DoesNotExist", Operator.DOES_NOT_EXIST);

  private static final Map<String, UtilizationFilter.Metric> METRICS =
      Map.of(
          "active-requests", UtilizationFilter.Metric.ACTIVE_REQUESTS,
          "running-requests", UtilizationFilter.Metric.RUNNING_REQUESTS,
          "waiting-queue", UtilizationFilter.Metric.WAITING_QUEUE,
          "kv-cache-utilization", UtilizationFilter.Metric.KV_CACHE_UTILIZATION);

  private FilterTypes() {}

  static List<PluginType> all() {
    return List.of(
        selector(LabelSelectorFilter.TYPE),
        selector(BY_LABEL_SELECTOR)
            .warning("is deprecated: the type is called " + LabelSelectorFilter.TYPE),
        PluginType.of(
                FILTER,
                LabelFilter.TYPE,
                "keeps endpoints whose label has one of the values",
                (values, parts) ->
                    new LabelFilter(
                        LabelFilter.TYPE,
                        values.text("label"),
                        Set.copyOf(values.texts("validValues")),
                        values.flag("allowsNoLabel")),
                required("label", Shape.text(), "the label"),
                optional("validValues", new Shape.Texts(), "values that stay"),
                usual("allowsNoLabel", new Shape.Flag(), "false", "whether those without it stay"))
            .warning("is deprecated: " + LabelSelectorFilter.TYPE + " does it"),
        PluginType.of(
            FILTER,
            LabelFilter.DECODE,
            "keeps endpoints that decode, and those without a role",
            (values, parts) -> LabelFilter.decode()),
        PluginType.of(
            FILTER,
            LabelFilter.PREFILL,
            "keeps endpoints that prefill",
            (values, parts) -> LabelFilter.prefill()),
        PluginType.of(
            FILTER,
            LabelFilter.ENCODE,
            "keeps endpoints that encode",
            (values, parts) -> LabelFilter.encode()),
        prefixAffinity(),
        PluginType.of(
                FILTER,
                UtilizationFilter.TYPE,
                "keeps endpoints none of whose metrics is above its bound",
                (values, parts) ->
                    new UtilizationFilter(conditions(values), values.flag("fallbackOnEmpty")),
                required(
                    "conditions",
                    new Shape.Groups(
                        List.of(
                            required(
                                "metric",
                                Shape.oneOf(
                                    METRICS.keySet().stream().sorted().toArray(String[]::new)),
                                "what is bounded"),
                            required("maxValue", new Shape.Decimal(0, UNBOUNDED), "its bound"))),
                    "the bounds"),
                usual(
                    "fallbackOnEmpty",
                    new Shape.Flag(),
                    "false",
                    "whether all stay where none is within its bounds"))
            .experimental(),
        PluginType.of(
                FILTER,
                SessionAffinity.FILTER,
                "keeps the endpoint that the request's session is bound to",
                (values, parts) -> SessionTypes.make(SessionAffinity.FILTER, values, parts),
                SessionTypes.parameters())
            .experimental(),
        PluginType.of(
            FILTER,
            HeaderTestingFilter.TYPE,
            "keeps the endpoints that the request names in header " + HeaderTestingFilter.HEADER,
            (values, parts) -> new HeaderTestingFilter()),
        utilizationDetector(),
        concurrencyDetector());
  }

  private static PluginType selector(String type) {
    return PluginType.of(
        FILTER,
        type,
        "keeps endpoints that a Kubernetes label selector matches",
        (values, parts) -> new LabelSelectorFilter(requirements(values)),
        optional("matchLabels", new Shape.TextMap(), "labels and their values"),
        optional(
            "matchExpressions",
            new Shape.Groups(
                List.of(
                    required("key", Shape.text(), "the label"),
                    required(
                        "operator",
                        Shape.oneOf("In", "NotIn", "Exists", "DoesNotExist"),
                        "relation to the values"),
                    optional("values", new Shape.Texts(), "the values"))),
            "further requirements"));
  }

  private static List<Requirement> requirements(Values values) {
    List<Requirement> requirements = new ArrayList<>();
    values
        .textMap("matchLabels")
        .forEach(
            (label, value) -> requirements.add(new Requirement(label, Operator.IN, Set.of(value))));
    for (var each : values.groups("matchExpressions")) {
      requirements.add(
          new Requirement(
              each.text("key"),
              OPERATORS.getOrDefault(each.text("operator"), Operator.EXISTS),
              Set.copyOf(each.texts("values"))));
    }
    return requirements;
  }

  /** What is wrong with a filter by labels beyond its shape; empty for nothing. */
  static String complaint(Plugin plugin) {
    var values = plugin.parameters();
    return switch (plugin.type().name()) {
      case LabelSelectorFilter.TYPE, BY_LABEL_SELECTOR -> complaint(values);
      case LabelFilter.TYPE ->
          values.texts("validValues").isEmpty()
                  && values.has("allowsNoLabel")
                  && !values.flag("allowsNoLabel")
              ? "validValues is empty, so that no endpoint stays"
              : "";
      default -> "";
    };
  }

  /** As Kubernetes has it: some operators need values, the others must not have any. */
  private static String complaint(Values selector) {
    var expressions = selector.groups("matchExpressions");
    for (int i = 0; i < expressions.size(); i++) {
      var operator = expressions.get(i).optionalText("operator");
      boolean takes = "In".equals(operator) || "NotIn".equals(operator);
      boolean given = !expressions.get(i).texts("values").isEmpty();
      if (operator != null && takes != given) {
        return "matchExpressions[%d]: %s %s values"
            .formatted(i, operator, takes ? "needs" : "takes no");
      }
    }
    return "";
  }

  private static List<UtilizationFilter.Condition> conditions(Values values) {
    List<UtilizationFilter.Condition> conditions = new ArrayList<>();
    for (var each : values.groups("conditions")) {
      var metric = METRICS.get(each.text("metric"));
      if (metric != null) {
        conditions.add(new UtilizationFilter.Condition(metric, each.number("maxValue")));
      }
    }
    return conditions;
  }

  private static PluginType prefixAffinity() {
    return PluginType.of(
        FILTER,
        PrefixCacheAffinityFilter.TYPE,
        "keeps the endpoints that hold most of the prompt, unless others answer much sooner",
        (values, parts) ->
            new PrefixCacheAffinityFilter(
                ProducerTypes.match(parts, values.text(ScorerTypes.MATCH_PRODUCER.name())),
                values.number("affinityThreshold"),
                values.number("explorationProbability"),
                values.number("maxTTFTPenaltyMs"),
                values.text("ttftSource").equals("latencyPredictor")
                    ? PrefixCacheAffinityFilter.PREDICTED
                    : values.number("peakPrefillThroughput")),
        usual("affinityThreshold", new Shape.Decimal(-1, 1), "0.8", "share of the prompt; 0: off"),
        usual("explorationProbability", new Shape.Decimal(0, 1), "0", "how often all stay"),
        usual(
            "maxTTFTPenaltyMs",
            new Shape.Decimal(0, UNBOUNDED),
            "18000",
            "how much sooner others must answer; 0: never enough"),
        usual(
            "ttftSource",
            Shape.oneOf("prefillThroughput", "latencyPredictor"),
            "prefillThroughput",
            "of the estimate"),
        usual(
            "peakPrefillThroughput",
            new Shape.Decimal(1e-3, UNBOUNDED),
            "15928",
            "tokens a second of a prefill"),
        ScorerTypes.MATCH_PRODUCER,
        usual(
            "inFlightLoadProducerName",
            new Shape.Ref(ProducerTypes.IN_FLIGHT),
            "",
            "whose counts are read"),
        ignored("latencyPredictionInfoProducerName", "a time to first token has no settings"));
  }

  private static PluginType utilizationDetector() {
    return PluginType.of(
            SATURATION_DETECTOR,
            UtilizationDetector.TYPE,
            "as a filter keeps endpoints below both thresholds; all where none is",
            (values, parts) ->
                new UtilizationDetector(
                    values.number("queueDepthThreshold"),
                    values.number("kvCacheUtilThreshold"),
                    values.number("headroom"),
                    values.nanos("metricsStalenessThreshold"),
                    staleness(values.text("stalenessPolicy"))),
            usual("queueDepthThreshold", new Shape.Decimal(1e-3, MANY), "5", "waiting requests"),
            usual(
                "kvCacheUtilThreshold", new Shape.Decimal(1e-6, 1), "0.8", "used KV cache, 0 to 1"),
            usual(
                "metricsStalenessThreshold",
                new Shape.Time(),
                "200ms",
                "age of stale metrics, and never less than 1s or three scrapes"),
            usual("headroom", new Shape.Decimal(0, MANY), "0", "share added to both thresholds"),
            usual(
                "stalenessPolicy",
                Shape.oneOf("inFlight", "saturated", "ignore"),
                "inFlight",
                "what is thought of an endpoint whose metrics are stale"))
        .and(FILTER);
  }

  static UtilizationDetector.Staleness staleness(String word) {
    return switch (word) {
      case "saturated" -> UtilizationDetector.Staleness.SATURATED;
      case "ignore" -> UtilizationDetector.Staleness.IGNORE;
      default -> UtilizationDetector.Staleness.IN_FLIGHT;
    };
  }

  private static PluginType concurrencyDetector() {
    return PluginType.of(
            SATURATION_DETECTOR,
            ConcurrencyDetector.TYPE,
            "as a filter keeps endpoints with less in flight from here than a bound",
            (values, parts) ->
                new ConcurrencyDetector(
                    mode(values.text("concurrencyMode")),
                    values.whole("maxConcurrency"),
                    values.whole("maxTokenConcurrency"),
                    values.number("headroom")),
            usual("maxConcurrency", new Shape.Whole(1, MANY), "100", "requests"),
            usual("headroom", new Shape.Decimal(0, MANY), "0", "share added to the bounds"),
            usual(
                "concurrencyMode",
                Shape.oneOf("requests", "tokens", "hybrid"),
                "requests",
                "what is counted"),
            usual(
                "maxTokenConcurrency",
                new Shape.Whole(1, Long.MAX_VALUE),
                "1000000",
                "tokens that wait for their prefill"),
            usual(
                "inFlightLoadProducerName",
                new Shape.Ref(ProducerTypes.IN_FLIGHT),
                "",
                "whose counts are read"))
        .and(FILTER);
  }

  static ConcurrencyDetector.Mode mode(String word) {
    return switch (word) {
      case "tokens" -> ConcurrencyDetector.Mode.TOKENS;
      case "hybrid" -> ConcurrencyDetector.Mode.HYBRID;
      default -> ConcurrencyDetector.Mode.REQUESTS;
    };
  }
}
