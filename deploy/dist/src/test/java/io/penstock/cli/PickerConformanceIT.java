package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.tools.conform.Requirements;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code penstock picker} keeps every requirement that {@code penstock conform} examines. */
class PickerConformanceIT {

  /** Nobody is there: the suite plays the gateway, and no request reaches a pod. */
  private static final String ENDPOINTS = "127.0.0.1:1,127.0.0.1:2,127.0.0.2:1,[::1]:1";

  /** Health on the port of its own in plain text, and on that of ext_proc with TLS. */
  @ParameterizedTest
  @ValueSource(strings = {"health on ", "ext-proc on "})
  void nothing_fails_and_nothing_is_skipped(String health) throws Exception {
    try (var picker = PenstockProcess.picker("--endpoints", ENDPOINTS);
        var empty = PenstockProcess.picker("--endpoints", "pods.invalid:8000")) {
      var done =
          PenstockProcess.run(
              "conform",
              "--target",
              picker.said("ext-proc on "),
              "--health-target",
              picker.said(health),
              "--empty-target",
              empty.said("ext-proc on "),
              "--endpoints",
              ENDPOINTS);
      assertThat(done.output())
          .contains(": %d passed, 0 failed, 0 skipped".formatted(Requirements.ALL.size()));
      assertThat(done.status()).isZero();
    }
  }
}
