package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.ignored;
import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.required;
import static io.penstock.picker.config.Parameter.usual;
import static io.penstock.picker.config.PluginKind.FAIRNESS_POLICY;
import static io.penstock.picker.config.PluginKind.ORDERING_POLICY;
import static io.penstock.picker.config.PluginKind.REQUEST_CONTROL;
import static io.penstock.picker.config.PluginKind.USAGE_LIMIT_POLICY;

import io.penstock.picker.flow.Detector;
import io.penstock.picker.flow.Fairness;
import io.penstock.picker.flow.Ordering;
import io.penstock.picker.flow.ProbabilisticAdmitter;
import io.penstock.picker.flow.UsageLimit;
import io.penstock.picker.schedule.plugins.UtilizationDetector;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The policies of flow control, admitters and what names a flow, by name. Stateless. */
final class FlowTypes {

  static final String AGENT_IDENTITY = "agent-identity";

  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final double MANY = 1_000_000;
  private static final long LONGEST_SECONDS = 10_000_000;
  private static final String EVICTION =
      "is what eviction does in any case: flowControl.enableEviction";

  /** Headers that agents name their sessions in. */
  private static final List<String> SESSIONS =
      List.of("x-claude-code-session-id", "x-session-affinity", "session-id", "session_id");

  private FlowTypes() {}

  static List<PluginType> all() {
    return List.of(
        ordering(Ordering.FCFS, "first come, first served"),
        ordering(Ordering.EDF, "who may wait no longer goes first, those without a bound last"),
        ordering(
            Ordering.SLO_DEADLINE,
            "whose client wants the first token soonest, by header x-llm-d-slo-ttft-ms, goes first,"
                + " those that do not say last"),
        PluginType.builtIn(
            FAIRNESS_POLICY, Fairness.GlobalStrict.TYPE, "one order over all flows of a band", ""),
        PluginType.builtIn(
            FAIRNESS_POLICY, Fairness.RoundRobin.TYPE, "one request of each flow in turn", ""),
        PluginType.builtIn(
            FAIRNESS_POLICY,
            Fairness.ProgramAware.TYPE,
            "the flow that was served least of late, and waits the longest, goes first",
            "",
            usual("strategy", Shape.oneOf("las"), "las", "least attained service"),
            usual(
                "evictionTtlSeconds",
                new Shape.Whole(1, LONGEST_SECONDS),
                "3600",
                "how long a flow is remembered"),
            ignored("evictionSweepSeconds", "what is too old is looked for every 30 s"),
            usual("lasWeightService", new Shape.Decimal(0, MANY), "0.8", "of the service had"),
            usual("lasWeightHeadWait", new Shape.Decimal(0, MANY), "0.2", "of the wait"),
            usual(
                "lasHalfLifeSeconds",
                new Shape.Decimal(0, LONGEST_SECONDS),
                "60",
                "in which service had counts half; 0: always in full")),
        PluginType.builtIn(
            USAGE_LIMIT_POLICY,
            UsageLimit.Fixed.TYPE,
            "every band goes on below one saturation of the pool",
            "",
            usual("threshold", new Shape.Decimal(0, 1_000), "1", "that saturation")),
        PluginType.builtIn(
                USAGE_LIMIT_POLICY,
                UsageLimit.Holdback.TYPE,
                "the less important a band, the lower the saturation up to which it goes on",
                "",
                required("minCeiling", new Shape.Decimal(0, 1), "of the least important band"),
                usual("maxCeiling", new Shape.Decimal(0, 1), "1", "of the most important one"),
                usual("shape", Shape.oneOf("linear"), "linear", "between them"),
                usual(
                    "domain",
                    Shape.oneOf("rank", "value"),
                    "rank",
                    "whether ranks or the priorities themselves are compared"))
            .experimental(),
        PluginType.builtIn(
                USAGE_LIMIT_POLICY,
                UsageLimit.SoftReflective.TYPE,
                "all but the most important band go on the less, the more saturated the pool is",
                "")
            .experimental(),
        PluginType.builtIn(
                REQUEST_CONTROL,
                "sheddable-eviction-filter",
                "requests of negative priority may be evicted",
                EVICTION)
            .experimental(),
        PluginType.builtIn(
                REQUEST_CONTROL,
                "priority-then-time-eviction-order-policy",
                "the least important is evicted first, of equals the newest",
                EVICTION)
            .experimental(),
        PluginType.builtIn(
                REQUEST_CONTROL,
                AGENT_IDENTITY,
                "a request that names no flow is of the flow that its session header names",
                "",
                optional(
                    "additionalSessionHeaders",
                    new Shape.Texts(),
                    "looked at before " + String.join(", ", SESSIONS)))
            .experimental(),
        PluginType.builtIn(
            REQUEST_CONTROL,
            ProbabilisticAdmitter.TYPE,
            "refuses requests of negative priority with a probability that grows with the load",
            "",
            usual("queueDepthThreshold", new Shape.Decimal(1e-3, 1e9), "5", "waiting requests"),
            usual("kvCacheUtilThreshold", new Shape.Decimal(1e-6, 1), "0.8", "used KV cache"),
            usual("power", new Shape.Decimal(0, 1_000), "5", "how steeply"),
            usual("k", new Shape.Decimal(0, 1e9), "300", "how early")));
  }

