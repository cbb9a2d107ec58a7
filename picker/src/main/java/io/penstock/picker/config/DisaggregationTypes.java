package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.deprecated;
import static io.penstock.picker.config.Parameter.ignored;
import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.refused;
import static io.penstock.picker.config.Parameter.usual;
import static io.penstock.picker.config.PluginKind.DECIDER;
import static io.penstock.picker.config.PluginKind.PROFILE_HANDLER;
import static io.penstock.picker.config.PluginKind.REQUEST_CONTROL;

import io.penstock.picker.schedule.plugins.DisaggProfileHandler;
import io.penstock.picker.schedule.plugins.DisaggregationDecider;
import io.penstock.picker.schedule.plugins.PrefixBasedDecider;
import io.penstock.picker.schedule.plugins.Topology;
import io.penstock.picker.schedule.plugins.TopologyAffinityFilter;
import io.penstock.picker.schedule.plugins.TopologyAffinityScorer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What divides requests between two endpoints, by name. Stateless. */
final class DisaggregationTypes {

  private static final long MANY = 1_000_000_000;
  private static final String PREFILL_FIRST = "prefill-first";
  private static final String DECODE = "decode";
  private static final String PREFILL = "prefill";
  private static final String TOPOLOGY = "topology-extractor";

  private static final String ENCODE =
      "images are encoded where the prompt is computed, and no other endpoint is asked to";
  private static final String TOLD =
      "has no effect: the sidecar is told of the prefill in any case";

  /** Older names of the members of {@code profiles} and {@code deciders}. */
  private static final List<String> FLAT =
      List.of("decodeProfile", "prefillProfile", "prefillDeciderPluginName", "deciderPluginName");

  private DisaggregationTypes() {}

  static List<PluginType> all() {
    return List.of(
        handler(),
        olderHandler(),
        PluginType.of(
            DECIDER,
            DisaggregationDecider.ALWAYS_TYPE,
            "has every prompt computed on another endpoint",
            (values, parts) -> DisaggregationDecider.ALWAYS),
        PluginType.of(
            DECIDER,
            DisaggregationDecider.MULTIMODAL_TYPE,
            "has prompts with images, audio or video computed on another endpoint",
            (values, parts) -> DisaggregationDecider.MULTIMODAL),
        PluginType.of(
            DECIDER,
            PrefixBasedDecider.TYPE,
            "has prompts computed elsewhere of which much is missing where they are answered",
            (values, parts) ->
                new PrefixBasedDecider(
                    ProducerTypes.match(parts, ""),
                    values.whole("nonCachedTokens"),
                    values.whole("promptTokens")),
            usual(
                "nonCachedTokens",
                new Shape.Whole(0, MANY),
                "0",
                "least number of missing tokens; 0: nothing is divided"),
            usual("promptTokens", new Shape.Whole(0, MANY), "0", "least length; 0: no bound")),
        PluginType.builtIn(
            REQUEST_CONTROL,
            "disagg-headers-handler",
            "tells the sidecar of the prefill",
            TOLD,
            ignored("prefillProfile", "the profile handler knows it"),
            ignored("encodeProfile", ENCODE)),
        PluginType.builtIn(
            REQUEST_CONTROL,
            "prefill-header-handler",
            "tells the sidecar of the prefill",
            TOLD,
            ignored("prefillProfile", "the profile handler knows it")),
        PluginType.of(
                PluginKind.SCORER,
                TopologyAffinityScorer.TYPE,
                "prefers endpoints near the one of the request's other leg, by labels of the pods",
                (values, parts) -> new TopologyAffinityScorer(),
                topologyProducer())
            .experimental(),
        PluginType.of(
                PluginKind.FILTER,
                TopologyAffinityFilter.TYPE,
                "keeps endpoints near the one of the request's other leg, all where none is",
                (values, parts) ->
                    new TopologyAffinityFilter(
                        Topology.valueOf(values.text("minAffinity").toUpperCase(Locale.ROOT))),
                usual(
                    "minAffinity",
                    Shape.oneOf("host", "rack", "zone", "region"),
                    "host",
                    "the farthest that stays"),
                topologyProducer())
            .experimental(),
        PluginType.builtIn(
                PluginKind.EXTRACTOR, TOPOLOGY, "reads labels of pods that say where they are", "")
            .experimental(),
        PluginType.builtIn(
            PluginKind.DATA_SOURCE,
            "endpoint-notification-source",
            "tells of endpoints that come and go",
            ""));
  }

  private static Parameter topologyProducer() {
    return usual(
        "topologyProducerName", new Shape.Ref(TOPOLOGY), "", "whose record of places counts");
  }

