package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.deprecated;
import static io.penstock.picker.config.Parameter.ignored;
import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.usual;
import static io.penstock.picker.config.PluginKind.DECIDER;
import static io.penstock.picker.config.PluginKind.PROFILE_HANDLER;
import static io.penstock.picker.config.PluginKind.REQUEST_CONTROL;

import io.penstock.picker.schedule.plugins.DisaggProfileHandler;
import io.penstock.picker.schedule.plugins.DisaggregationDecider;
import io.penstock.picker.schedule.plugins.EncodeDecider;
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

  private static final String ENCODE = "encode";
  private static final String TOLD =
      "has no effect: the sidecar is told of the prefill in any case";

  /** Older names of the members of {@code profiles} and {@code deciders}. */
  private static final List<String> FLAT =
      List.of(
          "decodeProfile",
          "prefillProfile",
          "encodeProfile",
          "prefillDeciderPluginName",
          "deciderPluginName",
          "encodeDeciderPluginName");

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
            "has prompts with images, audio or video computed on another endpoint, or these encoded"
                + " on others",
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
            "tells the sidecar of the other endpoints",
            TOLD,
            ignored("prefillProfile", "the profile handler knows it"),
            ignored("encodeProfile", "the profile handler knows it")),
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
        "picks an endpoint that answers and, where deciders say so, another that prefills and"
            + " others that encode images, audio and video, which llm-d's sidecar is told by"
            + " header; penstock serve has no encode stage",
        (values, parts) -> make(DisaggProfileHandler.TYPE, values, parts),
        usual("stageOrder", Shape.oneOf("decode-first", PREFILL_FIRST), "decode-first", "of picks"),
        optional(
            "profiles",
            new Shape.Group(
                List.of(
                    usual(DECODE, Shape.text(), DECODE, "of endpoints that answer"),
                    usual(PREFILL, Shape.text(), PREFILL, "of endpoints that prefill"),
                    usual(ENCODE, Shape.text(), ENCODE, "of endpoints that encode"))),
            "names of the profiles"),
        optional(
            "deciders",
            new Shape.Group(
                List.of(
                    optional(PREFILL, Shape.text(), "of the prefill; without one there is none"),
                    optional(ENCODE, Shape.text(), "of the encode stage, likewise"))),
            "names of the plugins that decide"),
        deprecated("decodeProfile", Shape.text(), "profiles.decode"),
        deprecated("prefillProfile", Shape.text(), "profiles.prefill"),
        deprecated("encodeProfile", Shape.text(), "profiles.encode"),
        deprecated("prefillDeciderPluginName", Shape.text(), "deciders.prefill"),
        deprecated("deciderPluginName", Shape.text(), "deciders.prefill"),
        deprecated("encodeDeciderPluginName", Shape.text(), "deciders.encode"));
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
    var decider = decider(values, PREFILL);
    return new DisaggProfileHandler(
        type,
        prefillFirst(values),
        parts.profiles().indexOf(profile(values, DECODE)),
        parts.profiles().indexOf(profile(values, PREFILL)),
        decider == null ? null : (DisaggregationDecider) parts.plugin(decider),
        encoding(values, parts),
        parts::handOverNanos);
  }

  /** The encode stage; null where it has no profile or no decider. */
  private static DisaggProfileHandler.@Nullable Encoding encoding(Values values, Parts parts) {
    int profile = parts.profiles().indexOf(profile(values, ENCODE));
    var decider = decider(values, ENCODE);
    if (profile < 0 || decider == null) {
      return null;
    }
    return new DisaggProfileHandler.Encoding(
        profile,
        parts.destinations(profile),
        parts.plugin(decider).equals(DisaggregationDecider.MULTIMODAL)
            ? EncodeDecider.MULTIMODAL
            : EncodeDecider.ALWAYS);
  }

  private static boolean prefillFirst(Values values) {
    return PREFILL_FIRST.equals(values.optionalText("stageOrder"));
  }

  /** Name of the profile of a stage; the usual one where what the file gives is wrong. */
  private static String profile(Values values, String stage) {
    var older = values.optionalText(stage + "Profile");
    var profiles = values.group("profiles");
    if (older != null) {
      return older.isEmpty() ? stage : older;
    }
    return profiles == null || !profiles.has(stage) ? stage : profiles.text(stage);
  }

  /** Name of the decider of a stage, null where there is none. */
  private static @Nullable String decider(Values values, String stage) {
    var deciders = values.group("deciders");
    var name = deciders == null ? null : deciders.optionalText(stage);
    name = name == null ? values.optionalText(stage + "DeciderPluginName") : name;
    if (name == null && stage.equals(PREFILL)) {
      name = values.optionalText("deciderPluginName");
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
    var decider = decider(values, PREFILL);
    if (decider != null) {
      checkDecider(place, decider, plugins);
    }
    boolean encodes = handler.type().name().equals(DisaggProfileHandler.TYPE);
    if (encodes) {
      checkEncoding(values, place, profiles, plugins, warnings);
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
      boolean encode = encodes && profile.equals(profile(values, ENCODE));
      if (!profile.equals(decode) && !profile.equals(prefill) && !encode) {
        warnings.add(place.at("type", "profile '" + profile + "' is of no stage that is run"));
      }
    }
  }

  private static void checkEncoding(
      Values values,
      YamlMapping place,
      List<String> profiles,
      PluginSection plugins,
      List<ConfigError> warnings) {
    var profile = profile(values, ENCODE);
    var decider = decider(values, ENCODE);
    boolean encodes = profiles.contains(profile);
    if (decider == null) {
      if (encodes) {
        warnings.add(place.at("type", "has no decider of encoding: no other endpoint encodes"));
      }
      return;
    }
    checkDecider(place, decider, plugins);
    var plugin = plugins.named(decider);
    if (plugin != null && plugin.type().name().equals(PrefixBasedDecider.TYPE)) {
      place.error(
          "parameters",
          "'%s' decides by what is cached of a prompt, which says nothing of images"
              .formatted(decider));
    }
    if (!encodes) {
      warnings.add(
          place.at("type", "no profile is called '" + profile + "': no other endpoint encodes"));
    }
  }

  /** Name of the profile of those who answer, null where requests are never divided. */
  static @Nullable String decodeProfile(Plugin handler) {
    return isHandler(handler) ? profile(handler.parameters(), DECODE) : null;
  }

  /** Name of the profile of a handler's encode stage, null where it has no such stage. */
  static @Nullable String encodeProfile(Plugin handler) {
    var values = handler.parameters();
    return isHandler(handler) && decider(values, ENCODE) != null ? profile(values, ENCODE) : null;
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
