package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.required;
import static io.penstock.picker.config.Parameter.usual;

import io.penstock.picker.schedule.plugins.EndpointAttributeFilter;
import io.penstock.picker.schedule.plugins.EndpointAttributeFilter.Operator;
import io.penstock.picker.schedule.plugins.EndpointAttributeScorer;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The scorer and the filter by an attribute that a custom metric makes up. Stateless. */
final class AttributeTypes {

  private static final String LOWER = "linear_lower_is_better";
  private static final String HIGHER = "linear_higher_is_better";
  private static final String THRESHOLD = "threshold";
  private static final String ALGORITHM = "algorithm";
  private static final String NORMALIZATION = "normalization";
  private static final String FIXED = "fixedRange";
  private static final String ADAPTIVE = "adaptiveRange";
  private static final String PASS = "Pass";
  private static final double ANY = Double.POSITIVE_INFINITY;

  /** Parameter that names the attribute, by type. */
  private static final Map<String, String> KEYS =
      Map.of(
          EndpointAttributeScorer.TYPE, "attributeKey",
          EndpointAttributeFilter.TYPE, "attribute");

  private static final Map<String, Operator> OPERATORS =
      Map.of(
          "LessThan", Operator.LESS,
          "LessThanOrEqual", Operator.LESS_OR_EQUAL,
          "GreaterThan", Operator.GREATER,
          "GreaterThanOrEqual", Operator.GREATER_OR_EQUAL,
          "Equal", Operator.EQUAL,
          "NotEqual", Operator.NOT_EQUAL);

  private static final Parameter PRODUCER =
      usual("producer", new Shape.Ref(EngineTypes.METRICS_EXTRACTOR), "", "whose attribute it is");

  private AttributeTypes() {}

  static List<PluginType> all() {
    return List.of(scorer(), filter());
  }

  private static PluginType scorer() {
    return PluginType.of(
            PluginKind.SCORER,
            EndpointAttributeScorer.TYPE,
            "where an attribute lies between two bounds; nothing for an endpoint without it",
            (values, parts) -> scorer(values),
            required("attributeKey", Shape.text(), "a custom metric of " + PRODUCER.name()),
            PRODUCER,
            required(
                ALGORITHM,
                new Shape.Group(
                    List.of(
                        required("type", Shape.oneOf(LOWER, HIGHER), "which end is better"),
                        optional(
                            NORMALIZATION,
                            new Shape.Group(
                                List.of(
                                    optional(
                                        FIXED,
                                        new Shape.Group(
                                            List.of(
                                                required("min", any(), "lower bound"),
                                                required("max", any(), "upper bound"))),
                                        "bounds that are given"),
                                    optional(
                                        ADAPTIVE,
                                        new Shape.Group(List.of()),
                                        "the least and the most of the candidates, which is what"
                                            + " is meant without either"))),
                            "the bounds"))),
                "how it is scored"))
        .experimental();
  }

  private static Shape any() {
    return new Shape.Decimal(-ANY, ANY);
  }

  private static EndpointAttributeScorer scorer(Values values) {
    var algorithm = Objects.requireNonNull(values.group(ALGORITHM), "it is required");
    boolean lower = algorithm.text("type").equals(LOWER);
    var attribute = values.text("attributeKey");
    var fixed = fixed(algorithm);
    return fixed == null
        ? EndpointAttributeScorer.adaptive(attribute, lower)
        : EndpointAttributeScorer.fixed(attribute, lower, fixed.number("min"), fixed.number("max"));
  }

  private static @Nullable Values fixed(Values algorithm) {
    var normalization = algorithm.group(NORMALIZATION);
    return normalization == null ? null : normalization.group(FIXED);
  }

  private static PluginType filter() {
    return PluginType.of(
            PluginKind.FILTER,
            EndpointAttributeFilter.TYPE,
            "keeps endpoints whose attribute compares so with a value",
            (values, parts) -> filter(values),
            required("attribute", Shape.text(), "a custom metric of " + PRODUCER.name()),
            PRODUCER,
            usual("onMissing", Shape.oneOf(PASS, "Fail"), PASS, "what those without it do"),
            usual("fallbackOnEmpty", new Shape.Flag(), "false", "whether all stay where none does"),
            required(
                ALGORITHM,
                new Shape.Group(
                    List.of(
                        required("type", Shape.oneOf(THRESHOLD), "the only one"),
                        required(
                            THRESHOLD,
                            new Shape.Group(
                                List.of(
                                    required(
                                        "operator",
                                        Shape.oneOf(
                                            "LessThan",
                                            "LessThanOrEqual",
                                            "GreaterThan",
                                            "GreaterThanOrEqual",
                                            "Equal",
                                            "NotEqual"),
                                        "of those that stay"),
                                    required("value", any(), "the value"))),
                            "the comparison"))),
                "how it is compared"))
        .experimental();
  }

  private static EndpointAttributeFilter filter(Values values) {
    var algorithm = Objects.requireNonNull(values.group(ALGORITHM), "it is required");
    var threshold = Objects.requireNonNull(algorithm.group(THRESHOLD), "it is required");
    return new EndpointAttributeFilter(
        values.text("attribute"),
        Objects.requireNonNull(OPERATORS.get(threshold.text("operator")), "it was checked"),
        threshold.number("value"),
        values.text("onMissing").equals(PASS),
        values.flag("fallbackOnEmpty"));
  }

  /**
   * Notes what of a plugin's parameters does not fit the extractor, or one another.
   *
   * @param plugins names of all; others are noted elsewhere
   * @param attributes names of those that the extractor has
   */
  static void check(
      YamlMapping place,
      Plugin plugin,
      Plugin extractor,
      Collection<String> plugins,
      List<String> attributes) {
    var key = KEYS.get(plugin.type().name());
    var parameters = key == null ? null : place.mapping("parameters");
    if (key == null || parameters == null) {
      return;
    }
    var values = plugin.parameters();
    var attribute = values.optionalText(key);
    if (attribute != null && !attributes.contains(attribute)) {
      parameters.error(
          key,
          "no custom metric of '%s' is called '%s'; there %s%s"
              .formatted(
                  extractor.name(),
                  attribute,
                  attributes.isEmpty() ? "are none" : "are " + String.join(", ", attributes),
                  Suggestion.didYouMean(attribute, attributes)));
    }
    var producer = values.optionalText(PRODUCER.name());
    if (producer != null && plugins.contains(producer) && !producer.equals(extractor.name())) {
      parameters.error(PRODUCER.name(), "'" + producer + "' is not the extractor of a source");
    }
    checkRange(parameters.mapping(ALGORITHM), values.group(ALGORITHM));
  }

  private static void checkRange(@Nullable YamlMapping place, @Nullable Values algorithm) {
    var normalization = algorithm == null ? null : algorithm.group(NORMALIZATION);
    if (place == null || normalization == null) {
      return;
    }
    var fixed = normalization.group(FIXED);
    if (fixed != null && normalization.has(ADAPTIVE)) {
      place.error(NORMALIZATION, "both are given; allowed: one of " + FIXED + ", " + ADAPTIVE);
    }
    if (fixed != null
        && fixed.has("min")
        && fixed.has("max")
        && fixed.number("min") >= fixed.number("max")) {
      place.error(NORMALIZATION, FIXED + ": min must be less than max");
    }
  }
}
