package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.schedule.plugins.DisaggProfileHandler;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What llm-d's files mean, and what is wrong with those that are. */
class EndpointPickerLoaderTest {

  /** Types that cannot stand alone: with a parameter of two, or with profiles of that name. */
  private static final Set<String> NEEDS_OTHERS =
      Set.of(ProducerTypes.SESSION_ID, DisaggProfileHandler.TYPE, DisaggProfileHandler.OLDER_TYPE);

  private static final String HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";

  private static EndpointPickerConfig valid(String body) {
    return valid(body, false).config();
  }

  private static LoadedPicker.Valid valid(String body, boolean experimental) {
    var loaded = EndpointPickerLoader.load("epp.yaml", HEAD + body, experimental);
    assertThat(loaded).isInstanceOf(LoadedPicker.Valid.class);
    return (LoadedPicker.Valid) loaded;
  }

  private static List<String> warnings(String body) {
    return valid(body, false).warnings().stream().map(ConfigError::toString).toList();
  }

  private static List<String> errors(String body) {
    return errorsOf(HEAD + body);
  }

  private static List<String> errorsOf(String text) {
    var loaded = EndpointPickerLoader.load("epp.yaml", text, false);
    assertThat(loaded).isInstanceOf(LoadedPicker.Invalid.class);
    return ((LoadedPicker.Invalid) loaded).errors().stream().map(ConfigError::toString).toList();
  }

  private static List<String> members(ProfileConfig profile) {
    return profile.plugins().stream()
        .map(
            member ->
                member.plugin().name()
                    + (member.plugin().type().is(PluginKind.SCORER) ? "=" + member.weight() : ""))
        .toList();
  }

  private static List<String> names(EndpointPickerConfig config) {
    return config.plugins().stream().map(Plugin::name).toList();
  }

  @Nested
  class Defaults {

    @Test
    void llm_d_s_own_default_is_queue_2_kv_2_prefix_3() {
      var config = EndpointPickerConfig.llmdDefault();
      assertThat(config.profiles()).hasSize(1);
      assertThat(members(config.profiles().getFirst()))
          .containsExactly(
              "queue-scorer=2.0",
              "kv-cache-utilization-scorer=2.0",
              "prefix-cache-scorer=3.0",
              "max-score-picker");
    }

    @Test
    void without_profiles_one_holds_every_filter_scorer_and_picker_in_the_order_of_the_file() {
      var config =
          valid(
              """
              plugins:
                - type: prefix-cache-scorer
                - {name: mine, type: decode-filter}
                - type: random-picker
                - type: single-profile-handler
                - type: queue-scorer
              """);
      assertThat(config.profiles()).extracting(ProfileConfig::name).containsExactly("default");
      assertThat(members(config.profiles().getFirst()))
          .containsExactly("prefix-cache-scorer=1.0", "mine", "random-picker", "queue-scorer=1.0");
    }

    @Test
    void one_profile_without_a_handler_gets_the_single_one() {
      assertThat(valid("plugins: [{type: queue-scorer}]\n").profileHandler().name())
          .isEqualTo("single-profile-handler");
    }

    @Test
    void a_profile_without_a_picker_gets_the_first_there_is_else_max_score() {
      var body =
          """
          plugins: [{type: queue-scorer}%s]
          schedulingProfiles: [{name: p, plugins: [{pluginRef: queue-scorer}]}]
          """;
      assertThat(members(valid(body.formatted("")).profiles().getFirst()))
          .containsExactly("queue-scorer=1.0", "max-score-picker");
      assertThat(
              members(
                  valid(body.formatted(", {name: r, type: random-picker}")).profiles().getFirst()))
          .containsExactly("queue-scorer=1.0", "r");
    }

