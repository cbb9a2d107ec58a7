package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.flow.BandSettings;
import io.penstock.picker.flow.Detector;
import io.penstock.picker.flow.Fairness;
import io.penstock.picker.flow.FlowSettings;
import io.penstock.picker.flow.Ordering;
import io.penstock.picker.flow.ProbabilisticAdmitter;
import io.penstock.picker.flow.UsageLimit;
import io.penstock.picker.schedule.plugins.ConcurrencyDetector;
import io.penstock.picker.schedule.plugins.UtilizationDetector;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What files say of flow control, as it is in force. */
class FlowSectionTest {

  private static final String HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";
  private static final long SECOND = 1_000_000_000L;

  private static LoadedPicker.Valid valid(String body) {
    var loaded = EndpointPickerLoader.load("epp.yaml", HEAD + body, true);
    assertThat(loaded).isInstanceOf(LoadedPicker.Valid.class);
    return (LoadedPicker.Valid) loaded;
  }

  private static FlowSettings settings(String body) {
    return valid(body).config().flow().settings();
  }

  private static final String WHOLE =
      """
      featureGates: [flowControl]
      plugins:
        - type: queue-scorer
        - {name: fair, type: round-robin-fairness-policy}
        - {name: programs, type: program-aware-fairness, parameters: {lasHalfLifeSeconds: 30}}
        - {name: soonest, type: slo-deadline-ordering-policy}
        - {name: holdback, type: priority-holdback-policy, parameters: {minCeiling: 0.5, domain: value}}
        - {name: busy, type: concurrency-detector, parameters: {maxConcurrency: 8, concurrencyMode: hybrid}}
        - {type: agent-identity, parameters: {additionalSessionHeaders: [X-Team]}}
        - {type: probabilistic-admitter, parameters: {k: 2}}
      schedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]
      flowControl:
        maxBytes: 1Gi
        maxRequests: 1k
        defaultRequestTTL: 5s
        noEndpointRequestTTL: 2m
        enableEviction: true
        usageLimitPolicyPluginRef: holdback
        saturationDetector: {pluginRef: busy}
        defaultPriorityBand: {fairnessPolicyRef: fair}
        defaultNegativePriorityBand: {maxRequests: 10}
        priorityBands:
          - {priority: 100, maxBytes: 1G, maxRequests: 5k, fairnessPolicyRef: programs, orderingPolicyRef: soonest}
          - {priority: -10, maxRequests: 0}
      """;

  @Test
  void without_the_gate_requests_of_negative_priority_are_shed_by_the_default_detector() {
    assertThat(settings("plugins: [{type: queue-scorer}]\n")).isEqualTo(FlowSettings.DEFAULT);
    assertThat(FlowSettings.DEFAULT.detector())
        .isEqualTo(
            new Detector.Utilization(5, 0.8, SECOND / 5, UtilizationDetector.Staleness.IN_FLIGHT));
  }

  @Test
  void with_the_gate_alone_everything_is_llm_d_s_default() {
    var loaded = valid("featureGates: [flowControl]\nplugins: [{type: queue-scorer}]\n");
    var settings = loaded.config().flow().settings();
    assertThat(settings).isEqualTo(FlowSettings.DEFAULT.gated(FlowSettings.DEFAULT_DETECTOR));
    assertThat(settings.ttlNanos()).isEqualTo(60 * SECOND);
    assertThat(settings.band(0))
        .isEqualTo(
            new BandSettings(1_000_000_000, 5_000, new Fairness.GlobalStrict(), Ordering.FCFS));
    assertThat(settings.limit()).isEqualTo(new UsageLimit.Fixed(1));
    assertThat(loaded.config().plugins())
        .extracting(Plugin::name)
        .contains(
            "fcfs-ordering-policy", "global-strict-fairness-policy", "static-usage-limit-policy");
    assertThat(loaded.warnings()).isEmpty();
  }

  @Test
  void every_member_is_read() {
    var settings = settings(WHOLE);
    assertThat(settings.gate()).isTrue();
    assertThat(settings.maxBytes()).isEqualTo(1L << 30);
    assertThat(settings.maxRequests()).isEqualTo(1_000);
    assertThat(settings.ttlNanos()).isEqualTo(5 * SECOND);
    assertThat(settings.noEndpointTtlNanos()).isEqualTo(120 * SECOND);
    assertThat(settings.eviction()).isTrue();
    assertThat(settings.limit()).isEqualTo(new UsageLimit.Holdback(0.5, 1, true));
    assertThat(settings.detector())
        .isEqualTo(new Detector.Concurrency(ConcurrencyDetector.Mode.HYBRID, 8, 1_000_000));
    assertThat(settings.band(5).fairness()).isEqualTo(new Fairness.RoundRobin());
    assertThat(settings.band(-5).maxRequests()).isEqualTo(10);
    assertThat(settings.band(-5).fairness()).isEqualTo(new Fairness.GlobalStrict());
    assertThat(settings.band(-10).maxRequests()).as("0 is the default").isEqualTo(5_000);
    assertThat(settings.band(100))
        .isEqualTo(
            new BandSettings(
                1_000_000_000,
                5_000,
                new Fairness.ProgramAware(0.8, 0.2, 30 * SECOND, 3_600 * SECOND),
                Ordering.SLO_DEADLINE));
    assertThat(settings.identityHeaders())
        .containsExactly(
            "x-team", "x-claude-code-session-id", "x-session-affinity", "session-id", "session_id");
    assertThat(settings.admitters()).isEqualTo(List.of(new ProbabilisticAdmitter(5, 0.8, 5, 2)));
  }

