package io.penstock.picker.signals;

import java.nio.charset.StandardCharsets;

/**
 * Token counts as an engine reports them in a {@code usage} object, read out of bytes that pass by;
 * -1 stands for a count that was not reported. Confined to the request's event loop.
 */
public final class TokenUsage {

  /** Engines put a usage object into the last bytes of an event or a body: so many hold it. */
  public static final int TAIL_BYTES = 2 * 1024;

  private static final byte[] USAGE = ascii("\"usage\":");

  /** What SGLang's own API has in its place. */
  private static final byte[] META_INFO = ascii("\"meta_info\":");

  private static final byte[] PROMPT = ascii("\"prompt_tokens\":");
  private static final byte[] INPUT = ascii("\"input_tokens\":");
  private static final byte[] COMPLETION = ascii("\"completion_tokens\":");
  private static final byte[] OUTPUT = ascii("\"output_tokens\":");
  private static final byte[] CACHED = ascii("\"cached_tokens\":");
  private static final byte[] CACHE_READ = ascii("\"cache_read_input_tokens\":");
  private static final byte[] CACHE_CREATION = ascii("\"cache_creation_input_tokens\":");

  private int promptTokens = -1;
  private int cachedTokens = -1;
  private int completionTokens = -1;

  /**
   * Takes the counts from the last usage object of a range; none, or null in its place, leaves all
   * as it is.
   */
  public void look(byte[] bytes, int start, int end) {
    int at = lastUsage(bytes, start, end);
    if (at < 0) {
      return;
    }
    int prompt = number(bytes, at, end, PROMPT);
    if (prompt < 0) {
      prompt = messagesPrompt(bytes, at, end);
    }
    promptTokens = prompt < 0 ? promptTokens : prompt;
    completionTokens = either(bytes, at, end, COMPLETION, OUTPUT, completionTokens);
    cachedTokens = either(bytes, at, end, CACHED, CACHE_READ, cachedTokens);
  }

  /**
   * Tokens of the prompt by {@code input_tokens}: in the Messages API those that were read from the
   * cache, or written to it, are counted apart.
   */
  private static int messagesPrompt(byte[] bytes, int from, int end) {
    long other = number(bytes, from, end, INPUT);
    if (other < 0) {
      return -1;
    }
    long read = Math.max(0, number(bytes, from, end, CACHE_READ));
    long created = Math.max(0, number(bytes, from, end, CACHE_CREATION));
    return (int) Math.min(Integer.MAX_VALUE, other + read + created);
  }

  /** Where the last usage object begins, -1 if there is none. */
  private static int lastUsage(byte[] bytes, int start, int end) {
    for (int i = end - USAGE.length - 1; i >= start; i--) {
      if (bytes[i] == '"') {
        int at = afterName(bytes, i, end);
        if (at >= 0 && at < end && bytes[at] == '{') {
          return at;
        }
      }
    }
    return -1;
  }

  /** Where the value begins of a member that may hold the counts, -1 for any other. */
  private static int afterName(byte[] bytes, int at, int end) {
    if (matches(bytes, at, end, USAGE)) {
      return afterSpaces(bytes, at + USAGE.length, end);
    }
    return matches(bytes, at, end, META_INFO) ? afterSpaces(bytes, at + META_INFO.length, end) : -1;
  }

  private static int either(
      byte[] bytes, int from, int end, byte[] name, byte[] other, int otherwise) {
    int value = number(bytes, from, end, name);
    if (value < 0) {
      value = number(bytes, from, end, other);
    }
    return value < 0 ? otherwise : value;
  }

  private static int number(byte[] bytes, int from, int end, byte[] name) {
    int at = from;
    while (at < end && !(bytes[at] == '"' && matches(bytes, at, end, name))) {
      at++;
    }
    long value = -1;
    for (at = afterSpaces(bytes, at + name.length, end);
        at < end && bytes[at] >= '0' && bytes[at] <= '9';
        at++) {
      value = Math.max(value, 0) * 10 + (bytes[at] - '0');
      if (value > Integer.MAX_VALUE) {
        return -1;
      }
    }
    return (int) value;
  }

  private static int afterSpaces(byte[] bytes, int from, int end) {
    int at = from;
    while (at < end && bytes[at] == ' ') {
      at++;
    }
    return at;
  }

  private static boolean matches(byte[] bytes, int at, int end, byte[] wanted) {
    if (end - at < wanted.length) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      if (bytes[at + i] != wanted[i]) {
        return false;
      }
    }
    return true;
  }

  /** Tokens of the prompt. */
  public int promptTokens() {
    return promptTokens;
  }

  /** Tokens of the prompt that the engine had cached. */
  public int cachedTokens() {
    return cachedTokens;
  }

  /** Tokens generated. */
  public int completionTokens() {
    return completionTokens;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
