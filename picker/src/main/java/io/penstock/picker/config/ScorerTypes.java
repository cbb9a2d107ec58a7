package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.deprecated;
import static io.penstock.picker.config.Parameter.ignored;
import static io.penstock.picker.config.Parameter.required;
import static io.penstock.picker.config.Parameter.usual;
import static io.penstock.picker.config.PluginKind.SCORER;

import io.penstock.picker.schedule.plugins.ActiveRequestScorer;
import io.penstock.picker.schedule.plugins.ContextLengthAware;
import io.penstock.picker.schedule.plugins.HeaderLabelAffinityScorer;
import io.penstock.picker.schedule.plugins.KvCacheUtilizationScorer;
import io.penstock.picker.schedule.plugins.LoadAwareScorer;
import io.penstock.picker.schedule.plugins.LoraAffinityScorer;
import io.penstock.picker.schedule.plugins.NoHitLruScorer;
import io.penstock.picker.schedule.plugins.PrefixCacheScorer;
import io.penstock.picker.schedule.plugins.QueueScorer;
import io.penstock.picker.schedule.plugins.RunningRequestsScorer;
import io.penstock.picker.schedule.plugins.SessionAffinity;
import io.penstock.picker.schedule.plugins.TokenLoadScorer;
import java.util.List;
import java.util.Locale;

/** The scorers, by name. Stateless. */
final class ScorerTypes {

  private static final int MANY = 1_000_000;

  static final Parameter MATCH_PRODUCER =
      usual(
          "prefixMatchInfoProducerName",
          new Shape.Ref(ProducerTypes.APPROX_PREFIX),
          "",
          "whose record of prefixes counts");

  private static final Parameter LOAD_PRODUCER =
      usual(
          "inFlightLoadProducerName",
          new Shape.Ref(ProducerTypes.IN_FLIGHT),
          "",
          "whose counts are read");

  private ScorerTypes() {}

  static List<PluginType> all() {
    return List.of(
        PluginType.of(
            SCORER,
            QueueScorer.TYPE,
            "fewer waiting requests are better, between the least and the most of the candidates",
            (values, parts) -> new QueueScorer()),
        PluginType.of(
            SCORER,
            RunningRequestsScorer.TYPE,
            "fewer running requests are better, between the least and the most of the candidates",
            (values, parts) -> new RunningRequestsScorer()),
        PluginType.of(
            SCORER,
            KvCacheUtilizationScorer.TYPE,
            "the free share of the KV cache",
            (values, parts) -> new KvCacheUtilizationScorer()),
        PluginType.of(
            SCORER,
            LoadAwareScorer.TYPE,
            "half a point for an empty queue, nothing from the threshold on",
            (values, parts) -> new LoadAwareScorer(values.count("threshold")),
            usual("threshold", new Shape.Whole(1, MANY), "128", "waiting requests that score 0")),
        PluginType.of(
            SCORER,
            LoraAffinityScorer.TYPE,
            "1 where the adapter is loaded, 0.8 where there is room, 0.6 where it is waited for",
            (values, parts) -> new LoraAffinityScorer()),
        PluginType.of(
            SCORER,
            PrefixCacheScorer.TYPE,
            "the matched share of the prompt, and its length",
            (values, parts) ->
                new PrefixCacheScorer(
                    ProducerTypes.match(parts, values.text(MATCH_PRODUCER.name())),
                    values.number("matchLengthWeight"),
                    values.number("matchLengthScaleTokens")),
            MATCH_PRODUCER,
            usual(
                "matchLengthWeight",
                new Shape.Decimal(0, 1),
                "0",
                "how much the length counts beside the share"),
            usual(
                "matchLengthScaleTokens",
                new Shape.Decimal(1, Double.POSITIVE_INFINITY),
                "8192",
                "matched tokens whose length counts in full")),
        PluginType.of(
            SCORER,
            NoHitLruScorer.TYPE,
            "spreads requests that no endpoint holds anything of, the longest unused first",
            (values, parts) ->
                new NoHitLruScorer(
                    ProducerTypes.match(parts, ProducerTypes.matchName(values)),
                    values.count("lruSize")),
            usual("lruSize", new Shape.Whole(1, MANY), "1024", "endpoints that are remembered"),
            MATCH_PRODUCER,
            deprecated(
                "prefixPluginType",
                Shape.oneOf(PrefixCacheScorer.TYPE, ProducerTypes.APPROX_PREFIX),
                MATCH_PRODUCER.name()),
            deprecated("prefixPluginName", Shape.text(), MATCH_PRODUCER.name())),
        PluginType.of(
            SCORER,
            ActiveRequestScorer.TYPE,
            "fewer requests in flight from here are better",
            (values, parts) ->
                new ActiveRequestScorer(
                    values.count("idleThreshold"), values.number("maxBusyScore")),
            usual(
                "idleThreshold", new Shape.Whole(0, MANY), "0", "requests up to which it is idle"),
            usual("maxBusyScore", new Shape.Decimal(0, 1), "1", "most that a busy one scores"),
            LOAD_PRODUCER,
            ignored("requestTimeout", "a request counts until it has ended")),
        PluginType.of(
            SCORER,
            TokenLoadScorer.TYPE,
            "fewer tokens that wait for their prefill are better",
            (values, parts) -> new TokenLoadScorer(values.whole("queueThresholdTokens")),
            usual(
                "queueThresholdTokens",
                new Shape.Whole(1, Long.MAX_VALUE),
                "4194304",
                "tokens that score 0"),
            LOAD_PRODUCER),
        PluginType.of(
                SCORER,
                ContextLengthAware.TYPE,
                "prefers endpoints whose label has the prompt's length in its range",
                (values, parts) ->
                    new ContextLengthAware(values.text("label"), values.flag("enableFiltering")),
                usual("label", Shape.text(), ContextLengthAware.LABEL, "label that holds min-max"),
                usual(
                    "enableFiltering",
                    new Shape.Flag(),
                    "false",
                    "whether endpoints out of range are dropped"))
            .and(PluginKind.FILTER),
        PluginType.of(
                SCORER,
                SessionAffinity.SCORER,
                "1 for the endpoint that the request's session is bound to",
                (values, parts) -> SessionTypes.make(SessionAffinity.SCORER, values, parts),
                SessionTypes.parameters())
            .experimental(),
        PluginType.of(
                SCORER,
                HeaderLabelAffinityScorer.TYPE,
                "1 for endpoints whose label has the value of a header",
                (values, parts) ->
                    new HeaderLabelAffinityScorer(
                        values.text("headerName").toLowerCase(Locale.ROOT),
                        values.text("labelKey")),
                required("headerName", new Shape.Header(), "the header"),
                required("labelKey", Shape.text(), "the label"))
            .experimental());
  }
}
