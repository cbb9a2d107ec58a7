package io.penstock.picker.config;

import java.util.regex.Pattern;

/** Amounts as Kubernetes writes them: {@code 5000}, {@code 1k}, {@code 1Gi}. Pure function. */
final class Quantity {

  private static final Pattern POSITIVE =
      Pattern.compile("\\+?[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]+)?");

  private Quantity() {}

  /** Whether the text is an amount that is not negative. */
  static boolean fits(String text) {
    return POSITIVE.matcher(text).matches();
  }
}
