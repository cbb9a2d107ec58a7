package io.penstock.proxy.openai;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads the path of a request target strictly, so that the gateway and a pod cannot disagree about
 * what it names: percent-encoded letters and digits are decoded, doubled slashes become one, a
 * trailing slash goes; dot segments, encoded dots, backslashes, controls and broken escapes are
 * refused, wherever they stand. An encoded slash stays as it is and so matches nothing but a
 * model's id. Pure functions.
 */
final class RequestPath {

  private static final int LONGEST = 8_192;

  private RequestPath() {}

  /**
   * Where the path ends and the query begins.
   *
   * @return -1 if the target holds a character that cannot be sent on as it is
   */
  static int end(String uri) {
    int length = uri.length();
    if (length == 0 || length > LONGEST) {
      return -1;
    }
    int end = length;
    for (int i = 0; i < length; i++) {
      char c = uri.charAt(i);
      if (c <= ' ' || c >= 0x7f || c == '#') {
        return -1;
      }
      if (c == '?' && end == length) {
        end = i;
      }
    }
    return end;
  }

  /** The path in normal form, or null where it is refused. */
  static @Nullable String normalized(String uri, int end) {
    int start = afterAuthority(uri, end);
    if (start < 0) {
      return null;
    }
    if (start == end) {
      return "/";
    }
    var path = new StringBuilder(end - start);
    for (int i = start; i < end; i++) {
      char c = uri.charAt(i);
      if (c == '%') {
        int value = i + 2 < end ? escaped(uri, i) : -1;
        if (value < ' ' || value == 0x7f || value == '.' || value == '\\') {
          return null;
        }
        if (isUnreserved(value)) {
          path.append((char) value);
        } else {
          path.append(uri, i, i + 3);
        }
        i += 2;
      } else if (c == '\\') {
        return null;
      } else if (c != '/' || path.isEmpty() || path.charAt(path.length() - 1) != '/') {
        path.append(c);
      }
    }
    if (path.length() > 1 && path.charAt(path.length() - 1) == '/') {
      path.setLength(path.length() - 1);
    }
    return hasDotSegment(path) ? null : path.toString();
  }

  /** The rest of a normalised path with its escapes decoded, or null if that is no UTF-8 text. */
  static @Nullable String decoded(String path, int from) {
    if (path.indexOf('%', from) < 0) {
      return path.substring(from);
    }
    var bytes = ByteBuffer.allocate(path.length() - from);
    for (int i = from; i < path.length(); i++) {
      if (path.charAt(i) == '%') {
        bytes.put((byte) escaped(path, i));
        i += 2;
      } else {
        bytes.put((byte) path.charAt(i));
      }
    }
    try {
      var text = StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
      return hasDotSegment(text) || text.chars().anyMatch(Character::isISOControl) ? null : text;
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  /** Where the path starts: behind {@code http://host} in the absolute form; -1 if nowhere. */
  private static int afterAuthority(String uri, int end) {
    if (uri.charAt(0) == '/') {
      return 0;
    }
    int authority;
    if (uri.regionMatches(true, 0, "http://", 0, 7)) {
      authority = 7;
    } else if (uri.regionMatches(true, 0, "https://", 0, 8)) {
      authority = 8;
    } else {
      return -1;
    }
    int slash = uri.indexOf('/', authority);
    int start = slash < 0 || slash > end ? end : slash;
    return start <= authority ? -1 : start;
  }

  private static boolean hasDotSegment(CharSequence path) {
    int segment = 0;
    for (int i = 0; i <= path.length(); i++) {
      if (i < path.length() && path.charAt(i) != '/') {
        continue;
      }
      int length = i - segment;
      if (length > 0 && length <= 2 && path.charAt(segment) == '.' && path.charAt(i - 1) == '.') {
        return true;
      }
      segment = i + 1;
    }
    return false;
  }

  private static int escaped(String text, int percent) {
    int high = Character.digit(text.charAt(percent + 1), 16);
    int low = Character.digit(text.charAt(percent + 2), 16);
    return high < 0 || low < 0 ? -1 : (high << 4) | low;
  }

  private static boolean isUnreserved(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_'
        || c == '~';
  }
}
