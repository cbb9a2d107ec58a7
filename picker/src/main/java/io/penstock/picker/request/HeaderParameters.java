package io.penstock.picker.request;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The value of a header field that may have parameters (RFC 9110 §5.6.6), as {@code form-data;
 * name="model"}. Immutable.
 *
 * <p>Stricter than readers are: what an engine could read in another way is not read at all. Spaces
 * around {@code =} are no part of anything, as Python's email.message has it, by which vLLM and
 * SGLang read forms.
 *
 * @param value what stands in front of the parameters, lower case
 * @param parameters by name in lower case; of a quoted one what is between its quotes, with the
 *     backslashes that are there
 */
record HeaderParameters(String value, Map<String, String> parameters) {

  private static final String MARKS = "!#$%&'*+-.^_`|~";
  private static final String NEVER_UNQUOTED = "\"\\<>";

  /** The only parameter of RFC 8187 that forms have. */
  private static final String FILE_NAME = "filename*";

  /**
   * Reads a field's value.
   *
   * @return null where a parameter is there twice, is continued (RFC 2231), has no value, or is
   *     quoted so that readers may disagree about its end
   */
  static @Nullable HeaderParameters parse(String text) {
    int length = text.length();
    int at = endOfPlain(text, 0);
    var value = text.substring(0, at).strip().toLowerCase(Locale.ROOT);
    if (!isPlain(value)) {
      return null;
    }
    Map<String, String> parameters = new HashMap<>();
    while (at < length) {
      int start = skipBlanks(text, at + 1);
      if (start == length || text.charAt(start) == ';') {
        at = start;
        continue;
      }
      int equals = text.indexOf('=', start);
      var name = equals < 0 ? "" : trimmed(text, start, equals).toLowerCase(Locale.ROOT);
      if (!isName(name)) {
        return null;
      }
      int from = skipBlanks(text, equals + 1);
      boolean quoted = from < length && text.charAt(from) == '"';
      int end = quoted ? closingQuote(text, from + 1) : endOfPlain(text, from);
      if (end < 0) {
        return null;
      }
      var said = quoted ? text.substring(from + 1, end) : trimmed(text, from, end);
      at = quoted ? skipBlanks(text, end + 1) : end;
      if ((!quoted && !isPlain(said)) || (at < length && text.charAt(at) != ';')) {
        return null;
      }
      if (parameters.put(name, said) != null) {
        return null;
      }
    }
    return new HeaderParameters(value, Map.copyOf(parameters));
  }

  /** A parameter, null if it is not there. */
  @Nullable String get(String name) {
    return parameters.get(name);
  }

  /** Whether the form's part is a file rather than a field. */
  boolean isFile() {
    return parameters.containsKey("filename") || parameters.containsKey(FILE_NAME);
  }

  private static int endOfPlain(String text, int from) {
    int end = text.indexOf(';', from);
    return end < 0 ? text.length() : end;
  }

  /**
   * Where a quoted text ends, -1 if nowhere. A quote behind an escaped backslash ends it for some
   * readers, Python's not among them.
   */
  private static int closingQuote(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '"') {
        return i > from && text.charAt(i - 1) == '\\' ? -1 : i;
      }
    }
    return -1;
  }

  private static String trimmed(String text, int from, int to) {
    int end = to;
    while (end > from && isBlank(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(from, end);
  }

  private static int skipBlanks(String text, int from) {
    int at = from;
    while (at < text.length() && isBlank(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  /** A token (RFC 9110 §5.6.2), continued by no other. */
  private static boolean isName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (!letter && MARKS.indexOf(c) < 0) {
        return false;
      }
    }
    return !name.isEmpty() && (name.indexOf('*') < 0 || name.equals(FILE_NAME));
  }

  private static boolean isPlain(String said) {
    for (int i = 0; i < said.length(); i++) {
      char c = said.charAt(i);
      if (c < ' ' || c > '~' || NEVER_UNQUOTED.indexOf(c) >= 0) {
        return false;
      }
    }
    return true;
  }
}
