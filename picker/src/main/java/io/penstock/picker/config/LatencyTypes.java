package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.ignored;
import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.usual;
import static io.penstock.picker.config.PluginKind.FILTER;
import static io.penstock.picker.config.PluginKind.PRODUCER;
import static io.penstock.picker.config.PluginKind.REQUEST_CONTROL;
import static io.penstock.picker.config.PluginKind.SCORER;

import io.penstock.picker.schedule.plugins.LatencyHeadroom;
import io.penstock.picker.schedule.plugins.LatencyScorer;
import io.penstock.picker.schedule.plugins.LatencySloAdmitter;
import io.penstock.picker.schedule.plugins.SloHeadroomTierFilter;
import java.util.List;

/** Plugins that go by predicted latency, by name; the predictions are our own. Stateless. */
final class LatencyTypes {

  static final String PRODUCER_TYPE = "predicted-latency-producer";

  /** Whose predictions a plugin reads. */
  static final Parameter PREDICTIONS =
      usual(
          "latencyPredictionInfoProducerName",
          new Shape.Ref(PRODUCER_TYPE),
          "",
          "whose settings count");

  private static final String ALWAYS_THERE = "every endpoint has a prediction";
  private static final String OWN_MODEL = "predictions are the gateway's own, no sidecar is asked";

  private LatencyTypes() {}

  static List<PluginType> all() {
    return List.of(
        PluginType.of(
            SCORER,
            LatencyScorer.TYPE,
            "how the predicted latency of an endpoint stands to the one that is asked for",
            (values, parts) ->
                new LatencyScorer(
                    headroom(values, parts),
                    values.number("ttftWeight"),
                    values.number("tpotWeight"),
                    values.text("headroomSelectionStrategy").equals("most")),
            usual("ttftWeight", weight(), "0.8", "how much the time to first token counts"),
            usual("tpotWeight", weight(), "0.2", "how much the time per output token counts"),
            usual(
                "headroomSelectionStrategy",
                Shape.oneOf("least", "most"),
                "least",
                "which headroom is best among those that have any"),
            ignored("compositeKVWeight", ALWAYS_THERE),
            ignored("compositeQueueWeight", ALWAYS_THERE),
            ignored("compositePrefixWeight", ALWAYS_THERE),
            ignored("prefixMatchInfoProducerName", ALWAYS_THERE),
            PREDICTIONS),
        PluginType.of(
            FILTER,
            SloHeadroomTierFilter.TYPE,
            "keeps endpoints whose predicted latency is within what is asked for, all where none is",
            (values, parts) ->
                new SloHeadroomTierFilter(
                    headroom(values, parts), values.number("epsilonExploreNeg")),
            usual(
                "epsilonExploreNeg", new Shape.Decimal(0, 1), "0.01", "how often the others stay"),
            PREDICTIONS),
        PluginType.of(
            REQUEST_CONTROL,
            LatencySloAdmitter.TYPE,
            "refuses requests of negative priority that ask for latencies which no endpoint is"
                + " predicted to keep, while all are at work",
            (values, parts) -> new LatencySloAdmitter(headroom(values, parts)),
            PREDICTIONS),
        PluginType.builtIn(
            PRODUCER,
            PRODUCER_TYPE,
            "predicts latencies by the rates that are measured",
            "",
            usual(
                "sloBufferFactor",
                new Shape.Decimal(0, 1_000),
                "1",
                "of the time per output token that is asked for"),
            usual(
                "streamingMode",
                new Shape.Flag(),
                "false",
                "whether the time per output token counts"),
            optional(
                "endpointRoleLabel",
                Shape.text(),
                "label; where it says prefill, no output token is waited for"),
            ignored("contextTTL", OWN_MODEL),
            ignored("predictInProduce", OWN_MODEL),
            ignored("useEncoderCacheFeatures", OWN_MODEL),
            ignored("samplingMean", OWN_MODEL),
            ignored("maxDecodeTokenSamplesForPrediction", OWN_MODEL),
            ignored("prefixMatchInfoProducerName", OWN_MODEL),
            ignored("inFlightLoadProducerName", OWN_MODEL)));
  }

  private static Shape weight() {
    return new Shape.Decimal(0, 1_000_000);
  }

  /** By the settings of the producer that a plugin names. */
  static LatencyHeadroom headroom(Values values, Parts parts) {
    var producer = parts.producer(PRODUCER_TYPE, values.text(PREDICTIONS.name()));
    return new LatencyHeadroom(
        producer.number("sloBufferFactor"),
        producer.flag("streamingMode"),
        producer.optionalText("endpointRoleLabel"));
  }
}
