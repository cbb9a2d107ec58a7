package io.penstock.controller.preset;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {

  @ParameterizedTest
  @CsvSource({
    "16Gi, 17179869184",
    "1500m, 2",
    "1., 1",
    "1E, 1000000000000000000",
    "16e9, 16000000000",
    "16E9, 16000000000",
    "1E3, 1000",
    "1e+3, 1000",
    "1500e-3, 2",
    ".5Gi, 536870912",
  })
  void an_amount_is_read_as_kubernetes_reads_it(String text, long amount) {
    assertThat(Quantity.bytes(text)).hasValue(amount);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "e3", "Gi", "1e3Gi", "1ee3", "1e", "16Ei", "1e99", "1e999"})
  void what_is_no_amount_or_too_large_is_none(String text) {
    assertThat(Quantity.bytes(text)).isEmpty();
  }
}
