package io.penstock.tools.conform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The suite tells a good picker from a bad one, whichever requirement is broken. */
class ConformanceTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(4);

  @Test
  void a_picker_that_is_right_passes_everything() throws Exception {
    var report = examine(null);
    assertThat(report.results())
        .extracting(ConformReport.Result::verdict)
        .hasOnlyElementsOfType(Verdict.Passed.class);
    assertThat(report.passed()).isTrue();
    assertThat(report.summary()).contains(": " + Requirements.ALL.size() + " passed, 0 failed, 0");
  }

  @Test
  void every_requirement_has_a_fault() {
    assertThat(Arrays.stream(Fault.values()).map(fault -> fault.requirement).distinct())
        .containsExactlyInAnyOrderElementsOf(
            Requirements.ALL.stream().map(Requirement::id).toList());
  }

  @ParameterizedTest
  @EnumSource
  void a_picker_that_breaks_one_requirement_fails_there_and_nowhere_else(Fault fault)
      throws Exception {
    var report = examine(fault);

    assertThat(report.results())
        .filteredOn(result -> result.verdict() instanceof Verdict.Failed)
        .as("%s", texts(report))
        .extracting(result -> result.requirement().id())
        .containsExactly(fault.requirement);
    assertThat(report.passed()).isFalse();
    assertThat(report.json()).contains("\"failed\":1,");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void a_picker_that_ignores_hints_and_takes_endpoints_in_turn_is_found_wherever_it_begins(
      int ahead) throws Exception {
    try (var picker = new ReferencePicker(ReferencePicker.POOL, Fault.HINT_PORTS_IGNORED);
        var empty = new ReferencePicker(List.of(), null)) {
      for (int i = 0; i < ahead; i++) {
        picker.next(picker.pool());
      }

      assertThat(examine(picker, empty).results())
          .filteredOn(result -> result.verdict() instanceof Verdict.Failed)
          .extracting(result -> result.requirement().id())
          .containsExactly("4.3");
    }
  }

  @Test
  void a_picker_that_ends_streams_after_the_request_fails_nothing() throws Exception {
    try (var picker = new ReferencePicker(ReferencePicker.POOL, null, true);
        var empty = new ReferencePicker(List.of(), null, true)) {
      var report = examine(picker, empty);

      assertThat(report.passed()).as("%s", texts(report)).isTrue();
      assertThat(report.results())
          .filteredOn(result -> result.verdict() instanceof Verdict.Skipped)
          .extracting(result -> result.requirement().id())
          .containsExactly("2.7", "2.11", "2.12", "2.13", "S.2");
    }
  }

  @Test
  void what_is_needed_is_examined_before() {
    Set<String> examined = new HashSet<>();
    for (var requirement : Requirements.ALL) {
      assertThat(examined).as(requirement.id()).containsAll(requirement.needs());
      assertThat(examined.add(requirement.id())).as(requirement.id()).isTrue();
    }
  }

  @Test
  void what_needs_a_broken_requirement_is_skipped_and_says_so() throws Exception {
    var skipped =
        examine(Fault.SERVICE_MISSING).results().stream()
            .filter(result -> result.verdict() instanceof Verdict.Skipped)
            .toList();
    assertThat(skipped)
        .isNotEmpty()
        .allSatisfy(result -> assertThat(result.text()).contains("cannot be told without "));
  }

  @Test
  void without_a_list_the_endpoints_are_learned_and_what_needs_it_is_skipped() throws Exception {
    try (var picker = new ReferencePicker(ReferencePicker.POOL, null)) {
      var report =
          Conformance.run(
              new ConformOptions(
                  picker.address(),
                  picker.address(),
                  Optional.empty(),
                  true,
                  true,
                  Optional.empty(),
                  "tiny",
                  List.of(),
                  TIMEOUT),
              _ -> {});
      assertThat(report.passed()).isTrue();
      assertThat(report.results())
          .filteredOn(result -> result.verdict() instanceof Verdict.Skipped)
          .extracting(result -> result.requirement().id())
          .containsExactly("6", "12.2");
    }
  }

  @Test
  void nobody_there_is_one_failure_of_the_service_and_of_each_health_name() throws Exception {
    ConformOptions.Address gone;
    try (var picker = new ReferencePicker(ReferencePicker.POOL, null)) {
      gone = picker.address();
    }
    var report =
        Conformance.run(
            new ConformOptions(
                gone,
                gone,
                Optional.empty(),
                true,
                true,
                Optional.empty(),
                "tiny",
                List.of(),
                TIMEOUT),
            _ -> {});
    assertThat(report.results())
        .filteredOn(result -> result.verdict() instanceof Verdict.Failed)
        .extracting(result -> result.requirement().id())
        .containsExactly("1", "15.1", "15.2", "15.3", "15.4");
  }

  @Test
  void addresses_and_endpoints_are_parsed_strictly() {
    assertThat(ConformOptions.Address.parse("picker.svc:9002"))
        .isEqualTo(new ConformOptions.Address("picker.svc", 9002));
    assertThat(ConformOptions.Address.parse("[::1]:9002")).hasToString("[::1]:9002");
    assertThat(Destination.parse("[fd00::1]:8000")).hasToString("[fd00::1]:8000");
    for (var wrong : List.of("9002", "host:", "host:0", "host:65536", "::1:9002", ":9002")) {
      assertThatThrownBy(() -> ConformOptions.Address.parse(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(wrong);
    }
    for (var wrong : List.of("pod-0:8000", "10.0.0.1", "fd00::1:8000", "10.0.0.1:x")) {
      assertThatThrownBy(() -> Destination.parse(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(wrong);
    }
  }

  @Test
  void an_ipv6_endpoint_is_the_same_however_it_is_written() {
    assertThat(Destination.parse("[FD00:0:0::1]:8000"))
        .isEqualTo(Destination.parse("[fd00:0:0:0:0:0:0:1]:8000"))
        .hasToString("[fd00::1]:8000");
    assertThat(Destination.parse("[::ffff:10.0.0.1]:8000").isIpv6()).isTrue();
    assertThat(Destination.parse("[fe80::1%eth0]:80"))
        .isNotEqualTo(Destination.parse("[fe80::1%eth1]:80"));
  }

  private static String texts(ConformReport report) {
    return report.results().stream()
        .filter(result -> !(result.verdict() instanceof Verdict.Passed))
        .map(ConformReport.Result::text)
        .collect(Collectors.joining("\n"));
  }

  private static ConformReport examine(@Nullable Fault fault) throws Exception {
    try (var picker = new ReferencePicker(ReferencePicker.POOL, fault);
        var empty = new ReferencePicker(List.of(), fault)) {
      return examine(picker, empty);
    }
  }

  private static ConformReport examine(ReferencePicker picker, ReferencePicker empty)
      throws Exception {
    return Conformance.run(
        new ConformOptions(
            picker.address(),
            picker.address(),
            Optional.of(empty.address()),
            true,
            true,
            Optional.empty(),
            "tiny",
            ReferencePicker.POOL.stream().map(Destination::parse).toList(),
            TIMEOUT),
        _ -> {});
  }
}
