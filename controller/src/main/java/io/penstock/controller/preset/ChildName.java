package io.penstock.controller.preset;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Names of children, at most 63 characters: what is too long is cut and made unique by an MD5 sum,
 * exactly as KServe does it, so that objects keep their names when the controller is exchanged.
 */
public final class ChildName {

  private static final int LIMIT = 63;
  private static final int KEPT = 31;

  private ChildName() {}

  /** The name of {@code parent}'s child of that suffix. */
  public static String of(String parent, String suffix) {
    if (parent.length() + suffix.length() <= LIMIT) {
      return parent + suffix;
    }
    if (suffix.length() < KEPT) {
      var kept = Math.min(parent.length(), KEPT - suffix.length());
      return parent.substring(0, kept) + md5(parent) + suffix;
    }
    var kept = parent.substring(0, Math.min(parent.length(), KEPT));
    var name = kept + md5(parent + suffix);
    var whole = name + suffix.substring(0, Math.min(suffix.length(), LIMIT - name.length()));
    int end = whole.length();
    while (end > 0 && !isAlphanumeric(whole.charAt(end - 1))) {
      end--;
    }
    return whole.substring(0, end);
  }

  private static boolean isAlphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  private static String md5(String text) {
    try {
      var digest = MessageDigest.getInstance("MD5");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("a Java platform without MD5", e);
    }
  }
}
