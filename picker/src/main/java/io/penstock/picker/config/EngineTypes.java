package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.required;
import static io.penstock.picker.config.Parameter.usual;

import io.penstock.picker.signals.EngineSettings;
import io.penstock.picker.signals.EngineSpec;
import io.penstock.picker.signals.MetricSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The extractor of metrics: which engines there are, what their metrics are called, and which one
 * an endpoint runs. Stateless.
 */
final class EngineTypes {

  static final String METRICS_EXTRACTOR = "core-metrics-extractor";

  private static final String LABEL_KEY = "engineLabelKey";
  private static final String DEFAULT_ENGINE = "defaultEngine";
  private static final String ENGINES = "engineConfigs";
  private static final String CUSTOM = "customMetrics";
  private static final String ATTRIBUTE = "attributeKey";
  private static final String METRIC = "metricSpec";

  /** Name that llm-d keeps for the default engine. */
  private static final String RESERVED = "default";

  private EngineTypes() {}

  static PluginType extractor() {
    return PluginType.builtIn(
        PluginKind.EXTRACTOR,
        METRICS_EXTRACTOR,
        "understands the metrics of vLLM, SGLang, TensorRT-LLM and Triton, and of engines that are"
            + " described to it",
        "",
        usual(
            LABEL_KEY, Shape.text(), EngineSettings.LABEL, "label that names an endpoint's engine"),
        usual(DEFAULT_ENGINE, Shape.text(), EngineSettings.ENGINE, "engine of those without it"),
        optional(ENGINES, new Shape.Groups(engine()), "further engines; a known name replaces it"));
  }

  private static List<Parameter> engine() {
    return List.of(
        required("name", Shape.text(), "value of the label"),
        metric("queuedRequestsSpec", "requests that wait"),
        metric("runningRequestsSpec", "requests that run"),
        metric("kvUsageSpec", "used share of the KV cache"),
        metric("loraSpec", "adapters, in labels as vLLM has them"),
        metric("cacheInfoSpec", "the cache's shape, in labels"),
        usual(
            "cacheBlockSizeLabelName",
            Shape.text(),
            EngineSpec.BLOCK_SIZE,
            "its label with the tokens of a block"),
        usual(
            "cacheNumBlocksLabelName",
            Shape.text(),
            EngineSpec.NUM_BLOCKS,
            "its label with the number of blocks"),
        metric("cacheBlockSizeSpec", "tokens of a block, as a value"),
        metric("cacheNumBlocksSpec", "number of blocks, as a value"),
        optional(
            CUSTOM,
            new Shape.Groups(
                List.of(
                    required(ATTRIBUTE, Shape.text(), "name of the attribute"),
                    required(METRIC, new Shape.Metric(), "its metric; several series are summed"))),
            "what plugins look at, up to " + EngineSettings.MAX_ATTRIBUTES + " names in all"));
  }

  private static Parameter metric(String name, String doc) {
    return optional(name, new Shape.Metric(), doc);
  }

  /** What the parameters of the extractor say; they have been checked. */
  static EngineSettings settings(Values values) {
    List<EngineSpec> own = new ArrayList<>();
    for (var engine : values.groups(ENGINES)) {
      own.add(
          new EngineSpec(
              engine.text("name"),
              spec(engine, "queuedRequestsSpec"),
              spec(engine, "runningRequestsSpec"),
              spec(engine, "kvUsageSpec"),
              spec(engine, "loraSpec"),
              new EngineSpec.Cache(
                  spec(engine, "cacheInfoSpec"),
                  orElse(engine.text("cacheBlockSizeLabelName"), EngineSpec.BLOCK_SIZE),
                  orElse(engine.text("cacheNumBlocksLabelName"), EngineSpec.NUM_BLOCKS),
                  spec(engine, "cacheBlockSizeSpec"),
                  spec(engine, "cacheNumBlocksSpec")),
              engine.groups(CUSTOM).stream()
                  .map(
                      each ->
                          new EngineSpec.Custom(
                              each.text(ATTRIBUTE), MetricSpec.parse(each.text(METRIC))))
                  .toList()));
    }
    return new EngineSettings(
        orElse(values.text(LABEL_KEY), EngineSettings.LABEL),
        orElse(values.text(DEFAULT_ENGINE), EngineSettings.ENGINE),
        EngineSettings.withBuiltIn(own));
  }

  private static @Nullable MetricSpec spec(Values values, String name) {
    var text = values.optionalText(name);
    return text == null || text.isEmpty() ? null : MetricSpec.parse(text);
  }

  private static String orElse(String text, String standard) {
    return text.isEmpty() ? standard : text;
  }

  /** Notes what of the extractor's parameters does not fit together. */
  static void check(@Nullable YamlMapping parameters, Values values) {
    if (parameters == null) {
      return;
    }
    Set<String> own = new HashSet<>();
    Set<String> attributes = new HashSet<>();
    var places = parameters.mappings(ENGINES);
    var engines = values.groups(ENGINES);
    for (int i = 0; i < engines.size(); i++) {
      checkName(places.get(i), engines.get(i), own);
      checkCustom(places.get(i), engines.get(i), attributes);
    }
    Set<String> known = new LinkedHashSet<>(EngineSettings.builtIn());
    known.addAll(own);
    var named = values.optionalText(DEFAULT_ENGINE);
    if (named != null && !named.isEmpty() && !known.contains(named)) {
      parameters.error(
          DEFAULT_ENGINE,
          "'%s' is unknown; allowed: %s%s"
              .formatted(named, String.join(", ", known), Suggestion.didYouMean(named, known)));
    }
  }

  private static void checkName(YamlMapping place, Values engine, Set<String> own) {
    var name = engine.optionalText("name");
    if (name == null) {
      return;
    }
    if (name.isEmpty()) {
      place.error("name", "is empty");
    } else if (name.equals(RESERVED)) {
      place.error("name", "'" + RESERVED + "' is reserved");
    } else if (!own.add(name)) {
      place.error("name", "'" + name + "' is the name of another");
    }
  }

  private static void checkCustom(YamlMapping place, Values engine, Set<String> attributes) {
    Set<String> here = new HashSet<>();
    var places = place.mappings(CUSTOM);
    var all = engine.groups(CUSTOM);
    for (int i = 0; i < all.size(); i++) {
      var name = all.get(i).optionalText(ATTRIBUTE);
      if ("".equals(name)) {
        places.get(i).error(ATTRIBUTE, "is empty");
      } else if (name != null && !here.add(name)) {
        places.get(i).error(ATTRIBUTE, "'" + name + "' is the name of another");
      } else if (name != null
          && attributes.add(name)
          && attributes.size() > EngineSettings.MAX_ATTRIBUTES) {
        places
            .get(i)
            .error(
                ATTRIBUTE,
                "'%s' is one attribute too many; allowed: up to %d of all engines"
                    .formatted(name, EngineSettings.MAX_ATTRIBUTES));
      }
      if ("".equals(all.get(i).optionalText(METRIC))) {
        places.get(i).error(METRIC, "is empty; allowed: " + new Shape.Metric().fits());
      }
    }
  }
}
