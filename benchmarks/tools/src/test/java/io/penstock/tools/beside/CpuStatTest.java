package io.penstock.tools.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CpuStatTest {

  private static final String CORES =
      """
      cpu  154403 0 9337 223171 492 0 168 32 0 0
      cpu0 100 10 50 112456 66 3 5 2 9 9
      cpu1 77508 0 5008 110715 425 0 110 19 0 0
      cpu10 1 0 0 0 0 0 0 0 0 0
      intr 1012656
      """;

  @Test
  void a_process_may_have_any_name() {
    String stat =
        "42 (a) R (b) S 1 42 42 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 30 0 100 8885700 37357 1";
    assertThat(CpuStat.processSeconds(stat)).isCloseTo(1.75, within(1e-9));
  }

  @Test
  void compiler_threads_are_known_by_their_names() {
    assertThat(CpuStat.compiles("7 (C2 CompilerThre) R 1 7")).isTrue();
    assertThat(CpuStat.compiles("8 (C1 CompilerThre) S 1 8")).isTrue();
    assertThat(CpuStat.compiles("9 (penstock-loop-1) S 1 9")).isFalse();
  }

  @Test
  void a_core_is_busy_with_all_but_idle_and_waiting() {
    assertThat(CpuStat.coreSeconds(CORES, 0)).isCloseTo(1.70, within(1e-9));
    assertThat(CpuStat.coreSeconds(CORES, 10)).isCloseTo(0.01, within(1e-9));
    assertThatThrownBy(() -> CpuStat.coreSeconds(CORES, 2)).hasMessageContaining("core 2");
  }

  @Test
  void resident_memory_is_in_bytes() {
    assertThat(CpuStat.residentBytes("Name:\tjava\nVmHWM:\t  999 kB\nVmRSS:\t  1234 kB\n"))
        .isEqualTo(1_234L * 1_024);
    assertThat(CpuStat.residentBytes("Name:\tgone\n")).isZero();
  }
}
