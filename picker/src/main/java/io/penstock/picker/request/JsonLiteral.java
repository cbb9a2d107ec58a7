package io.penstock.picker.request;

import java.nio.charset.StandardCharsets;

/** Writes a text as a JSON string. Pure function. */
public final class JsonLiteral {

  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private JsonLiteral() {}

  /** The text in quotes, escaped, as UTF-8; a surrogate without its other half is escaped too. */
  public static byte[] of(String text) {
    var out = new StringBuilder(text.length() + 2).append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f || Character.isSurrogate(c)) {
        out.append("\\u")
            .append(HEX[c >> 12])
            .append(HEX[(c >> 8) & 15])
            .append(HEX[(c >> 4) & 15])
            .append(HEX[c & 15]);
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString().getBytes(StandardCharsets.UTF_8);
  }
}
