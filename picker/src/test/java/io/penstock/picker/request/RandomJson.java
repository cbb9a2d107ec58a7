package io.penstock.picker.request;

import java.util.random.RandomGenerator;

/**
 * Writes random valid JSON text, with every freedom RFC 8259 leaves but escaped surrogates in
 * member names: unlike in strings, Jackson wants those in pairs.
 */
final class RandomJson {

  private static final String[] PIECES = {
    "a",
    "prompt text ",
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\ud800",
    "é",
    "漢字",
    "😀",
    "\u007f",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "'",
    "0123456789abcdef0123456789abcdef"
  };
  private static final String[] NUMBERS = {
    "0", "-0", "7", "-12", "3.25", "1e5", "1E+2", "2.5e-3", "0.0", "18446744073709551615", "-1.0"
  };
  private static final String[] SPACES = {"", "", "", " ", "\n", "\t", "\r\n", "   \n   "};

  private final RandomGenerator random;

  RandomJson(RandomGenerator random) {
    this.random = random;
  }

  String value(int depth) {
    return switch (random.nextInt(depth > 0 ? 9 : 6)) {
      case 0, 1 -> string();
      case 2 -> number();
      case 3 -> "true";
      case 4 -> "false";
      case 5 -> "null";
      case 6, 7 -> array(depth);
      default -> object(depth);
    };
  }

  String array(int depth) {
    var text = new StringBuilder("[").append(space());
    int elements = random.nextInt(4);
    for (int i = 0; i < elements; i++) {
      text.append(i > 0 ? "," : "").append(space()).append(value(depth - 1)).append(space());
    }
    return text.append("]").toString();
  }

  String object(int depth) {
    var text = new StringBuilder("{").append(space());
    int members = random.nextInt(4);
    for (int i = 0; i < members; i++) {
      text.append(i > 0 ? "," : "")
          .append(space())
          .append(string().replaceAll("(?i)[\\\\]ud[89a-f]..", "s"))
          .append(space())
          .append(":")
          .append(space())
          .append(value(depth - 1))
          .append(space());
    }
    return text.append("}").toString();
  }

  String string() {
    var text = new StringBuilder("\"");
    int pieces = random.nextInt(random.nextInt(10) == 0 ? 40 : 5);
    for (int i = 0; i < pieces; i++) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
    }
    return text.append('"').toString();
  }

  String number() {
    return NUMBERS[random.nextInt(NUMBERS.length)];
  }

  String space() {
    return SPACES[random.nextInt(SPACES.length)];
  }

  /** A name as written, some letters escaped. */
  String name(String name) {
    var text = new StringBuilder("\"");
    boolean escapes = random.nextInt(4) == 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (escapes && random.nextInt(3) == 0) {
        text.append(String.format("\\u%04x", (int) c));
      } else {
        text.append(c);
      }
    }
    return text.append('"').toString();
  }
}