    @Test
    void a_scorer_without_a_weight_counts_once_and_weights_may_be_anything() {
      var config =
          valid(
              """
              plugins: [{type: queue-scorer}, {type: load-aware-scorer}]
              schedulingProfiles:
                - name: p
                  plugins: [{pluginRef: queue-scorer}, {pluginRef: load-aware-scorer, weight: -2.5}]
              """);
      assertThat(members(config.profiles().getFirst()))
          .startsWith("queue-scorer=1.0", "load-aware-scorer=-2.5");
    }

    @Test
    void detector_parsers_and_source_of_metrics_are_added_where_absent() {
      var config = valid("plugins: [{type: queue-scorer}]\n");
      assertThat(config.saturationDetector().name()).isEqualTo("utilization-detector");
      assertThat(config.parsers())
          .extracting(Plugin::name)
          .containsExactly(
              "openai-parser", "anthropic-parser", "vllmhttp-parser", "passthrough-parser");
      assertThat(config.sources()).hasSize(1);
      assertThat(config.sources().getFirst())
          .extracting(Plugin::name)
          .containsExactly("metrics-data-source", "core-metrics-extractor");
    }

    @Test
    void an_explicit_list_of_parsers_gets_no_others() {
      var config =
          valid(
              """
              plugins: [{type: openai-parser}]
              requestHandler: {parsers: [{pluginRef: openai-parser}]}
              """);
      assertThat(config.parsers()).extracting(Plugin::name).containsExactly("openai-parser");
    }

    @Test
    void producers_that_plugins_read_are_added() {
      assertThat(names(valid("plugins: [{type: prefix-cache-scorer}]\n")))
          .contains("approx-prefix-cache-producer", "token-producer");
      assertThat(names(valid("plugins: [{type: token-load-scorer}]\n")))
          .contains("inflight-load-producer");
      assertThat(names(valid("plugins: [{type: queue-scorer}]\n")))
          .doesNotContain("approx-prefix-cache-producer", "inflight-load-producer");
    }

    @Test
    void producers_of_deciders_and_of_predictions_are_added() {
      assertThat(names(valid("plugins: [{type: prefix-based-pd-decider}]\n")))
          .contains("approx-prefix-cache-producer", "token-producer");
      assertThat(names(valid("plugins: [{type: latency-scorer}]\n")))
          .contains("predicted-latency-producer");
    }

    @Test
    void a_source_of_other_data_does_not_stand_in_for_metrics() {
      var body =
          """
          plugins: [{type: models-data-source}, {type: models-data-extractor}]
          dataLayer:
            injectDefaults: %s
            sources:
              - {pluginRef: models-data-source, extractors: [{pluginRef: models-data-extractor}]}
          """;
      assertThat(valid(body.formatted("true")).sources()).hasSize(2);
      assertThat(valid(body.formatted("false")).sources()).hasSize(1);
    }

    @Test
    void parameters_that_are_not_given_have_llm_d_s_defaults() {
      var config = valid("plugins: [{type: load-aware-scorer}, {type: prefix-cache-scorer}]\n");
      assertThat(config.plugins().getFirst().parameters().count("threshold")).isEqualTo(128);
      assertThat(config.plugins().get(1).parameters().number("matchLengthScaleTokens"))
          .isEqualTo(8192);
    }
  }

  @Nested
  class OlderNames {

    @Test
    void the_older_api_version_is_taken_with_a_warning() {
      var loaded =
          EndpointPickerLoader.load(
              "epp.yaml",
              "apiVersion: inference.networking.x-k8s.io/v1alpha1\nkind: EndpointPickerConfig\n",
              false);
      assertThat(((LoadedPicker.Valid) loaded).warnings())
          .singleElement()
          .hasToString(
              "epp.yaml:1:13: apiVersion: 'inference.networking.x-k8s.io/v1alpha1' is deprecated:"
                  + " llm-d.ai/v1alpha1");
    }

