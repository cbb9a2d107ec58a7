package io.penstock.proxy.openai;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One entry of the key file. Immutable; never says more of the key than its name. */
public final class ApiKey {

  /** Who asks when there is no authentication. */
  static final ApiKey ANYBODY = new ApiKey("", new byte[0], new byte[0], List.of(), null);

  private final String name;
  private final byte[] salt;
  private final byte[] sha256;
  private final List<String> models;
  private final @Nullable Instant expires;

  ApiKey(String name, byte[] salt, byte[] sha256, List<String> models, @Nullable Instant expires) {
    this.name = name;
    this.salt = salt;
    this.sha256 = sha256;
    this.models = List.copyOf(models);
    this.expires = expires;
  }

  /** Name for logs; empty where there is no authentication. */
  public String name() {
    return name;
  }

  /** Whether requests with this key may use the model. */
  public boolean allows(String model) {
    if (models.isEmpty()) {
      return true;
    }
    for (var glob : models) {
      if (matches(glob, model)) {
        return true;
      }
    }
    return false;
  }

  /** Whether every model is allowed. */
  public boolean allowsEverything() {
    return models.isEmpty();
  }

  byte[] salt() {
    return salt;
  }

  byte[] sha256() {
    return sha256;
  }

  boolean expiredAt(Instant now) {
    return expires != null && !now.isBefore(expires);
  }

  @Override
  public String toString() {
    return "ApiKey[" + name + "]";
  }

  /** {@code *} stands for any characters, slashes too, {@code ?} for one. Linear but for stars. */
  static boolean matches(String glob, String text) {
    int g = 0;
    int t = 0;
    int star = -1;
    int mark = 0;
    while (t < text.length()) {
      char c = g < glob.length() ? glob.charAt(g) : 0;
      if (g < glob.length() && c == '*') {
        star = g++;
        mark = t;
      } else if (g < glob.length() && (c == '?' || c == text.charAt(t))) {
        g++;
        t++;
      } else if (star >= 0) {
        g = star + 1;
        t = ++mark;
      } else {
        return false;
      }
    }
    while (g < glob.length() && glob.charAt(g) == '*') {
      g++;
    }
    return g == glob.length();
  }
}
