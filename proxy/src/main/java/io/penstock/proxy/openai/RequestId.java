package io.penstock.proxy.openai;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The id that a client, the access log, the decision record and the pod share for one request: the
 * client's own {@code x-request-id} if it is plain, otherwise {@code req_} and 24 characters.
 */
public final class RequestId {

  private static final char[] BASE62 =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".toCharArray();
  private static final int LONGEST = 128;
  private static final int DRAWN = 24;

  private RequestId() {}

  /**
   * The id to use.
   *
   * @param sent the client's header, if there is one
   * @param random draws a new id; confined to the caller
   */
  public static String accept(@Nullable CharSequence sent, RandomGenerator random) {
    return sent != null && isPlain(sent, LONGEST) ? sent.toString() : fresh(random);
  }

  /** A new id. */
  public static String fresh(RandomGenerator random) {
    var id = new char[4 + DRAWN];
    "req_".getChars(0, 4, id, 0);
    long left = 0;
    for (int i = 0; i < DRAWN; i++) {
      if (i % 8 == 0) {
        // 62^8 is below 2^48, so eight characters of one draw are even to within 2^-15.
        left = random.nextLong() >>> 1;
      }
      id[4 + i] = BASE62[(int) (left % 62)];
      left /= 62;
    }
    return new String(id);
  }

  /** Whether a text of 1 to {@code longest} characters consists of {@code [A-Za-z0-9._-]}. */
  static boolean isPlain(CharSequence text, int longest) {
    int length = text.length();
    if (length == 0 || length > longest) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '.'
              || c == '_'
              || c == '-';
      if (!plain) {
        return false;
      }
    }
    return true;
  }
}