    @Test
    void detector_and_parser_at_the_top_are_folded_in() {
      var body =
          """
          plugins: [{type: concurrency-detector}, {type: openai-parser}, {type: max-score-picker}]
          schedulingProfiles: [{name: p, plugins: []}]
          saturationDetector: {pluginRef: concurrency-detector}
          parser: {pluginRef: openai-parser}
          """;
      assertThat(valid(body).saturationDetector().name()).isEqualTo("concurrency-detector");
      assertThat(valid(body).parsers()).extracting(Plugin::name).containsExactly("openai-parser");
      assertThat(warnings(body))
          .anyMatch(warning -> warning.contains("deprecated: flowControl.saturationDetector"))
          .anyMatch(warning -> warning.contains("deprecated: requestHandler.parsers"));
    }

    @Test
    void the_detector_of_flow_control_wins_over_the_one_at_the_top() {
      var config =
          valid(
              """
              plugins: [{type: concurrency-detector}, {type: utilization-detector}]
              schedulingProfiles: [{name: p, plugins: []}]
              saturationDetector: {pluginRef: concurrency-detector}
              flowControl: {saturationDetector: {pluginRef: utilization-detector}}
              """);
      assertThat(config.saturationDetector().name()).isEqualTo("utilization-detector");
    }

    @Test
    void older_names_of_stages_and_deciders_are_taken_with_a_warning() {
      for (var decider : List.of("deciderPluginName", "prefillDeciderPluginName")) {
        assertThat(
                warnings(
                    """
          plugins:
            - type: disagg-profile-handler
              parameters: {decodeProfile: d, prefillProfile: p, %s: always-disagg-pd-decider}
            - type: always-disagg-pd-decider
            - type: disagg-headers-handler
          schedulingProfiles: [{name: d, plugins: []}, {name: p, plugins: []}]
          """
                        .formatted(decider)))
            .anyMatch(warning -> warning.contains("decodeProfile: is deprecated: profiles.decode"))
            .anyMatch(warning -> warning.contains(decider + ": is deprecated: deciders.prefill"))
            .anyMatch(warning -> warning.contains("the sidecar is told of the prefill"))
            .noneMatch(warning -> warning.contains("nothing is divided"));
      }
    }

    @Test
    void an_encode_stage_has_a_profile_and_a_decider_under_new_and_older_names() {
      for (var parameters :
          List.of(
              "{profiles: {encode: e}, deciders: {encode: always-disagg-multimodal-decider}}",
              "{encodeProfile: e, encodeDeciderPluginName: always-disagg-multimodal-decider}")) {
        var config =
            valid(
                """
                plugins:
                  - {type: disagg-profile-handler, parameters: %s}
                  - type: always-disagg-multimodal-decider
                  - {type: max-score-picker, parameters: {maxNumOfEndpoints: 4}}
                  - {type: random-picker}
                schedulingProfiles:
                  - {name: decode, plugins: [{pluginRef: random-picker}]}
                  - {name: e, plugins: [{pluginRef: max-score-picker}]}
                """
                    .formatted(parameters));
        assertThat(config.encodes()).isTrue();
        assertThat(config.destinations()).as("of whole requests").isEqualTo(1);
      }
      assertThat(
              warnings(
                  """
                  plugins:
                    - {type: disagg-profile-handler, parameters: {deciders: {encode: always-disagg-multimodal-decider}}}
                    - type: always-disagg-multimodal-decider
                  schedulingProfiles: [{name: decode, plugins: []}]
                  """))
          .anyMatch(warning -> warning.contains("no profile is called 'encode'"));
    }

    @Test
    void a_handler_that_divides_nothing_says_so() {
      assertThat(
              warnings(
                  """
                  plugins: [{type: disagg-profile-handler}]
                  schedulingProfiles:
                    - {name: decode, plugins: []}
                    - {name: prefill, plugins: []}
                    - {name: encode, plugins: []}
                  """))
          .anyMatch(warning -> warning.contains("has no decider of prefills"))
          .anyMatch(warning -> warning.contains("has no decider of encoding"));
      assertThat(
              warnings(
                  """
                  plugins:
                    - {type: pd-profile-handler, parameters: {deciderPluginName: always-disagg-pd-decider}}
                    - type: always-disagg-pd-decider
                  schedulingProfiles: [{name: decode, plugins: []}]
                  """))
          .anyMatch(warning -> warning.contains("is deprecated: the type is called"))
          .anyMatch(warning -> warning.contains("no profile is called 'prefill': nothing"));
    }

