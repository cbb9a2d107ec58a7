package io.penstock.picker.request;

import static io.penstock.picker.request.JsonType.ARRAY;
import static io.penstock.picker.request.JsonType.FALSE;
import static io.penstock.picker.request.JsonType.NULL;
import static io.penstock.picker.request.JsonType.NUMBER;
import static io.penstock.picker.request.JsonType.OBJECT;
import static io.penstock.picker.request.JsonType.STRING;
import static io.penstock.picker.request.JsonType.TRUE;

/** What a member of the body is to the scanner, and the types the engines accept for it. */
enum Meaning {
  MODEL("a string", STRING, NULL),
  STREAM("a boolean or null", TRUE, FALSE, NULL),
  STREAM_OPTIONS("an object or null", OBJECT, NULL),
  MAX_TOKENS("an integer or null", NUMBER, NULL),
  /** Where there, it goes before {@link #MAX_TOKENS}. */
  MAX_COMPLETION_TOKENS("an integer or null", NUMBER, NULL),
  N("an integer or null", NUMBER, NULL),
  PRIORITY("an integer or null", NUMBER, NULL),
  TOOLS("an array or null", ARRAY, NULL),
  CACHE_SALT("a string or null", STRING, NULL),
  PREVIOUS_RESPONSE("a string or null", STRING, NULL),
  /** Text in front of the prompt: in the root and part of the prompt's length. */
  ROOT_TEXT("an array or null", ARRAY, NULL),
  /** A setting that changes how the engine renders the prompt: in the root. */
  ROOT("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL),
  /** First part of the prompt. */
  HEAD("a string, an array or null", STRING, ARRAY, NULL),
  /** The prompt as a list of messages. */
  MESSAGES("an array", ARRAY),
  /** The prompt as text or token ids, one or many. */
  TEXT_OR_TOKENS("a string, an array or null", STRING, ARRAY, NULL),
  /** The prompt as text or a list of items. */
  INPUT("a string or an array", STRING, ARRAY),
  /** A prompt if it looks like one; what it may be is the engine's business. */
  ANY_PROMPT("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL),
  /** Says what answer is wanted, nothing of the prompt; only where it stands matters. */
  ANSWER("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL),
  /** An answer member of which matters whether it is asked for: null and false are not. */
  LOGPROBS("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL),
  /** The same. */
  PROMPT_LOGPROBS("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL),
  /** The same. */
  ECHO("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL),
  /** An answer member where it has a {@code budget_tokens}; else it may change the prompt. */
  THINKING("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL),
  /** An answer member with more in it: {@link SamplingParams}. */
  SAMPLING("an object or null", OBJECT, NULL),
  /** The same, or one for each prompt, which are not looked into. */
  SAMPLING_EACH("an object, an array or null", OBJECT, ARRAY, NULL),
  /** What vLLM makes its extra_args of, to be looked through for what only a gateway may set. */
  XARGS("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL),
  /** Blanked before the body is forwarded, so of no meaning to the engine. */
  STRIPPED("anything", OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL);

  private final String allowedPhrase;

  /** Bits of the allowed types. */
  private final int allowed;

  Meaning(String allowedPhrase, JsonType... allowed) {
    this.allowedPhrase = allowedPhrase;
    int bits = 0;
    for (JsonType type : allowed) {
      bits |= type.bit();
    }
    this.allowed = bits;
  }

  boolean allows(JsonType type) {
    return (allowed & type.bit()) != 0;
  }

  /** Whether the value is prompt, to be hashed block by block. */
  boolean isPrompt() {
    return switch (this) {
      case HEAD, MESSAGES, TEXT_OR_TOKENS, INPUT, ANY_PROMPT -> true;
      case MODEL,
          STREAM,
          STREAM_OPTIONS,
          MAX_TOKENS,
          MAX_COMPLETION_TOKENS,
          N,
          PRIORITY,
          TOOLS,
          CACHE_SALT,
          PREVIOUS_RESPONSE,
          ROOT_TEXT,
          ROOT,
          ANSWER,
          LOGPROBS,
          PROMPT_LOGPROBS,
          ECHO,
          THINKING,
          SAMPLING,
          SAMPLING_EACH,
          XARGS,
          STRIPPED ->
          false;
    };
  }

  /** Whether any value says what answer is wanted, and nothing of the prompt. */
  boolean isAnswer() {
    return switch (this) {
      case STREAM,
          STREAM_OPTIONS,
          MAX_TOKENS,
          MAX_COMPLETION_TOKENS,
          ANSWER,
          LOGPROBS,
          PROMPT_LOGPROBS,
          ECHO,
          SAMPLING,
          SAMPLING_EACH ->
          true;
      case MODEL,
          N,
          PRIORITY,
          TOOLS,
          CACHE_SALT,
          PREVIOUS_RESPONSE,
          ROOT_TEXT,
          ROOT,
          HEAD,
          MESSAGES,
          TEXT_OR_TOKENS,
          INPUT,
          ANY_PROMPT,
          THINKING,
          XARGS,
          STRIPPED ->
          false;
    };
  }

  /** Whether the value is for {@link SamplingParams}. */
  boolean isSampling() {
    return this == SAMPLING || this == SAMPLING_EACH;
  }

  /** Whether the engine is left to make of a second one what it will. */
  boolean mayRepeat() {
    return this == ANSWER
        || this == LOGPROBS
        || this == PROMPT_LOGPROBS
        || this == ECHO
        || this == THINKING
        || this == XARGS;
  }

  /** The allowed types, as a sentence names them. */
  String allowedPhrase() {
    return allowedPhrase;
  }
}