  @Test
  void what_is_in_force_can_be_loaded_again() {
    var config = valid(WHOLE).config();
    var printed = EndpointPickerPrinter.yaml(config);
    var again = (LoadedPicker.Valid) EndpointPickerLoader.load("again", printed, true);
    assertThat(again.config().flow()).isEqualTo(config.flow());
    assertThat(printed).contains("featureGates: [flowControl]");
    assertThat(flowControl(EndpointPickerPrinter.yaml(again.config())))
        .isEqualTo(flowControl(printed))
        .contains("priority: -10", "usageLimitPolicyPluginRef: holdback");
  }

  private static String flowControl(String printed) {
    return printed.substring(printed.indexOf("flowControl:\n"));
  }

  @Test
  void the_time_without_endpoints_is_the_usual_one_where_it_is_not_given() {
    var settings =
        settings(
            """
            featureGates: [flowControl]
            plugins: [{type: queue-scorer}]
            flowControl: {defaultRequestTTL: 7s}
            """);
    assertThat(settings.noEndpointTtlNanos()).isEqualTo(7 * SECOND);
    assertThat(
            settings(
                    """
                    featureGates: [flowControl]
                    plugins: [{type: queue-scorer}]
                    flowControl: {defaultRequestTTL: 0s}
                    """)
                .ttlNanos())
        .as("for ever")
        .isZero();
  }

  @Test
  void what_needs_the_gate_says_so_where_it_is_closed() {
    assertThat(
            valid(
                    """
                    featureGates: [flowControl=false]
                    plugins: [{type: round-robin-fairness-policy}]
                    flowControl: {maxRequests: 5}
                    """)
                .warnings()
                .stream()
                .map(ConfigError::toString))
        .anyMatch(warning -> warning.contains("flowControl: has no effect without the gate"))
        .anyMatch(
            warning ->
                warning.contains(
                    "'round-robin-fairness-policy' has no effect without the gate flowControl"));
  }

  @Test
  void a_ceiling_that_does_not_fall_is_told() {
    var loaded =
        EndpointPickerLoader.load(
            "epp.yaml",
            HEAD
                + "featureGates: [flowControl]\n"
                + "plugins: [{type: priority-holdback-policy,"
                + " parameters: {minCeiling: 0.9, maxCeiling: 0.8}}]\n",
            true);
    assertThat(((LoadedPicker.Invalid) loaded).errors())
        .singleElement()
        .asString()
        .contains("minCeiling is not less than maxCeiling");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "featureGates: [flowControl]\n"})
  void a_wrong_parameter_of_a_policy_that_a_band_names_is_told_with_its_place(String gate) {
    var loaded =
        EndpointPickerLoader.load(
            "epp.yaml",
            HEAD
                + gate
                + "plugins: [{type: program-aware-fairness, parameters: {lasHalfLifeSeconds: 60s}}]\n"
                + "flowControl: {defaultPriorityBand: {fairnessPolicyRef: program-aware-fairness}}\n",
            true);
    assertThat(((LoadedPicker.Invalid) loaded).errors())
        .singleElement()
        .asString()
        .contains("plugins[0].parameters.lasHalfLifeSeconds: '60s' does not fit");
  }

  @ParameterizedTest
  @CsvSource({"2147483647, 2147483647", "-2147483648, -2147483648", "+1000000000, 1000000000"})
  void a_band_may_have_any_priority_that_an_objective_has(String text, int priority) {
    assertThat(
            settings(
                    """
                    featureGates: [flowControl]
                    plugins: [{type: queue-scorer}]
                    flowControl: {priorityBands: [{priority: %s, maxRequests: 7}]}
                    """
                        .formatted(text))
                .band(priority)
                .maxRequests())
        .isEqualTo(7);
  }

  @ParameterizedTest
  @CsvSource({"2147483648", "-2147483649", "1.5", "high"})
  void a_priority_that_no_objective_has_is_told(String text) {
    var loaded =
        EndpointPickerLoader.load(
            "epp.yaml", HEAD + "flowControl: {priorityBands: [{priority: " + text + "}]}\n", true);
    assertThat(((LoadedPicker.Invalid) loaded).errors())
        .singleElement()
        .asString()
        .contains(
            "'" + text + "' does not fit; allowed: a whole number, -2147483648 to 2147483647");
  }

  @ParameterizedTest
  @CsvSource({
    "5000, 5000",
    "1k, 1000",
    "1.5k, 1500",
    "1Ki, 1024",
    "1Gi, 1073741824",
    "2G, 2000000000",
    "1e3, 1000",
    "1500m, 2",
    "+7, 7",
    "9E, 9000000000000000000",
    "99E, 9223372036854775807",
  })
  void amounts_are_those_of_kubernetes(String text, long value) {
    assertThat(Quantity.fits(text)).isTrue();
    assertThat(Quantity.value(text)).isEqualTo(value);
  }
}