    @Test
    void older_names_of_types_and_parameters_are_taken_with_a_warning() {
      assertThat(
              warnings(
                  """
                  plugins:
                    - type: by-label-selector
                    - {type: approx-prefix-cache-producer, parameters: {blockSize: 16}}
                  """))
          .anyMatch(warning -> warning.contains("label-selector-filter"))
          .anyMatch(warning -> warning.contains("blockSizeTokens"));
    }
  }

  /** Each text is one wrong line, each expectation what is said of it. */
  @Nested
  class Errors {

    @ParameterizedTest
    @CsvSource(
        delimiterString = " => ",
        quoteCharacter = '"',
        value = {
          "plugin: [] => 3:1: plugin: unknown key; did you mean plugins?",
          "plugins: [{name: a}] => plugins[0].type: is missing",
          "plugins: [{type: queue-scorer}, {type: queue-scorer}] => plugins[1].type: 'queue-scorer'"
              + " is the name of another",
          "plugins: [{type: queu-scorer}] => plugins[0].type: 'queu-scorer' is unknown; did you"
              + " mean queue-scorer?",
          "plugins: [{type: file-discovery}] => 'file-discovery' is not supported",
          "plugins: [{type: disagg-profile-handler}] => no profile is called 'decode', for endpoints"
              + " that answer",
          "plugins: [{type: queue-scorer, parameters: {x: 1}}] => plugins[0].parameters.x: unknown"
              + " key",
          "plugins: [{type: load-aware-scorer, parameters: {treshold: 1}}] => did you mean"
              + " threshold?",
          "plugins: [{type: load-aware-scorer, parameters: {threshold: 0}}] => '0' does not fit;"
              + " allowed: a whole number, 1 to 1000000",
          "plugins: [{type: load-aware-scorer, parameters: {threshold: ten}}] => 'ten' does not fit",
          "plugins: [{type: session-id-producer, parameters: {cookieName: ''}}] =>"
              + " plugins[0].parameters.cookieName: '' does not fit; allowed: the name of a cookie",
          "plugins: [{type: session-id-producer, parameters: {cookieName: sid=1}}] => 'sid=1' does"
              + " not fit; allowed: the name of a cookie",
          "plugins: [{type: request-attribute-reporter}] => attributes is missing",
          "plugins: [{type: request-attribute-reporter, parameters: {attributes: []}}] =>"
              + " attributes: 0 are given; allowed: exactly one",
          "plugins: [{type: request-attribute-reporter, parameters: {attributes: [{key: {name: x},"
              + " expression: usage.tokens}]}}] => attributes[0].expression: 'usage.tokens' is not"
              + " known",
          "plugins: [{type: request-attribute-reporter, parameters: {attributes: [{key: {name: x},"
              + " expression: 1, condition: 2}]}}] => attributes[0].condition: is a number; true or"
              + " false is needed",
          "plugins: [{type: by-label}] => plugins[0].parameters: label is missing",
          "plugins: [{type: by-label, parameters: {label: a}}] => validValues is empty, so that no"
              + " endpoint stays",
          "plugins: [{type: label-selector-filter, parameters: {matchExpressions: [{key: a,"
              + " operator: Exists}, {key: b, operator: In}]}}] => plugins[0].parameters:"
              + " matchExpressions[1]: In needs values",
          "plugins: [{type: by-label-selector, parameters: {matchExpressions: [{key: a, operator:"
              + " NotIn, values: []}]}}] => matchExpressions[0]: NotIn needs values",
          "plugins: [{type: label-selector-filter, parameters: {matchExpressions: [{key: a,"
              + " operator: DoesNotExist, values: [b]}]}}] => matchExpressions[0]: DoesNotExist"
              + " takes no values",
          "plugins: [{type: label-selector-filter, parameters: {matchExpressions: [{key: a,"
              + " operator: in}]}}] => 'in' does not fit; allowed: In, NotIn",
          "plugins: [{type: prefix-cache-scorer, parameters: {prefixMatchInfoProducerName: x}}] =>"
              + " no plugin is called 'x'",
          "plugins: [{type: queue-scorer}, {type: prefix-cache-scorer, parameters:"
              + " {prefixMatchInfoProducerName: queue-scorer}}] => is a queue-scorer, not a"
              + " approx-prefix-cache-producer",
          "plugins: [{type: utilization-filter, parameters: {conditions: []}}] => is experimental",
          "schedulingProfiles: [{plugins: []}] => schedulingProfiles[0].name: is missing",
          "schedulingProfiles: [{name: a, plugins: []}, {name: a, plugins: []}] =>"
              + " schedulingProfiles[1].name: 'a' is the name of a profile above",
          "schedulingProfiles: [{name: a, plugins: [{weight: 1}]}] =>"
              + " schedulingProfiles[0].plugins[0].pluginRef: is missing",
          "schedulingProfiles: [{name: a, plugins: [{pluginRef: b}]}] => no plugin is called 'b'",
          "schedulingProfiles: [{name: a, plugins: [{pluginRef: b, weight: 1e999}]}] =>"
              + " schedulingProfiles[0].plugins[0].weight: '1e999' does not fit; allowed: a number",
          "plugins: [{type: prefix-cache-affinity-filter, parameters: {maxTTFTPenaltyMs: 1e999}}] =>"
              + " '1e999' does not fit; allowed: a number, 0 or more",
          "schedulingProfiles: [{name: a, plugins: []}, {name: b, plugins: []}] => has 2 profiles"
              + " and no plugin is a profile handler",
          "featureGates: [flowcontrol] => gate 'flowcontrol' is unknown; allowed: flowControl,"
              + " haPopulateNonLeaderDatastore; did you mean flowControl?",
          "featureGates: [flowControl=maybe] => gate flowControl is 'maybe'",
          "featureGates: [flowControl=maybe] => allowed: true, false",
          "flowControl: {enableEviction: maybe} => 'maybe' does not fit; allowed: true, false",
          "flowControl: {usageLimitPolicyPluginRef: x} => no plugin is called 'x'",
          "flowControl: {defaultPriorityBand: {fairnessPolicyRef: x}} => no plugin is called 'x'",
          "flowControl: {priorityBands: [{maxRequests: 1}]} => priorityBands[0].priority: is"
              + " missing",
          "saturationDetector: {pluginRef: ''} => saturationDetector.pluginRef",
          "flowControl: {saturationDetector: {pluginRef: x}} => no plugin is called 'x'",
          "flowControl: {maxBytes: -1} => '-1' does not fit",
          "flowControl: {defaultRequestTTL: -1s} => '-1s' does not fit",
          "flowControl: {priorityBands: [{priority: 1}, {priority: 1}]} => '1' is the priority of a"
              + " band above",
          "requestHandler: {parsers: [{pluginRef: x}]} => no plugin is called 'x'",
          "dataLayer: {sources: [{pluginRef: x}]} => no plugin is called 'x'",
          "dataLayer: {injectDefaults: false} => there are no metrics",
          "dataLayer: {sources: [{extractors: []}]} => dataLayer.sources[0].pluginRef: is missing",
          "dataLayer: {sources: [{pluginRef: x, extractors: [{pluginRef: y}]}]} => no plugin is"
              + " called 'y'",
          "flowControl: {maxRequests: -1} => '-1' does not fit",
          "flowControl: {priorityBands: [{maxBytes: 1}]} => priorityBands[0].priority: is missing",
          "flowControl: {priorityBands: [{priority: 1, fairnessPolicyRef: x}]} => no plugin is"
              + " called 'x'",
          "flowControl: {usageLimitPolicyPluginRef: x} => no plugin is called 'x'",
          "flowControl: {noEndpointRequestTTL: -1s} => '-1s' does not fit",
          "dataLayer: {discovery: {pluginRef: x}} => where endpoints come from",
          "dataLayer: {crossReplicaSyncerPluginRef: x} => replicas tell each other what they"
              + " send through Redis: --replicas-redis, the gateway's replicas.redis",
        })
    void are_told_with_their_place(String line, String said) {
      assertThat(errors(line + "\n"))
          .anySatisfy(error -> assertThat(error).startsWith("epp.yaml:").contains(said));
    }

