package io.penstock.proxy.config;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One leaf of the configuration: its names in the file, on the command line and in the environment,
 * its default and its meaning. Immutable.
 *
 * @param path in the file, such as {@code timeouts.firstByte}; in a pool, from {@code pools[]} on
 * @param standard text of the default; null where a value must be given
 * @param doc one sentence
 */
public record Setting<T extends @Nullable Object>(
    String path, SettingType<T> type, @Nullable String standard, String doc) {

  /** One of a time above 0. */
  static Setting<Duration> time(String path, String standard, String doc) {
    return new Setting<>(path, SettingType.TIME, standard, doc);
  }

  /** Whether it has a flag and a variable; lists come from the file alone. */
  public boolean standsAlone() {
    return !path.startsWith("pools");
  }

  /** {@code --timeouts.first-byte}. */
  public String flag() {
    return "--" + words('-').toLowerCase(Locale.ROOT);
  }

  /** {@code PENSTOCK_TIMEOUTS_FIRST_BYTE}. */
  public String variable() {
    return "PENSTOCK_" + words('_').replace('.', '_').toUpperCase(Locale.ROOT);
  }

  /** For people: what a value looks like. */
  public String allowed() {
    return type.allowed();
  }

  /** Last part of the path. */
  String key() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** Path of the mapping it is in; empty for the root. */
  String group() {
    int dot = path.lastIndexOf('.');
    return dot < 0 ? "" : path.substring(0, dot);
  }

  private String words(char between) {
    var text = new StringBuilder();
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (Character.isUpperCase(c)) {
        text.append(between);
      }
      text.append(c);
    }
    return text.toString();
  }
}
