package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Token counts as a pod reports them in a {@code usage} object, read out of bytes that pass by.
 * Confined to the exchange's event loop; -1 stands for a count that was not reported.
 */
public final class Usage {

  /** A usage object is looked for in the last bytes of an event or a body, where engines put it. */
  public static final int TAIL_BYTES = 2 * 1024;

  private static final byte[] USAGE = ascii("\"usage\":{");
  private static final byte[] PROMPT = ascii("\"prompt_tokens\":");
  private static final byte[] INPUT = ascii("\"input_tokens\":");
  private static final byte[] COMPLETION = ascii("\"completion_tokens\":");
  private static final byte[] OUTPUT = ascii("\"output_tokens\":");
  private static final byte[] CACHED = ascii("\"cached_tokens\":");
  private static final byte[] CACHE_READ = ascii("\"cache_read_input_tokens\":");

  private int promptTokens = -1;
  private int cachedTokens = -1;
  private int completionTokens = -1;

  /** Takes the counts from the last usage object in these bytes; none leaves all as it is. */
  public void look(ByteBuf buffer, int start, int end) {
    int from = Math.max(start, end - TAIL_BYTES);
    int found = last(buffer, from, end, USAGE);
    if (found < 0) {
      return;
    }
    int at = found + USAGE.length;
    promptTokens = either(buffer, at, end, PROMPT, INPUT, promptTokens);
    completionTokens = either(buffer, at, end, COMPLETION, OUTPUT, completionTokens);
    cachedTokens = either(buffer, at, end, CACHED, CACHE_READ, cachedTokens);
  }

  private static int either(
      ByteBuf buffer, int from, int end, byte[] name, byte[] other, int otherwise) {
    int value = number(buffer, from, end, name);
    if (value < 0) {
      value = number(buffer, from, end, other);
    }
    return value < 0 ? otherwise : value;
  }

  private static int number(ByteBuf buffer, int from, int end, byte[] name) {
    int found = first(buffer, from, end, name);
    if (found < 0) {
      return -1;
    }
    int at = found + name.length;
    while (at < end && buffer.getByte(at) == ' ') {
      at++;
    }
    long value = -1;
    for (; at < end && buffer.getByte(at) >= '0' && buffer.getByte(at) <= '9'; at++) {
      value = Math.max(value, 0) * 10 + (buffer.getByte(at) - '0');
      if (value > Integer.MAX_VALUE) {
        return -1;
      }
    }
    return (int) value;
  }

  private static int last(ByteBuf buffer, int from, int end, byte[] wanted) {
    for (int i = end - wanted.length; i >= from; i--) {
      if (matches(buffer, i, wanted)) {
        return i;
      }
    }
    return -1;
  }

  private static int first(ByteBuf buffer, int from, int end, byte[] wanted) {
    for (int i = from; i <= end - wanted.length; i++) {
      if (matches(buffer, i, wanted)) {
        return i;
      }
    }
    return -1;
  }

  private static boolean matches(ByteBuf buffer, int at, byte[] wanted) {
    for (int i = 0; i < wanted.length; i++) {
      if (buffer.getByte(at + i) != wanted[i]) {
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
