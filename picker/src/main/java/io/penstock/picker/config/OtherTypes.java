package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.usual;
import static io.penstock.picker.config.PluginKind.PICKER;
import static io.penstock.picker.config.PluginKind.PROFILE_HANDLER;

import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.schedule.plugins.DataParallelProfileHandler;
import io.penstock.picker.schedule.plugins.HeaderProfileHandler;
import io.penstock.picker.schedule.plugins.MaxScorePicker;
import io.penstock.picker.schedule.plugins.RandomPicker;
import io.penstock.picker.schedule.plugins.SingleProfileHandler;
import io.penstock.picker.schedule.plugins.WeightedRandomPicker;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Pickers and profile handlers, by name. Stateless. */
final class OtherTypes {

  static final String SINGLE_HANDLER = SingleProfileHandler.TYPE;

  /** Profile handlers that run one profile. */
  static final Set<String> OF_ONE_PROFILE = Set.of(SINGLE_HANDLER, DataParallelProfileHandler.TYPE);

  static final String DESTINATIONS = "maxNumOfEndpoints";

  private static final int MOST_DESTINATIONS = 4;
  private static final double MOST_WEIGHT = 1_000_000;

  private OtherTypes() {}

  static List<PluginType> all() {
    var usual = CostWeights.DEFAULT;
    return List.of(
        picker(
            MaxScorePicker.TYPE,
            "picks the greatest weighted sum; among equals the least busy",
            (values, parts) -> new MaxScorePicker()),
        picker(RandomPicker.TYPE, "picks at random", (values, parts) -> new RandomPicker()),
        picker(
            WeightedRandomPicker.TYPE,
            "picks at random in proportion to the weighted sum",
            (values, parts) -> new WeightedRandomPicker()),
        PluginType.of(
            PICKER,
            ExpectedCostPicker.TYPE,
            "picks the least expected cost in seconds; Penstock's own, scorers count for nothing",
            (values, parts) ->
                parts.expectedCost(
                    new CostWeights(
                        values.number("loadPrice"),
                        values.number("poolStall"),
                        values.number("memoryPrice"),
                        values.number("eviction"),
                        values.number("decode"),
                        values.number("stall"),
                        values.number("queueStall"))),
            weight("loadPrice", usual.loadPrice(), "how fast compute gets dearer under load"),
            weight("poolStall", usual.poolStall(), "how much dearer by each decode of the pool"),
            weight("memoryPrice", usual.memoryPrice(), "how much dearer where memory is short"),
            weight("eviction", usual.eviction(), "how much evicted cache counts"),
            weight("decode", usual.decode(), "how much the slow-down of decodes counts"),
            weight("stall", usual.stall(), "how much a decode counts that waits for a prefill"),
            weight("queueStall", usual.queueStall(), "the same of a request ahead of this one")),
        PluginType.of(
            PROFILE_HANDLER,
            SINGLE_HANDLER,
            "runs the one profile",
            (values, parts) -> new SingleProfileHandler()),
        PluginType.of(
                PROFILE_HANDLER,
                DataParallelProfileHandler.TYPE,
                "runs the one profile; a gateway sends to one port of the picked pod, with the rank"
                    + " in header x-data-parallel-host-port",
                (values, parts) -> new DataParallelProfileHandler(values.count("primaryPort")),
                usual(
                    "primaryPort",
                    new Shape.Whole(1, 65_535),
                    "8000",
                    "that port; penstock serve sends to the rank itself"))
            .warning("is deprecated: each rank can be sent to directly"),
        PluginType.of(
                PROFILE_HANDLER,
                HeaderProfileHandler.TYPE,
                "runs the profile that a header names",
                (values, parts) ->
                    new HeaderProfileHandler(
                        values.text("headerName").toLowerCase(Locale.ROOT),
                        values.text("defaultProfile"),
                        parts.profiles()),
                usual("headerName", new Shape.Header(), "EPP-Profile", "the header"),
                usual("defaultProfile", Shape.text(), "decode", "the profile without the header"))
            .experimental());
  }

  private static PluginType picker(String type, String doc, PluginType.Maker maker) {
    return PluginType.of(
        PICKER,
        type,
        doc,
        maker,
        usual(
            DESTINATIONS,
            new Shape.Whole(1, MOST_DESTINATIONS),
            "1",
            "endpoints named to a gateway, the best first"));
  }

  private static Parameter weight(String name, double standard, String doc) {
    return usual(name, new Shape.Decimal(0, MOST_WEIGHT), String.valueOf(standard), doc);
  }
}