    @Test
    void a_reference_to_a_plugin_of_another_kind_is_told() {
      var plugins =
          "plugins: [{type: queue-scorer}, {type: openai-parser}, {type: metrics-data-source}]\n";
      assertThat(errors(plugins + "saturationDetector: {pluginRef: queue-scorer}\n"))
          .singleElement()
          .asString()
          .contains("'queue-scorer' is a queue-scorer and not a saturation detector");
      assertThat(errors(plugins + "parser: {pluginRef: queue-scorer}\n"))
          .singleElement()
          .asString()
          .contains("not a parser");
      assertThat(
              errors(
                  plugins
                      + "schedulingProfiles: [{name: p, plugins: [{pluginRef: openai-parser}]}]"))
          .singleElement()
          .asString()
          .contains("not a filter, a scorer, a picker");
      assertThat(errors(plugins + "dataLayer: {sources: [{pluginRef: openai-parser}]}\n"))
          .singleElement()
          .asString()
          .contains("not a data source");
      assertThat(
              errors(
                  plugins
                      + "dataLayer: {sources: [{pluginRef: metrics-data-source,"
                      + " extractors: [{pluginRef: openai-parser}]}]}\n"))
          .singleElement()
          .asString()
          .contains("not an extractor");
    }

    @Test
    void two_extractors_of_one_type_at_a_source_are_told() {
      assertThat(
              errors(
                  """
                  plugins:
                    - type: metrics-data-source
                    - {name: a, type: core-metrics-extractor}
                    - {name: b, type: core-metrics-extractor}
                  dataLayer:
                    sources:
                      - pluginRef: metrics-data-source
                        extractors: [{pluginRef: a}, {pluginRef: b}]
                  """))
          .singleElement()
          .asString()
          .contains("a second core-metrics-extractor of the same source");
    }

