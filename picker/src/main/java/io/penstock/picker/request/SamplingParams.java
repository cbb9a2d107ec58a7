package io.penstock.picker.request;

import org.jspecify.annotations.Nullable;

/**
 * What {@code sampling_params} of a body for {@code /inference/v1/generate}, or for SGLang's {@code
 * /generate}, says. Engines read transfer parameters there too, as {@code
 * extra_args.kv_transfer_params}: of an object that a client gives there the contents are blanked.
 * Anything else but null is refused: vLLM's connectors ask it for its members, whatever it is, and
 * the engine ends on it.
 *
 * <p>Confined to one event loop; {@link #reset} makes it ready for another body.
 */
final class SamplingParams {

  /** Containers that are open around the members of the object, and around those of extra_args. */
  private static final int DEPTH = 2;

  private enum Ahead {
    NOTHING(""),
    N("n"),
    MAX_TOKENS("max_tokens"),
    /** What SGLang calls {@link #MAX_TOKENS}. */
    MAX_NEW_TOKENS("max_new_tokens"),
    PROMPT_LOGPROBS("prompt_logprobs"),
    EXTRA_ARGS("extra_args"),
    KV_TRANSFER("kv_transfer_params"),
    EC_TRANSFER("ec_transfer_params");

    private final String name;

    Ahead(String name) {
      this.name = name;
    }

    /** Whether the bytes are its name, which is ASCII. */
    private boolean is(byte[] bytes, int from, int to) {
      boolean same = to - from == name.length();
      for (int i = from; same && i < to; i++) {
        same = bytes[i] == name.charAt(i - from);
      }
      return same;
    }
  }

  private static final Ahead[] OUTER = {
    Ahead.N, Ahead.MAX_TOKENS, Ahead.MAX_NEW_TOKENS, Ahead.PROMPT_LOGPROBS, Ahead.EXTRA_ARGS
  };
  private static final Ahead[] INNER = {Ahead.KV_TRANSFER, Ahead.EC_TRANSFER};

  private Ahead ahead = Ahead.NOTHING;
  private boolean inExtraArgs;
  private int extraArgsStart;
  private int transferStart;
  private int n;
  private int maxTokens;
  private boolean promptLogprobs;
  private @Nullable ByteSpan span;
  private @Nullable ByteSpan extraArgs;

  void reset() {
    ahead = Ahead.NOTHING;
    inExtraArgs = false;
    n = 1;
    maxTokens = -1;
    promptLogprobs = false;
    span = null;
    extraArgs = null;
  }

  /** The transfer parameter of that name; null for any other member of extra_args. */
  static @Nullable String transfer(byte[] bytes, int from, int to) {
    for (var member : INNER) {
      if (member.is(bytes, from, to)) {
        return member.name;
      }
    }
    return null;
  }

  boolean wantsName(int depth) {
    return depth == DEPTH || (inExtraArgs && depth == DEPTH + 1);
  }

  void name(byte[] bytes, int from, int to, int depth) {
    ahead = Ahead.NOTHING;
    for (var member : depth == DEPTH ? OUTER : INNER) {
      if (member.is(bytes, from, to)) {
        ahead = member;
      }
    }
  }

  /**
   * A value begins inside of the object.
   *
   * @return the transfer parameter that it is and may not be; mostly null
   */
  @Nullable String valueStart(JsonType type, int depth, int at) {
    if (depth == DEPTH && ahead == Ahead.EXTRA_ARGS && type == JsonType.OBJECT) {
      inExtraArgs = true;
      extraArgsStart = at;
    } else if (depth == DEPTH && ahead == Ahead.PROMPT_LOGPROBS) {
      promptLogprobs |= type != JsonType.NULL && type != JsonType.FALSE;
    } else if (depth == DEPTH + 1) {
      transferStart = at;
      if (isTransfer() && type != JsonType.OBJECT && type != JsonType.NULL) {
        return ahead.name;
      }
    }
    return null;
  }

  private boolean isTransfer() {
    return inExtraArgs && (ahead == Ahead.KV_TRANSFER || ahead == Ahead.EC_TRANSFER);
  }

  /** A value inside of the object ended. */
  void valueEnd(JsonType type, int depth, int end, JsonNumber number, StrippedSpans stripped) {
    if (depth == DEPTH) {
      if (inExtraArgs) {
        extraArgs = new ByteSpan(extraArgsStart, end);
        inExtraArgs = false;
      } else if (ahead == Ahead.N && type == JsonType.NUMBER) {
        n = Math.clamp(number.value(), n, Integer.MAX_VALUE);
      } else if ((ahead == Ahead.MAX_TOKENS || ahead == Ahead.MAX_NEW_TOKENS)
          && type == JsonType.NUMBER) {
        maxTokens = Math.clamp(number.value(), -1, Integer.MAX_VALUE);
      }
      ahead = Ahead.NOTHING;
    } else if (depth == DEPTH + 1 && inExtraArgs) {
      if (isTransfer() && type == JsonType.OBJECT && end - transferStart > 2) {
        stripped.contents(transferStart + 1, end - 1);
      }
      ahead = Ahead.NOTHING;
    }
  }

  /** The object ended. */
  void end(int start, int end) {
    span = new ByteSpan(start, end);
  }

  /** Number of answers, at least 1. */
  int n() {
    return n;
  }

  /** Bound on generated tokens, -1 if absent. */
  int maxTokens() {
    return maxTokens;
  }

  /** Whether log-probabilities of the prompt are asked for. */
  boolean promptLogprobs() {
    return promptLogprobs;
  }

  /** Where the object is, null if there is none. */
  @Nullable ByteSpan span() {
    return span;
  }

  /** Where its extra_args are, null if it has none. */
  @Nullable ByteSpan extraArgs() {
    return extraArgs;
  }
}
