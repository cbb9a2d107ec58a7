package io.penstock.picker.explain;

import java.util.Locale;

/** Writes one JSON text, compact, members in the order of the calls. Confined to its maker. */
final class JsonText {

  private static final double LARGEST = 1e9;

  private final StringBuilder out = new StringBuilder(1024);
  private boolean first = true;

  JsonText open(char bracket) {
    separate();
    out.append(bracket);
    first = true;
    return this;
  }

  JsonText close(char bracket) {
    out.append(bracket);
    first = false;
    return this;
  }

  JsonText name(String name) {
    separate();
    quote(name);
    out.append(':');
    first = true;
    return this;
  }

  JsonText value(String text) {
    separate();
    quote(text);
    return this;
  }

  JsonText value(long number) {
    separate();
    out.append(number);
    return this;
  }

  JsonText value(boolean truth) {
    separate();
    out.append(truth);
    return this;
  }

  /** At most six digits after the point; null for what is no number, or 10^9 and more. */
  JsonText value(double number) {
    separate();
    if (!(Math.abs(number) < LARGEST)) {
      out.append("null");
      return this;
    }
    long millionths = Math.round(number * 1e6);
    if (millionths < 0) {
      out.append('-');
    }
    long left = Math.abs(millionths);
    out.append(left / 1_000_000);
    left %= 1_000_000;
    if (left != 0) {
      out.append('.');
      for (int unit = 100_000; left != 0; unit /= 10) {
        out.append((char) ('0' + left / unit));
        left %= unit;
      }
    }
    return this;
  }

  private void separate() {
    if (!first) {
      out.append(',');
    }
    first = false;
  }

  private void quote(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f || Character.isSurrogate(c)) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