    @Test
    void two_pickers_two_handlers_and_a_single_handler_of_two_are_told() {
      assertThat(
              errors(
                  """
                  plugins: [{type: random-picker}, {type: max-score-picker}]
                  schedulingProfiles:
                    - name: p
                      plugins: [{pluginRef: random-picker}, {pluginRef: max-score-picker}]
                  """))
          .singleElement()
          .asString()
          .contains("two pickers in profile 'p'");
      assertThat(
              errors(
                  "plugins: [{type: single-profile-handler}, {name: b, type: single-profile-handler}]\n"))
          .singleElement()
          .asString()
          .contains("'b' is a second profile handler");
      assertThat(
              errors(
                  """
                  plugins: [{type: single-profile-handler}]
                  schedulingProfiles: [{name: a, plugins: []}, {name: b, plugins: []}]
                  """))
          .singleElement()
          .asString()
          .contains("runs one profile, and there are 2");
    }

    @Test
    void what_cannot_be_divided_as_it_is_asked_is_told() {
      assertThat(
              stages("{deciders: {prefill: x}}", "[{name: decode, plugins: []}]", "queue-scorer"))
          .singleElement()
          .asString()
          .contains("no plugin is called 'x', to decide");
      assertThat(
              stages(
                  "{deciders: {prefill: queue-scorer}}",
                  "[{name: decode, plugins: []}]",
                  "queue-scorer"))
          .singleElement()
          .asString()
          .contains("'queue-scorer' is a queue-scorer and no decider");
      assertThat(
              stages(
                  "{stageOrder: prefill-first, deciders: {prefill: always-disagg-pd-decider}}",
                  "[{name: decode, plugins: []}, {name: prefill, plugins: []}]",
                  "always-disagg-pd-decider"))
          .singleElement()
          .asString()
          .contains("a prefill that comes first has no decider");
      assertThat(
              stages(
                  "{stageOrder: prefill-first}", "[{name: decode, plugins: []}]", "queue-scorer"))
          .singleElement()
          .asString()
          .contains("no profile is called 'prefill'");
      assertThat(
              stages(
                  "{profiles: {decode: d}, deciderPluginName: always-disagg-pd-decider}",
                  "[{name: d, plugins: []}]",
                  "always-disagg-pd-decider"))
          .singleElement()
          .asString()
          .contains("stand beside their older names");
      assertThat(
              stages(
                  "{deciders: {encode: prefix-based-pd-decider}}",
                  "[{name: decode, plugins: []}, {name: encode, plugins: []}]",
                  "prefix-based-pd-decider"))
          .singleElement()
          .asString()
          .contains("'prefix-based-pd-decider' decides by what is cached of a prompt");
    }

