package io.penstock.tools.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BesideOptionsTest {

  private static final Target ENVOY = new Target.Envoy();
  private static final Target PICKED = new Target.EnvoyPicker(true, false);

  @Test
  void the_gateway_is_compared_with_haproxy_by_default() {
    var options = BesideOptions.parse(List.of());
    assertThat(options.targets()).containsExactly(new Target.Gateway(false), new Target.Haproxy());
    assertThat(options.base()).isNull();
    assertThat(options.endpoints()).isEqualTo(8);
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
        .containsExactly(
            new Workload.Chats(16 << 10, true, 400), new Workload.Streams(200, 20_000));
    assertThat(options.window()).isEqualTo(Duration.ofMillis(500));
  }

  @Test
  void targets_and_their_base_are_named() {
    var options =
        BesideOptions.parse(List.of("--targets", "envoy,envoy+picker", "--base", "envoy"));
    assertThat(options.targets()).containsExactly(ENVOY, PICKED);
    assertThat(options.base()).isEqualTo(ENVOY);
  }

  @Test
  void every_target_has_a_name_of_its_own_that_finds_it() {
    assertThat(Target.ALL).allSatisfy(each -> assertThat(Target.find(each.name())).isEqualTo(each));
    assertThat(Target.ALL.stream().map(Target::name)).doesNotHaveDuplicates();
  }

  @Test
  void beside_a_picker_streams_are_slow_enough_for_it() {
    var options =
        BesideOptions.parse(
            List.of("--targets", "envoy,envoy+picker", "--loads", "streams", "--streams", "50"));
    assertThat(options.workloads()).containsExactly(new Workload.Streams(50, 4_000));
  }

  @Test
  void beside_a_router_in_rust_too_and_it_is_compared_with_haproxy() {
    var options =
        BesideOptions.parse(
            List.of("--targets", "smg,vllm-router", "--loads", "streams", "--streams", "50"));
    assertThat(options.workloads()).containsExactly(new Workload.Streams(50, 4_000));
    assertThat(options.targets())
        .extracting(Target::usualBase)
        .containsExactly(new Target.Haproxy(), new Target.Haproxy());
  }

  @Test
  void idle_is_measured_when_asked_for_and_long_enough() {
    var options = BesideOptions.parse(List.of("--loads", "idle", "--endpoints", "100"));
    assertThat(options.workloads()).containsExactly(new Workload.Idle());
    assertThat(options.endpoints()).isEqualTo(100);
    assertThat(new Workload.Idle().window(options.window())).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void short_takes_one_round_whoever_else_is_busy() {
    var options = BesideOptions.parse(List.of("--short", "--rounds", "2"));
    assertThat(options.rounds()).isEqualTo(2);
    assertThat(options.mostNeighbourShare()).isEqualTo(1);
    assertThat(options.targets())
        .containsExactly(
            new Target.Gateway(false),
            new Target.Haproxy(),
            new Target.Router(Target.SMG),
            new Target.Router(Target.VLLM_ROUTER),
            ENVOY,
            PICKED);
    assertThat(BesideOptions.parse(List.of("--short", "--targets", "envoy")).targets())
        .containsExactly(ENVOY);
  }

  @Test
  void bodies_and_beats_are_what_they_say() {
    for (int kib : new int[] {1, 16, 64, 400}) {
      try (var prompts = new Workload.Chats(kib << 10, true, 0).prompts(1)) {
        assertThat(prompts.next()).isNotNull();
      }
    }
    assertThat(new Workload.Streams(50, 20_000).beat().interval()).isEqualTo(Duration.ofMillis(5));
    assertThat(new Workload.Streams(200, 20_000).beat().interval())
        .isEqualTo(Duration.ofMillis(10));
    assertThat(new Workload.Streams(1_000, 20_000).beat().interval())
        .isEqualTo(Duration.ofMillis(50));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--rounds 0|--rounds is '0', allowed: 1 to 1000",
        "--rounds 2.5|--rounds is '2.5'",
        "--seconds x|--seconds is 'x', allowed: 0.1 to 60",
        "--sizes 1,,4|--sizes is ''",
        "--loads fast|--loads has 'fast', allowed: fixed, idle, saturated, streams",
        "--targets nginx|--targets has 'nginx', allowed: gateway, gateway+io_uring, gateway+replica, haproxy, smg, vllm-router, envoy, envoy+picker",
        "--targets envoy,envoy|--targets is 'envoy,envoy', which names one twice",
        "--base envoy|--base is 'envoy', allowed: what --targets names",
        "--endpoints 0|--endpoints is '0', allowed: 1 to 1000",
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
