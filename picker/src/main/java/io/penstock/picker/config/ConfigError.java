package io.penstock.picker.config;

/**
 * One thing wrong with a configuration, for a person. Immutable.
 *
 * @param source file, flag or variable
 * @param line of the file, from 1; 0 outside files
 * @param column of the file, from 1; 0 outside files
 * @param path of the setting, such as {@code timeouts.firstByte}; empty for the whole
 * @param message with the offending value and what is allowed
 */
public record ConfigError(String source, int line, int column, String path, String message) {

  /** Of a path and of a message; what is between the beginning and the end of more is left out. */
  private static final int LONGEST = 2_000;

  /** Leaves out the middle of what is too long to be read. */
  public ConfigError {
    path = readable(path);
    message = readable(message);
  }

  private static String readable(String text) {
    return text.length() <= LONGEST
        ? text
        : text.substring(0, LONGEST / 2) + " ... " + text.substring(text.length() - LONGEST / 2);
  }

  /** An error outside files. */
  public static ConfigError of(String source, String path, String message) {
    return new ConfigError(source, 0, 0, path, message);
  }

  @Override
  public String toString() {
    var text = new StringBuilder(source);
    if (line > 0) {
      text.append(':').append(line).append(':').append(column);
    }
    if (!path.isEmpty() && !path.equals(source)) {
      text.append(": ").append(path);
    }
    return text.append(": ").append(message).toString();
  }
}
