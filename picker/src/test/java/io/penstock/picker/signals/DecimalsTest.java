package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withPrecision;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DecimalsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"0", "0.0", "-0.5", "+7", "780.0", "1e3", "1E+3", "5e-05", ".5", "5.", "00012"})
  void readsPlainNumbersExactly(String text) {
    assertThat(parse(text)).isEqualTo(Double.parseDouble(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-",
        ".",
        "e5",
        "1e",
        "1e+",
        "1x",
        "NaN",
        "+Inf",
        "Infinity",
        "1.2.3",
        "0x10",
        "1e999"
      })
  void whatIsNoFiniteNumberIsNaN(String text) {
    assertThat(parse(text)).isNaN();
  }

  @Test
  void staysWithinTwoUnitsInTheLastPlaceOfTheJdk() {
    for (long seed = 1; seed <= 20_000; seed++) {
      var random = new SplittableRandom(seed);
      double value = random.nextDouble() * Math.pow(10, random.nextInt(-30, 30));
      var text = Double.toString(value);

      assertThat(Math.abs(parse(text) - value))
          .as("seed %d: %s", seed, text)
          .isLessThanOrEqualTo(2 * Math.ulp(value));
    }
  }

  @Test
  void manyDigitsAndFarExponentsNeitherOverflowNorThrow() {
    assertThat(parse("1" + "0".repeat(300))).isEqualTo(1e300, withPrecision(1e286));
    assertThat(parse("0." + "0".repeat(400) + "1")).isZero();
    assertThat(parse("1e-999999999999")).isZero();
    assertThat(parse("9".repeat(1000))).isNaN();
  }

  private static double parse(String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    return Decimals.parse(bytes, 0, bytes.length);
  }
}