    @ParameterizedTest
    @ValueSource(strings = {"decode", "prefill", "encode"})
    void a_stage_without_the_name_of_its_profile_is_told(String stage) {
      assertThat(
              stages(
                  "{profiles: {%s: }, deciders: {encode: always-disagg-multimodal-decider}}"
                      .formatted(stage),
                  "[{name: decode, plugins: []}, {name: encode, plugins: []}]",
                  "always-disagg-multimodal-decider"))
          .singleElement()
          .asString()
          .contains("plugins[0].parameters.profiles." + stage, "expected a value, found nothing");
    }

    private static List<String> stages(String parameters, String profiles, String other) {
      return errors(
          "plugins: [{type: disagg-profile-handler, parameters: %s}, {type: %s}]\n"
                  .formatted(parameters, other)
              + "schedulingProfiles: %s\n".formatted(profiles));
    }

    @Test
    void api_version_and_kind_are_checked() {
      assertThat(errorsOf("plugins: []\n"))
          .anyMatch(error -> error.contains("apiVersion: is missing"))
          .anyMatch(error -> error.contains("kind: is missing"));
      assertThat(errorsOf("apiVersion: llm-d.ai/v1\nkind: EndpointPickerConfig\n"))
          .singleElement()
          .asString()
          .contains("'llm-d.ai/v1' does not fit");
      assertThat(errorsOf("apiVersion: llm-d.ai/v1alpha1\nkind: Config\n"))
          .singleElement()
          .asString()
          .contains("'Config' does not fit; allowed: EndpointPickerConfig");
    }

    @Test
    void all_come_at_once_with_line_and_column() {
      assertThat(
              errors(
                  """
                  plugins:
                    - type: queu-scorer
                    - type: load-aware-scorer
                      parameters: {threshold: -1}
                  schedulingProfiles:
                    - name: default
                      plugins:
                        - pluginRef: prefix
                          weigth: 2
                  """))
          .satisfiesExactlyInAnyOrder(
              error -> assertThat(error).startsWith("epp.yaml:4:11: plugins[0].type:"),
              error ->
                  assertThat(error).startsWith("epp.yaml:6:29: plugins[1].parameters.threshold:"),
              error ->
                  assertThat(error)
                      .startsWith("epp.yaml:10:20: schedulingProfiles[0].plugins[0].pluginRef:"),
              error ->
                  assertThat(error)
                      .startsWith("epp.yaml:11:9: schedulingProfiles[0].plugins[0].weigth:")
                      .contains("did you mean weight?"));
    }

