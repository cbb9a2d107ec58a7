package io.penstock.picker.explain;

import java.util.Locale;

/** Writes one JSON text, compact, members in the order of the calls. Confined to its maker. */
final class JsonText {

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

  /** At most six digits after the point; null for what is no number. */
  JsonText value(double number) {
    separate();
    if (!Double.isFinite(number)) {
      out.append("null");
    } else {
      out.append(String.format(Locale.ROOT, "%.6f", number));
      trimZeros();
    }
    return this;
  }

  private void trimZeros() {
    int end = out.length();
    while (out.charAt(end - 1) == '0') {
      end--;
    }
    out.setLength(out.charAt(end - 1) == '.' ? end - 1 : end);
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
