package io.penstock.tools.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BesideOptionsTest {

  @Test
  void everything_is_compared_by_default() {
    var options = BesideOptions.parse(List.of());
    assertThat(options.rounds()).isEqualTo(7);
    assertThat(options.workloads()).hasSize(2 * 4 * 2 + 3).doesNotHaveDuplicates();
    assertThat(options.mostNeighbourShare()).isEqualTo(0.05);
  }

  @Test
  void flags_choose_the_workloads() {
    var options =
        BesideOptions.parse(
            List.of(
                "--sizes",
                "16",
                "--prompts",
                "shared",
                "--loads",
                "fixed,streams",
                "--streams",
                "200",
                "--seconds",
                "0.5"));
    assertThat(options.workloads())
        .containsExactly(new Workload.Chats(16 << 10, true, 400), new Workload.Streams(200));
    assertThat(options.window()).isEqualTo(Duration.ofMillis(500));
  }

  @Test
  void short_takes_one_round_whoever_else_is_busy() {
    var options = BesideOptions.parse(List.of("--short", "--rounds", "2"));
    assertThat(options.rounds()).isEqualTo(2);
    assertThat(options.mostNeighbourShare()).isEqualTo(1);
  }

  @Test
  void bodies_and_beats_are_what_they_say() {
    for (int kib : new int[] {1, 16, 64, 400}) {
      try (var prompts = new Workload.Chats(kib << 10, true, 0).prompts(1)) {
        assertThat(prompts.next()).isNotNull();
      }
    }
    assertThat(new Workload.Streams(50).beat().interval()).isEqualTo(Duration.ofMillis(5));
    assertThat(new Workload.Streams(200).beat().interval()).isEqualTo(Duration.ofMillis(10));
    assertThat(new Workload.Streams(1_000).beat().interval()).isEqualTo(Duration.ofMillis(50));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--rounds 0|--rounds is '0', allowed: 1 to 1000",
        "--rounds 2.5|--rounds is '2.5'",
        "--seconds x|--seconds is 'x', allowed: 0.1 to 60",
        "--sizes 1,,4|--sizes is ''",
        "--loads fast|--loads has 'fast', allowed: fixed, saturated, streams",
        "--proxy-core 1|--proxy-core and --load-core are both 1, but must differ",
        "--colour red|there is no flag --colour",
        "--rounds|--rounds is unknown or lacks its value"
      })
  void what_makes_no_sense_is_refused(String arguments, String message) {
    assertThatThrownBy(() -> BesideOptions.parse(List.of(arguments.split(" "))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