    @Test
    void a_missing_file_is_told() {
      assertThat(EndpointPickerLoader.load(Path.of("/nowhere/epp.yaml"), false))
          .hasToString("Invalid[errors=[/nowhere/epp.yaml: there is no such file]]");
    }
  }

  @Test
  void experimental_plugins_are_taken_where_they_are_allowed() {
    var loaded =
        valid(
            """
            plugins:
              - type: session-affinity-scorer
                parameters:
                  strategy: session_id
                  sessionIdConfig: {sources: [{header: x-session-id}]}
              - type: header-label-affinity-scorer
                parameters: {headerName: x-zone, labelKey: zone}
            """,
            true);
    assertThat(members(loaded.config().profiles().getFirst()))
        .startsWith("session-affinity-scorer=1.0", "header-label-affinity-scorer=1.0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{strategy: encoded_endpoint_header, sessionIdConfig: {sources: [{header: a}]}}",
        "{strategy: session_id, encodedEndpointHeaderConfig: {header: a}, sessionIdConfig: {sources:"
            + " [{header: a}]}}",
        "{strategy: session_id}",
        "{strategy: session_id, sessionIdConfig: {sources: [{}]}}",
        "{strategy: session_id, sessionIdConfig: {sources: [{attribute: SessionID}]}}",
        "{}",
      })
  void a_session_needs_a_place_where_requests_name_it(String parameters) {
    assertThat(
            EndpointPickerLoader.load(
                "epp.yaml",
                HEAD + "plugins: [{type: session-affinity-filter, parameters: " + parameters + "}]",
                true))
        .isInstanceOf(LoadedPicker.Invalid.class);
  }

  @Test
  void the_effective_configuration_can_be_loaded_again_and_says_where_each_value_is_from() {
    var loaded =
        valid(
            """
            plugins:
              - {name: load, type: load-aware-scorer, parameters: {threshold: 7}}
              - {type: prefix-cache-scorer}
              - type: label-selector-filter
                parameters:
                  matchLabels: {"a/b": "1"}
                  matchExpressions: [{key: zone, operator: In, values: [x, "no"]}]
            """,
            false);
    var printed = EndpointPickerPrinter.yaml(loaded.config());

    assertThat(printed)
        .contains("- name: load  # epp.yaml:4")
        .contains("threshold: 7  # epp.yaml:4")
        .contains("matchLengthScaleTokens: 8192  # default")
        .contains("- {pluginRef: load, weight: 1}  # default: all filters");
    var again = (LoadedPicker.Valid) EndpointPickerLoader.load("again", printed, false);
    assertThat(names(again.config())).isEqualTo(names(loaded.config()));
    assertThat(EndpointPickerPrinter.yaml(again.config()).replaceAll("  #.*", ""))
        .isEqualTo(printed.replaceAll("  #.*", ""));
  }

  @Test
  void every_supported_type_loads_with_its_defaults_or_says_what_is_missing() {
    for (var type : PluginTypes.all().values()) {
      var required = ParameterReader.missing(type.parameters());
      var loaded =
          EndpointPickerLoader.load(
              "epp.yaml", HEAD + "plugins: [{type: " + type.name() + "}]\n", true);
      if (loaded instanceof LoadedPicker.Invalid(var errors)) {
        assertThat(required.isEmpty() && !NEEDS_OTHERS.contains(type.name()))
            .as("%s: %s", type.name(), errors)
            .isFalse();
      } else {
        assertThat(required).as(type.name()).isEmpty();
      }
    }
  }

  @Test
  void nothing_is_both_supported_and_refused() {
    assertThat(PluginTypes.all().keySet())
        .doesNotContainAnyElementsOf(PluginTypes.refused().keySet());
  }
}
