package io.penstock.proxy.config;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The text and the origin of every setting after all sources were laid over each other. Immutable
 * once loaded.
 */
public final class EffectiveSettings {

  /** Origin of what nobody set. */
  static final String DEFAULT = "default";

  private record Given(String text, String source) {}

  private final Map<String, Given> given = new HashMap<>();
  private String pools = DEFAULT;

  EffectiveSettings() {}

  /** Where the value came from: {@code default}, {@code FILE:LINE}, a variable or a flag. */
  public String source(Setting<?> setting) {
    var found = given.get(setting.path());
    return found == null ? DEFAULT : found.source;
  }

  /** Where the pools came from. */
  public String poolsSource() {
    return pools;
  }

  /** The value as it was written. */
  public String text(Setting<?> setting) {
    var found = given.get(setting.path());
    return found != null ? found.text : standard(setting);
  }

  <T extends @Nullable Object> T value(Setting<T> setting) {
    return setting.type().parse(text(setting));
  }

  void put(Setting<?> setting, String text, String source) {
    given.put(setting.path(), new Given(text, source));
  }

  void poolsFrom(String source) {
    pools = source;
  }

  private static String standard(Setting<?> setting) {
    var standard = setting.standard();
    if (standard == null) {
      throw new IllegalArgumentException(setting.path() + " has no default");
    }
    return standard;
  }
}