  private static PluginType handler() {
    return PluginType.of(
        PROFILE_HANDLER,
        DisaggProfileHandler.TYPE,
        "picks an endpoint that answers and, where a decider says so, another that prefills",
        (values, parts) -> make(DisaggProfileHandler.TYPE, values, parts),
        usual("stageOrder", Shape.oneOf("decode-first", PREFILL_FIRST), "decode-first", "of picks"),
        optional(
            "profiles",
            new Shape.Group(
                List.of(
                    usual(DECODE, Shape.text(), DECODE, "of endpoints that answer"),
                    usual(PREFILL, Shape.text(), PREFILL, "of endpoints that prefill"),
                    ignored("encode", ENCODE))),
            "names of the profiles"),
        optional(
            "deciders",
            new Shape.Group(
                List.of(
                    optional(PREFILL, Shape.text(), "of the prefill; without one there is none"),
                    refused("encode", ENCODE))),
            "names of the plugins that decide"),
        deprecated("decodeProfile", Shape.text(), "profiles.decode"),
        deprecated("prefillProfile", Shape.text(), "profiles.prefill"),
        ignored("encodeProfile", ENCODE),
        deprecated("prefillDeciderPluginName", Shape.text(), "deciders.prefill"),
        deprecated("deciderPluginName", Shape.text(), "deciders.prefill"),
        refused("encodeDeciderPluginName", ENCODE));
  }

  private static PluginType olderHandler() {
    return PluginType.of(
            PROFILE_HANDLER,
            DisaggProfileHandler.OLDER_TYPE,
            "picks an endpoint that answers, then by its decider another that prefills",
            (values, parts) -> make(DisaggProfileHandler.OLDER_TYPE, values, parts),
            usual("decodeProfile", Shape.text(), DECODE, "of endpoints that answer"),
            usual("prefillProfile", Shape.text(), PREFILL, "of endpoints that prefill"),
            usual(
                "deciderPluginName",
                Shape.text(),
                PrefixBasedDecider.TYPE,
                "name of the plugin that decides"),
            ignored("prefixPluginType", "the decider knows whose record of prefixes counts"),
            ignored("prefixPluginName", "the decider knows whose record of prefixes counts"),
            ignored("primaryPort", "each rank of a pod is an endpoint that is sent to directly"))
        .warning("is deprecated: the type is called " + DisaggProfileHandler.TYPE);
  }

  private static DisaggProfileHandler make(String type, Values values, Parts parts) {
    var decider = decider(values);
    return new DisaggProfileHandler(
        type,
        prefillFirst(values),
        parts.profiles().indexOf(profile(values, DECODE)),
        parts.profiles().indexOf(profile(values, PREFILL)),
        decider == null ? null : (DisaggregationDecider) parts.plugin(decider),
        parts::handOverNanos);
  }

  private static boolean prefillFirst(Values values) {
    return PREFILL_FIRST.equals(values.optionalText("stageOrder"));
  }

  /** Name of the profile of a stage. */
  private static String profile(Values values, String stage) {
    var older = values.optionalText(stage + "Profile");
    var profiles = values.group("profiles");
    if (older != null) {
      return older.isEmpty() ? stage : older;
    }
    return profiles == null ? stage : profiles.text(stage);
  }

  /** Name of the decider of the prefill, null where there is none. */
  private static @Nullable String decider(Values values) {
    var deciders = values.group("deciders");
    var name = deciders == null ? null : deciders.optionalText(PREFILL);
    for (var older : List.of("prefillDeciderPluginName", "deciderPluginName")) {
      name = name == null ? values.optionalText(older) : name;
    }
    return name == null || name.isEmpty() ? null : name;
  }

  static boolean isHandler(Plugin plugin) {
    var type = plugin.type().name();
    return type.equals(DisaggProfileHandler.TYPE) || type.equals(DisaggProfileHandler.OLDER_TYPE);
  }

  /** Notes what is wrong with a handler among these profiles. */
  static void check(
      Plugin handler,
      YamlMapping place,
      List<String> profiles,
      PluginSection plugins,
      List<ConfigError> warnings) {
    var values = handler.parameters();
    boolean nested = values.has("profiles") || values.has("deciders");
    if (nested && FLAT.stream().anyMatch(values::has)) {
      place.error("parameters", "profiles and deciders stand beside their older names");
      return;
    }
    var decode = profile(values, DECODE);
    if (!profiles.contains(decode)) {
      place.error("type", "no profile is called '" + decode + "', for endpoints that answer");
    }
    var prefill = profile(values, PREFILL);
    var decider = decider(values);
    if (decider != null) {
      checkDecider(place, decider, plugins);
    }
    boolean prefills = profiles.contains(prefill);
    if (prefillFirst(values) && decider != null) {
      place.error("parameters", "a prefill that comes first has no decider");
    } else if (prefillFirst(values) && !prefills) {
      place.error("type", "no profile is called '" + prefill + "', for the prefill that is first");
    } else if (decider != null && !prefills) {
      warnings.add(place.at("type", "no profile is called '" + prefill + "': nothing is divided"));
    } else if (decider == null && prefills && !prefillFirst(values)) {
      warnings.add(place.at("type", "has no decider of prefills: nothing is divided"));
    }
    for (var profile : profiles) {
      if (!profile.equals(decode) && !profile.equals(prefill)) {
        warnings.add(place.at("type", "profile '" + profile + "' is of no stage that is run"));
      }
    }
  }

  private static void checkDecider(YamlMapping place, String name, PluginSection plugins) {
    if (!plugins.names().contains(name)) {
      place.error(
          "parameters",
          "no plugin is called '%s', to decide%s"
              .formatted(name, Suggestion.didYouMean(name, plugins.names())));
      return;
    }
    var decider = plugins.named(name);
    if (decider != null && !decider.type().is(DECIDER)) {
      place.error(
          "parameters", "'%s' is a %s and no decider".formatted(name, decider.type().name()));
    }
  }
}
