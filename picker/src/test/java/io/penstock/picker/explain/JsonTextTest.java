package io.penstock.picker.explain;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers as {@link JsonText} writes them. */
class JsonTextTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, 0",
    "1, 1",
    "-1.5, -1.5",
    "0.000001, 0.000001",
    "0.0000004, 0",
    "-0.0000004, 0",
    "12.3456789, 12.345679",
    "100.1, 100.1",
    "0.05, 0.05",
    "999999999.25, 999999999.25",
    "1e9, null",
    "-1e300, null",
    "NaN, null",
    "Infinity, null"
  })
  void at_most_six_digits_follow_the_point(double number, String text) {
    assertThat(new JsonText().value(number)).hasToString(text);
  }

  @Test
  void what_is_written_is_the_number_to_within_half_a_millionth() {
    var random = new SplittableRandom(7);
    for (int i = 0; i < 10_000; i++) {
      double number = (random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(9));
      var written = new BigDecimal(new JsonText().value(number).toString());
      assertThat(written.subtract(new BigDecimal(number)).abs())
          .isLessThanOrEqualTo(new BigDecimal("0.00000051"));
      assertThat(written.setScale(6, RoundingMode.UNNECESSARY)).isEqualByComparingTo(written);
    }
  }
}
