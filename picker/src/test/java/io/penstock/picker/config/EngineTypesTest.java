package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.signals.EngineSettings;
import io.penstock.picker.signals.EngineSpec;
import io.penstock.picker.signals.MetricSpec;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a configuration says of engines and of the attributes that plugins read. */
class EngineTypesTest {

  private static LoadedPicker load(String text) {
    return EndpointPickerLoader.load(
        "f.yaml", "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n" + text, true);
  }

  private static EndpointPickerConfig config(String text) {
    var loaded = load(text);
    assertThat(loaded).isInstanceOf(LoadedPicker.Valid.class);
    return ((LoadedPicker.Valid) loaded).config();
  }

  private static List<String> errors(String text) {
    var loaded = load(text);
    assertThat(loaded).isInstanceOf(LoadedPicker.Invalid.class);
    return ((LoadedPicker.Invalid) loaded).errors().stream().map(Object::toString).toList();
  }

  private static EngineSpec engine(EngineSettings settings, String name) {
    return settings.engines().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void without_an_extractor_the_built_in_engines_are_read_by_llm_ds_label() {
    assertThat(config("plugins: []\n").engines()).isEqualTo(EngineSettings.DEFAULT);
    assertThat(EndpointPickerConfig.llmdDefault().engines()).isEqualTo(EngineSettings.DEFAULT);
  }

  @Test
  void the_label_the_default_and_further_engines_are_set() {
    var engines =
        config(
                """
                plugins:
                  - type: core-metrics-extractor
                    parameters:
                      engineLabelKey: example.com/engine
                      defaultEngine: own
                      engineConfigs:
                        - name: own
                          queuedRequestsSpec: own_waiting
                          runningRequestsSpec: 'own_requests{state="running"}'
                          kvUsageSpec: own_cache_used
                          loraSpec: ""
                          cacheInfoSpec: own_cache
                          cacheBlockSizeLabelName: tokens
                          customMetrics:
                            - {attributeKey: heat, metricSpec: own_heat}
                """)
            .engines();

    assertThat(engines.labelKey()).isEqualTo("example.com/engine");
    assertThat(engines.defaultEngine()).isEqualTo("own");
    assertThat(engines.attributes()).containsExactly("heat");
    assertThat(engines.engines()).extracting(EngineSpec::name).contains("vllm", "own", "sglang");
    assertThat(engine(engines, "own"))
        .isEqualTo(
            new EngineSpec(
                "own",
                MetricSpec.parse("own_waiting"),
                MetricSpec.parse("own_requests{state=running}"),
                MetricSpec.parse("own_cache_used"),
                null,
                new EngineSpec.Cache(
                    MetricSpec.parse("own_cache"), "tokens", "num_gpu_blocks", null, null),
                List.of(new EngineSpec.Custom("heat", MetricSpec.parse("own_heat")))));
  }

  @Test
  void an_engine_of_a_known_name_replaces_the_built_in_one_whole() {
    var engines =
        config(
                """
                plugins:
                  - type: metrics-data-source
                  - name: mine
                    type: core-metrics-extractor
                    parameters:
                      engineConfigs: [{name: sglang, queuedRequestsSpec: my_queue}]
                dataLayer:
                  sources: [{pluginRef: metrics-data-source, extractors: [{pluginRef: mine}]}]
                """)
            .engines();

    assertThat(engine(engines, "sglang").queued()).isEqualTo(MetricSpec.parse("my_queue"));
    assertThat(engine(engines, "sglang").running()).isNull();
    assertThat(engine(engines, "vllm")).isEqualTo(engine(EngineSettings.DEFAULT, "vllm"));
    assertThat(engines.engines()).hasSameSizeAs(EngineSettings.DEFAULT.engines());
  }

  @Test
  void what_is_printed_says_the_same_engines_again() {
    var config =
        config(
            """
            plugins:
              - type: core-metrics-extractor
                parameters:
                  engineConfigs:
                    - name: own
                      queuedRequestsSpec: 'own_requests{state="a b",kind=c}'
                      customMetrics: [{attributeKey: a/b, metricSpec: 'own:heat{x=1}'}]
            """);
    var loaded = EndpointPickerLoader.load("printed", EndpointPickerPrinter.yaml(config), true);
    assertThat(loaded).isInstanceOf(LoadedPicker.Valid.class);
    assertThat(((LoadedPicker.Valid) loaded).config().engines()).isEqualTo(config.engines());
  }

  @Test
  void everything_that_does_not_fit_is_told_at_once_with_its_place() {
    assertThat(
            errors(
                """
                plugins:
                  - type: core-metrics-extractor
                    parameters:
                      defaultEngine: sglan
                      engineConfigs:
                        - {name: default}
                        - {name: a, queuedRequestSpec: x}
                        - {name: a, runningRequestsSpec: "x{y}"}
                        - queuedRequestsSpec: x
                        - name: b
                          customMetrics:
                            - {attributeKey: k, metricSpec: ""}
                            - {attributeKey: k, metricSpec: m}
                            - {attributeKey: l}
                """))
        .satisfiesExactlyInAnyOrder(
            each -> assertThat(each).contains("defaultEngine", "did you mean sglang"),
            each -> assertThat(each).contains("f.yaml:8:", "engineConfigs[0].name", "reserved"),
            each ->
                assertThat(each)
                    .contains(
                        "engineConfigs[1].queuedRequestSpec", "did you mean queuedRequestsSpec"),
            each -> assertThat(each).contains("engineConfigs[2].name", "the name of another"),
            each ->
                assertThat(each)
                    .contains("engineConfigs[2].runningRequestsSpec", "name{label=value}"),
            each -> assertThat(each).contains("engineConfigs[3].name", "is missing"),
            each -> assertThat(each).contains("customMetrics[0].metricSpec", "is empty"),
            each -> assertThat(each).contains("customMetrics[1].attributeKey", "name of another"),
            each -> assertThat(each).contains("customMetrics[2].metricSpec", "is missing"));
  }

  @Test
  void there_are_up_to_sixteen_attributes() {
    var metrics =
        IntStream.rangeClosed(1, 17)
            .mapToObj(i -> "{attributeKey: k%d, metricSpec: m}".formatted(i))
            .collect(Collectors.joining(", ", "[", "]"));
    assertThat(
            errors(
                "plugins: [{type: core-metrics-extractor, parameters: {engineConfigs:"
                    + " [{name: a, customMetrics: "
                    + metrics
                    + "}]}}]\n"))
        .singleElement()
        .asString()
        .contains("customMetrics[16].attributeKey", "'k17' is one attribute too many");
  }

  @Test
  void extractors_of_two_sources_are_told() {
    assertThat(
            errors(
                """
                plugins:
                  - type: metrics-data-source
                  - {name: other, type: metrics-data-source}
                  - {name: a, type: core-metrics-extractor}
                  - {name: b, type: core-metrics-extractor}
                dataLayer:
                  sources:
                    - {pluginRef: metrics-data-source, extractors: [{pluginRef: a}]}
                    - {pluginRef: other, extractors: [{pluginRef: b}]}
                """))
        .singleElement()
        .asString()
        .contains("a second core-metrics-extractor: an endpoint has one page");
  }

  @Test
  void plugins_name_attributes_that_the_extractor_has() {
    var extractor =
        """
        plugins:
          - type: core-metrics-extractor
            parameters:
              engineConfigs:
                - name: vllm
                  runningRequestsSpec: vllm:num_requests_running
                  customMetrics: [{attributeKey: depth, metricSpec: m}]
        """;
    assertThat(
            errors(
                extractor
                    + """
                      - type: endpoint-attribute-scorer
                        parameters:
                          attributeKey: dept
                          algorithm:
                            type: linear_lower_is_better
                            normalization: {fixedRange: {min: 2, max: 2}, adaptiveRange: {}}
                      - type: endpoint-attribute-filter
                        parameters:
                          attribute: depth
                          producer: dcgm-extractor
                          algorithm: {type: threshold, threshold: {operator: Less, value: 1}}
                    """))
        .satisfiesExactlyInAnyOrder(
            each -> assertThat(each).contains("attributeKey", "did you mean depth"),
            each -> assertThat(each).contains("normalization", "both are given"),
            each -> assertThat(each).contains("normalization", "min must be less than max"),
            each -> assertThat(each).contains("producer", "dcgm-extractor"),
            each -> assertThat(each).contains("algorithm.threshold.operator", "LessThan"));
    var config =
        config(
            extractor
                + """
                  - type: endpoint-attribute-filter
                    parameters:
                      attribute: depth
                      producer: core-metrics-extractor
                      algorithm: {type: threshold, threshold: {operator: LessThan, value: -1.5}}
                """);
    assertThat(config.engines().attributes()).containsExactly("depth");
    assertThat(
            errors(
                extractor
                    + """
                      - type: metrics-data-source
                      - {name: idle, type: core-metrics-extractor}
                      - type: endpoint-attribute-filter
                        parameters:
                          attribute: depth
                          producer: idle
                          algorithm: {type: threshold, threshold: {operator: LessThan, value: 1}}
                    dataLayer:
                      sources:
                        - pluginRef: metrics-data-source
                          extractors: [{pluginRef: core-metrics-extractor}]
                    """))
        .singleElement()
        .asString()
        .contains("producer", "'idle' is not the extractor of a source");
  }
}