  private static PluginType ordering(Ordering ordering, String doc) {
    return PluginType.builtIn(ORDERING_POLICY, ordering.type(), doc, "");
  }

  static Ordering orderingOf(Plugin plugin) {
    for (var ordering : Ordering.values()) {
      if (ordering.type().equals(plugin.type().name())) {
        return ordering;
      }
    }
    throw new IllegalStateException(plugin.name() + " is no ordering policy");
  }

  static Fairness fairnessOf(Plugin plugin) {
    var values = plugin.parameters();
    return switch (plugin.type().name()) {
      case Fairness.RoundRobin.TYPE -> new Fairness.RoundRobin();
      case Fairness.ProgramAware.TYPE ->
          new Fairness.ProgramAware(
              values.number("lasWeightService"),
              values.number("lasWeightHeadWait"),
              Math.round(values.number("lasHalfLifeSeconds") * NANOS_PER_SECOND),
              values.whole("evictionTtlSeconds") * NANOS_PER_SECOND);
      default -> new Fairness.GlobalStrict();
    };
  }

  static UsageLimit limitOf(Plugin plugin) {
    var values = plugin.parameters();
    return switch (plugin.type().name()) {
      case UsageLimit.Holdback.TYPE ->
          new UsageLimit.Holdback(
              values.number("minCeiling"),
              values.number("maxCeiling"),
              values.text("domain").equals("value"));
      case UsageLimit.SoftReflective.TYPE -> new UsageLimit.SoftReflective();
      default -> new UsageLimit.Fixed(values.number("threshold"));
    };
  }

  static Detector detectorOf(Plugin plugin) {
    var values = plugin.parameters();
    return plugin.type().name().equals(UtilizationDetector.TYPE)
        ? new Detector.Utilization(
            values.number("queueDepthThreshold"),
            values.number("kvCacheUtilThreshold"),
            values.nanos("metricsStalenessThreshold"),
            FilterTypes.staleness(values.text("stalenessPolicy")))
        : new Detector.Concurrency(
            FilterTypes.mode(values.text("concurrencyMode")),
            values.whole("maxConcurrency"),
            values.whole("maxTokenConcurrency"));
  }

  /** The admitters among plugins. */
  static List<ProbabilisticAdmitter> admitters(List<Plugin> plugins) {
    List<ProbabilisticAdmitter> admitters = new ArrayList<>();
    for (var plugin : plugins) {
      if (plugin.type().name().equals(ProbabilisticAdmitter.TYPE)) {
        var values = plugin.parameters();
        admitters.add(
            new ProbabilisticAdmitter(
                values.number("queueDepthThreshold"),
                values.number("kvCacheUtilThreshold"),
                values.number("power"),
                values.number("k")));
      }
    }
    return admitters;
  }

  /** Headers that name flows, of all the plugins together. */
  static List<String> identityHeaders(List<Plugin> plugins) {
    List<String> headers = new ArrayList<>();
    for (var plugin : plugins) {
      if (plugin.type().name().equals(AGENT_IDENTITY)) {
        for (var header : plugin.parameters().texts("additionalSessionHeaders")) {
          headers.add(header.toLowerCase(Locale.ROOT));
        }
        headers.addAll(SESSIONS);
      }
    }
    return headers;
  }
}
