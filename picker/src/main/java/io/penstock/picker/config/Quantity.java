package io.penstock.picker.config;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.regex.Pattern;

/** Amounts as Kubernetes writes them: {@code 5000}, {@code 1k}, {@code 1Gi}. Pure functions. */
final class Quantity {

  private static final Pattern POSITIVE =
      Pattern.compile(
          "\\+?([0-9]+(?:\\.[0-9]+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{1,2})?");

  private static final Map<String, BigDecimal> FACTORS =
      Map.ofEntries(
          Map.entry("m", new BigDecimal("0.001")),
          Map.entry("k", BigDecimal.TEN.pow(3)),
          Map.entry("M", BigDecimal.TEN.pow(6)),
          Map.entry("G", BigDecimal.TEN.pow(9)),
          Map.entry("T", BigDecimal.TEN.pow(12)),
          Map.entry("P", BigDecimal.TEN.pow(15)),
          Map.entry("E", BigDecimal.TEN.pow(18)),
          Map.entry("Ki", BigDecimal.TWO.pow(10)),
          Map.entry("Mi", BigDecimal.TWO.pow(20)),
          Map.entry("Gi", BigDecimal.TWO.pow(30)),
          Map.entry("Ti", BigDecimal.TWO.pow(40)),
          Map.entry("Pi", BigDecimal.TWO.pow(50)),
          Map.entry("Ei", BigDecimal.TWO.pow(60)));

  private Quantity() {}

  /** Whether the text is an amount that is not negative. */
  static boolean fits(String text) {
    return POSITIVE.matcher(text).matches();
  }

  /**
   * The amount, a part rounded up to a whole; the greatest long there is for more than that.
   *
   * @throws IllegalArgumentException where {@link #fits} says no
   */
  static long value(String text) {
    var parts = POSITIVE.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException("'" + text + "' is no amount");
    }
    var value = new BigDecimal(parts.group(1));
    var unit = parts.group(2);
    if (unit != null) {
      var factor = FACTORS.get(unit);
      value =
          factor == null
              ? value.scaleByPowerOfTen(Integer.parseInt(unit.substring(1)))
              : value.multiply(factor);
    }
    var whole = value.setScale(0, RoundingMode.CEILING);
    return whole.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0
        ? Long.MAX_VALUE
        : whole.longValueExact();
  }
}
