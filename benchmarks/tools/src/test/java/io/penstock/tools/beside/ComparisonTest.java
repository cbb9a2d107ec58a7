package io.penstock.tools.beside;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.tools.beside.Comparison.Subject;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ComparisonTest {

  private static final Target GATEWAY = new Target.Gateway(false);
  private static final Target HAPROXY = new Target.Haproxy();
  private static final Target ENVOY = new Target.Envoy();
  private static final Target PICKED = new Target.EnvoyPicker(true, false);
  private static final Subject OURS = new Subject(GATEWAY, "");

  private final Comparison comparison =
      new Comparison(new Workload.Streams(50, 20_000), List.of(GATEWAY, HAPROXY), null);

  @Test
  void ratios_are_paired_within_a_round() {
    add(10, 20);
    add(30, 20);
    add(80, 100);

    var ratio = comparison.ratio(OURS);
    assertThat(ratio.median()).isEqualTo(0.8);
    assertThat(ratio.min()).isEqualTo(0.5);
    assertThat(ratio.max()).isEqualTo(1.5);
    assertThat(BesideReport.rows(comparison))
        .contains("50 streams", "0.80 (0.50 to 1.50)", "1.6 ", " 3\n");
  }

  @Test
  void an_even_number_of_rounds_has_its_median_between_two() {
    assertThat(Comparison.Spread.of(List.of(4.0, 1.0, 2.0, 3.0)).median()).isEqualTo(2.5);
    assertThat(Comparison.Spread.of(List.of()).median()).isNaN();
  }

  @Test
  void a_round_with_errors_or_a_busy_neighbour_is_thrown_away_and_said_so() throws IOException {
    assertThat(comparison.add(round(sample(1, 0, 0.04), sample(1, 0, 0.2)), 0.05)).isFalse();
    assertThat(comparison.add(round(sample(1, 3, 0), sample(1, 0, 0)), 0.05)).isFalse();
    assertThat(comparison.add(round(sample(1, 0, 0.05), sample(1, 0, 0)), 0.05)).isTrue();

    assertThat(comparison.rounds()).hasSize(1);
    assertThat(comparison.thrownAway())
        .isEqualTo(Map.of("haproxy: busy neighbour", 1, "gateway: 3 errors reset", 1));
    assertThat(BesideReport.rows(comparison))
        .contains("1 (thrown away: 1 × gateway: 3 errors reset, 1 × haproxy: busy neighbour)\n");
    var json = new StringWriter();
    BesideReport.json(List.of(comparison), json);
    assertThat(json.toString()).contains("busy neighbour\" : 1", "\"neighbour_share\" : 0.05");
  }

  @Test
  void too_little_cpu_to_measure_is_no_round() {
    assertThat(comparison.add(round(sample(1, 0, 0), sample(0, 0, 0)), 0.05)).isFalse();
    assertThat(comparison.thrownAway()).containsOnlyKeys("haproxy: less CPU than one tick");

    var slow = new Workload.Chats(400 << 10, true, 40);
    assertThat(slow.window(Duration.ofSeconds(1))).isEqualTo(Duration.ofSeconds(5));
    assertThat(slow.window(Duration.ofSeconds(9))).isEqualTo(Duration.ofSeconds(9));
  }

  @Test
  void a_workload_without_a_round_has_no_ratio() throws IOException {
    var json = new StringWriter();
    BesideReport.json(List.of(comparison), json);
    assertThat(json.toString()).contains("\"median\" : null");
  }

  @Nested
  class PickerAndEnvoy {

    private final Subject picker = new Subject(PICKED, Target.PICKER);

    private Comparison of(Workload workload) {
      return new Comparison(workload, List.of(ENVOY, PICKED), null);
    }

    private Comparison.Round round(double plain, double envoy, double picker) {
      return new Comparison.Round(
          Map.of(
              ENVOY, new Sample(Map.of("envoy", cost(plain)), 1_000, 100, "", 0),
              PICKED,
                  new Sample(
                      Map.of("envoy", cost(envoy), Target.PICKER, cost(picker)), 900, 200, "", 0)),
          50);
    }

    @Test
    void each_of_its_processes_is_compared_with_plain_envoy() throws IOException {
      var both = of(new Workload.Chats(64 << 10, false, 200));
      assertThat(both.add(round(40, 100, 60), 0)).isTrue();

      assertThat(both.ratio(picker).median()).isEqualTo(1.5);
      assertThat(both.ratio(new Subject(PICKED, "envoy")).median()).isEqualTo(2.5);
      assertThat(both.ratio(new Subject(PICKED, "")).median()).isEqualTo(4);
      assertThat(both.ratio(new Subject(ENVOY, "")).median()).isNaN();
      assertThat(BesideReport.rows(both).lines())
          .hasSize(4)
          .anyMatch(line -> line.contains("its picker") && line.contains("1.50 (1.50 to 1.50)"))
          .anyMatch(line -> line.contains("envoy+picker") && line.contains("150 µs"));
      assertThat(BesideReport.memory(List.of(both)).lines()).hasSize(4);
      var json = new StringWriter();
      BesideReport.json(List.of(both), json);
      assertThat(json.toString()).contains("\"part\" : \"picker\"", "\"bar\" : 2.0");
    }

    @Test
    void a_chart_shows_the_ratios_that_have_a_bar() {
      var both = of(new Workload.Chats(1 << 10, false, 0));
      assertThat(both.add(round(40, 100, 60), 0)).isTrue();

      var chart = BesideChart.of(List.of(both));

      assertThat(chart.bars()).hasSize(1);
      assertThat(chart.bars().getFirst().value()).isEqualTo(1.5);
      assertThat(chart.bars().getFirst().limit()).isEqualTo(1);
    }

    @Test
    void idle_is_in_cores_and_may_cost_nothing() {
      var idle = of(new Workload.Idle());
      assertThat(idle.add(round(0, 0, 20_000), 0)).isTrue();

      assertThat(idle.ratio(picker).median()).isNaN();
      assertThat(BesideReport.rows(idle)).contains("0.020 cores", "0.3", "0.000 cores");
    }

    @Test
    void another_base_may_be_named() {
      var all = List.of(GATEWAY, ENVOY, HAPROXY);

      assertThat(new Comparison(new Workload.Idle(), all, ENVOY).baseOf(GATEWAY)).isEqualTo(ENVOY);
      assertThat(new Comparison(new Workload.Idle(), all, ENVOY).baseOf(ENVOY)).isNull();
      assertThat(new Comparison(new Workload.Idle(), all, null).baseOf(PICKED)).isEqualTo(ENVOY);
    }
  }

  @Test
  void bars_are_those_of_the_documents() {
    var picker = new Subject(PICKED, Target.PICKER);
    var requestOnly = new Subject(new Target.EnvoyPicker(true, true), Target.PICKER);
    assertThat(List.of(1, 16, 64, 400).stream().map(kib -> bar(kib, picker)))
        .containsExactly(1.0, 1.0, 2.0, 3.0);
    assertThat(List.of(1, 16, 64, 400).stream().map(kib -> bar(kib, OURS)))
        .containsExactly(1.1, 1.1, 1.5, 1.9);
    assertThat(Bars.of(new Workload.Streams(50, 1), picker)).isEqualTo(2);
    assertThat(Bars.of(new Workload.Streams(50, 1), requestOnly)).isZero();
    assertThat(Bars.of(new Workload.Streams(200, 1), OURS)).isEqualTo(1.2);
    assertThat(Bars.of(new Workload.Idle(), picker)).isEqualTo(0.3);
    assertThat(Bars.of(new Workload.Idle(), new Subject(PICKED, "envoy"))).isNaN();
  }

  private static double bar(int kib, Subject subject) {
    return Bars.of(new Workload.Chats(kib << 10, false, 0), subject);
  }

  private void add(double ours, double theirs) {
    assertThat(comparison.add(round(sample(ours, 0, 0), sample(theirs, 0, 0)), 0.05)).isTrue();
  }

  private static Comparison.Round round(Sample ours, Sample theirs) {
    return new Comparison.Round(Map.of(GATEWAY, ours, HAPROXY, theirs), 0);
  }

  private static Sample.Cost cost(double cpuMicros) {
    return new Sample.Cost(cpuMicros, 1 << 20);
  }

  private static Sample sample(double cpuMicros, long failed, double neighbour) {
    return new Sample(
        Map.of("it", cost(cpuMicros)),
        1_000,
        100,
        failed == 0 ? "" : failed + " errors reset",
        neighbour);
  }
}
