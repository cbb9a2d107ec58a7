package io.penstock.tools.beside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComparisonTest {

  private final Comparison comparison = new Comparison(new Workload.Streams(50));

  @Test
  void ratios_are_paired_within_a_round() {
    add(10, 20);
    add(30, 20);
    add(80, 100);

    var ratio = comparison.ratio();
    assertThat(ratio.median()).isEqualTo(0.8);
    assertThat(ratio.min()).isEqualTo(0.5);
    assertThat(ratio.max()).isEqualTo(1.5);
    assertThat(BesideReport.row(comparison)).contains("50 streams", "0.80 (0.50 to 1.50)", " 3");
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
    assertThat(comparison.thrownAway()).isEqualTo(Map.of("busy neighbour", 1, "3 errors", 1));
    assertThat(BesideReport.row(comparison))
        .endsWith("1 (thrown away: 1 × 3 errors, 1 × busy neighbour)");
    var json = new StringWriter();
    BesideReport.json(List.of(comparison), json);
    assertThat(json.toString()).contains("\"busy neighbour\" : 1", "\"neighbour_share\" : 0.05");
  }

  @Test
  void too_little_cpu_to_measure_is_no_round() {
    assertThat(comparison.add(round(sample(1, 0, 0), sample(0, 0, 0)), 0.05)).isFalse();
    assertThat(comparison.thrownAway()).containsOnlyKeys("less CPU than one tick");

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

  private void add(double ours, double theirs) {
    assertThat(comparison.add(round(sample(ours, 0, 0), sample(theirs, 0, 0)), 0.05)).isTrue();
  }

  private static Comparison.Round round(Sample ours, Sample theirs) {
    return new Comparison.Round(ours, theirs, 0);
  }

  private static Sample sample(double cpuMicros, long failed, double neighbour) {
    return new Sample(cpuMicros, 1_000, 100, 1 << 20, failed, neighbour);
  }
}
