package io.penstock.controller.preset;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Kubernetes' way to write amounts. */
public final class Quantity {

  private static final Pattern FORM =
      Pattern.compile(
          "(?<number>[+-]?(?:\\d{1,40}(?:\\.\\d{0,9})?|\\.\\d{1,9}))"
              + "(?:[eE](?<exponent>[+-]?\\d{1,2})|(?<unit>[KMGTPE]i|[numkMGTPE]?))");
  private static final Map<String, BigDecimal> UNITS =
      Map.ofEntries(
          Map.entry("n", BigDecimal.ONE.movePointLeft(9)),
          Map.entry("u", BigDecimal.ONE.movePointLeft(6)),
          Map.entry("m", BigDecimal.ONE.movePointLeft(3)),
          Map.entry("", BigDecimal.ONE),
          Map.entry("k", BigDecimal.ONE.movePointRight(3)),
          Map.entry("M", BigDecimal.ONE.movePointRight(6)),
          Map.entry("G", BigDecimal.ONE.movePointRight(9)),
          Map.entry("T", BigDecimal.ONE.movePointRight(12)),
          Map.entry("P", BigDecimal.ONE.movePointRight(15)),
          Map.entry("E", BigDecimal.ONE.movePointRight(18)),
          Map.entry("Ki", BigDecimal.valueOf(1L << 10)),
          Map.entry("Mi", BigDecimal.valueOf(1L << 20)),
          Map.entry("Gi", BigDecimal.valueOf(1L << 30)),
          Map.entry("Ti", BigDecimal.valueOf(1L << 40)),
          Map.entry("Pi", BigDecimal.valueOf(1L << 50)),
          Map.entry("Ei", BigDecimal.valueOf(1L << 60)));

  private Quantity() {}

  /** The amount in units of one, rounded up; empty when the text is none or it is too large. */
  public static Optional<Long> bytes(String text) {
    var matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    var number = new BigDecimal(matcher.group("number"));
    var exponent = matcher.group("exponent");
    var amount =
        exponent == null
            ? number.multiply(UNITS.getOrDefault(matcher.group("unit"), BigDecimal.ONE))
            : number.scaleByPowerOfTen(Integer.parseInt(exponent));
    try {
      return Optional.of(amount.setScale(0, RoundingMode.CEILING).longValueExact());
    } catch (ArithmeticException tooLarge) {
      return Optional.empty();
    }
  }
}
