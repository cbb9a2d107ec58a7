package io.penstock.picker.request;

import org.jspecify.annotations.Nullable;

/**
 * What the members of a body have said so far, as plain values. Confined to one event loop; {@link
 * #reset} makes it ready for another body.
 */
final class BodyFacts {

  /** What vLLM generates at most for a completion that does not say, or says null. */
  private static final int COMPLETION_TOKENS = 16;

  /** The model as the body names it; null while it names none. */
  @Nullable String model;

  /** Of the member that names it, in its table. */
  int modelIndex;

  /** Where the name stands, with its quotes. */
  @Nullable ByteSpan modelSpan;

  @Nullable String previousResponseId;
  boolean stream;
  boolean includeUsage;

  /** -1 where none is asked for. */
  int maxTokens;

  /** The same; goes before {@link #maxTokens}. */
  int maxCompletionTokens;

  int n;
  int priority;
  boolean hasTools;
  boolean cacheSaltPresent;
  boolean logprobs;
  boolean promptLogprobs;
  boolean echo;

  /** Bytes of the prompt that are part of its root. */
  int rootBytes;

  /** Prompts in a list of several; 0 for one that is no list. */
  int prompts;

  void reset() {
    model = null;
    modelSpan = null;
    previousResponseId = null;
    stream = false;
    includeUsage = false;
    maxTokens = -1;
    maxCompletionTokens = -1;
    n = 1;
    priority = 0;
    hasTools = false;
    cacheSaltPresent = false;
    logprobs = false;
    promptLogprobs = false;
    echo = false;
    rootBytes = 0;
    prompts = 0;
  }

  /**
   * The request as far as it follows from these facts.
   *
   * @param asked name that the client gave the model
   * @param sent name of the model that an engine is asked for
   * @param sampling what the body says in its sampling parameters
   * @param whole whether the body has nothing more to say
   */
  InferenceRequest.Builder request(
      ApiKind api, String asked, String sent, SamplingParams sampling, boolean whole) {
    return InferenceRequest.builder(api, sent).asked(asked).stream(stream)
        .includeUsage(includeUsage)
        .maxTokens(Math.max(sampling.maxTokens(), limit(api, whole)))
        .n(Math.max(n, sampling.n()))
        .priority(priority)
        .hasTools(hasTools)
        .cacheSaltPresent(cacheSaltPresent)
        .promptLogprobs(promptLogprobs || (echo && logprobs) || sampling.promptLogprobs())
        .previousResponseId(previousResponseId)
        .rootBytes(rootBytes)
        .modelSpan(modelSpan)
        .prompts(Math.max(1, prompts))
        .samplingSpan(sampling.span())
        .extraArgsSpan(sampling.extraArgs());
  }

  private int limit(ApiKind api, boolean whole) {
    if (maxCompletionTokens >= 0) {
      return maxCompletionTokens;
    }
    return maxTokens < 0 && whole && api == ApiKind.COMPLETIONS ? COMPLETION_TOKENS : maxTokens;
  }
}
