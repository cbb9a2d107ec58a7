package io.penstock.picker.request;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What scheduling and the gateway need to know of one request; never the prompt itself. Immutable.
 *
 * @param model what the engine is asked for, unescaped: as the client named it, or as a rule says;
 *     empty where there is none, as in a GET
 * @param asked name that the client gave the model
 * @param stream whether the answer is to be an event stream
 * @param includeUsage whether {@code stream_options.include_usage} asks for a usage event
 * @param maxTokens bound on generated tokens as the engine reads it, or -1 if there is none; a
 *     completion without one has vLLM's own
 * @param n number of answers, at least 1
 * @param priority engine priority, lower first, 0 if absent
 * @param hasTools whether at least one tool is defined
 * @param cacheSaltPresent whether a {@code cache_salt} isolates this prompt (it is in the keys)
 * @param promptLogprobs whether log-probabilities of the prompt's own tokens are asked for
 * @param previousResponseId response this one continues (Responses API), or null
 * @param promptBytes bytes of prompt as sent, tools and system prompt included, media left out
 * @param rootBytes bytes of those in front of the first block (tools, documents): no key stands for
 *     them alone, but where the first key is cached they are too
 * @param promptTokenIds exact number of prompt tokens if the prompt is token ids, otherwise -1
 * @param mediaTokens estimated tokens of images, audio and video in the prompt, 4 million at most
 * @param keys block keys of the prompt
 * @param modelSpan the model's value in the body: of JSON with its quotes, of a form the value
 *     alone; null if the body is neither
 * @param stripSpans ranges to overwrite with spaces before the body is forwarded; what remains is
 *     JSON of the same length without the members clients may not send. Ascending, disjoint
 * @param prompts number of prompts, at least 1; more in a batch of completions
 * @param answerSpans ranges of the members that say what answer is wanted and nothing of the prompt
 *     (limits, stops, stream, formats), and of those to strip: an object without these ranges is
 *     JSON too. Ascending, disjoint
 * @param samplingSpan the value of {@code sampling_params} in the body, null if it is no object
 * @param extraArgsSpan the value of {@code extra_args} in that, null if it is no object
 * @param bodyBytes length of the whole body
 */
public record InferenceRequest(
    ApiKind api,
    String model,
    String asked,
    boolean stream,
    boolean includeUsage,
    int maxTokens,
    int n,
    int priority,
    boolean hasTools,
    boolean cacheSaltPresent,
    boolean promptLogprobs,
    @Nullable String previousResponseId,
    int promptBytes,
    int rootBytes,
    int promptTokenIds,
    int mediaTokens,
    PromptKeys keys,
    @Nullable ByteSpan modelSpan,
    List<ByteSpan> stripSpans,
    int prompts,
    List<ByteSpan> answerSpans,
    @Nullable ByteSpan samplingSpan,
    @Nullable ByteSpan extraArgsSpan,
    int bodyBytes) {

  /** Copies the spans. */
  public InferenceRequest {
    Objects.requireNonNull(api);
    Objects.requireNonNull(model);
    Objects.requireNonNull(asked);
    stripSpans = List.copyOf(stripSpans);
    answerSpans = List.copyOf(answerSpans);
  }

  /** A request for {@code model} with everything else absent. */
  public static Builder builder(ApiKind api, String model) {
    return new Builder(api, model);
  }

  /** Whether the engine is asked for another model than the client named. */
  public boolean rewritten() {
    return !model.equals(asked);
  }

  /**
   * The same request once another value stands in the model's place.
   *
   * @param length of that value in bytes, with its quotes in JSON
   */
  public InferenceRequest withModelOf(int length) {
    var span = modelSpan;
    if (span == null) {
      throw new IllegalStateException("the body has no model");
    }
    int growth = length - span.length();
    return new InferenceRequest(
        api,
        model,
        asked,
        stream,
        includeUsage,
        maxTokens,
        n,
        priority,
        hasTools,
        cacheSaltPresent,
        promptLogprobs,
        previousResponseId,
        promptBytes,
        rootBytes,
        promptTokenIds,
        mediaTokens,
        keys,
        new ByteSpan(span.start(), span.start() + length),
        moved(stripSpans, span.end(), growth),
        prompts,
        moved(answerSpans, span.end(), growth),
        moved(samplingSpan, span.end(), growth),
        moved(extraArgsSpan, span.end(), growth),
        bodyBytes + growth);
  }

  private static List<ByteSpan> moved(List<ByteSpan> spans, int from, int by) {
    List<ByteSpan> moved = new ArrayList<>(spans.size());
    for (var each : spans) {
      moved.add(Objects.requireNonNull(moved(each, from, by)));
    }
    return moved;
  }

  private static @Nullable ByteSpan moved(@Nullable ByteSpan span, int from, int by) {
    return span == null || span.start() < from
        ? span
        : new ByteSpan(span.start() + by, span.end() + by);
  }

  /**
   * Prompt length in tokens: exact for token ids, otherwise an estimate.
   *
   * @param bytesPerToken what the model's tokenizer makes of prompt bytes, above 0
   */
  public long promptTokens(double bytesPerToken) {
    return promptTokenIds >= 0
        ? promptTokenIds
        : Math.round(promptBytes / bytesPerToken) + mediaTokens;
  }

  /** Fills an {@link InferenceRequest}. Confined to the thread that made it. */
  public static final class Builder {
    private final ApiKind api;
    private final String model;
    private String asked;
    private boolean stream;
    private boolean includeUsage;
    private int maxTokens = -1;
    private int n = 1;
    private int priority;
    private boolean hasTools;
    private boolean cacheSaltPresent;
    private boolean promptLogprobs;
    private @Nullable String previousResponseId;
    private int promptBytes;
    private int rootBytes;
    private int promptTokenIds = -1;
    private int mediaTokens;
    private PromptKeys keys = PromptKeys.NONE;
    private @Nullable ByteSpan modelSpan;
    private List<ByteSpan> stripSpans = List.of();
    private int prompts = 1;
    private List<ByteSpan> answerSpans = List.of();
    private @Nullable ByteSpan samplingSpan;
    private @Nullable ByteSpan extraArgsSpan;
    private int bodyBytes;

    private Builder(ApiKind api, String model) {
      this.api = api;
      this.model = model;
      this.asked = model;
    }

    public Builder asked(String value) {
      asked = value;
      return this;
    }

    public Builder stream(boolean value) {
      stream = value;
      return this;
    }

    public Builder includeUsage(boolean value) {
      includeUsage = value;
      return this;
    }

    public Builder maxTokens(int value) {
      maxTokens = value;
      return this;
    }

    public Builder n(int value) {
      n = value;
      return this;
    }

    public Builder priority(int value) {
      priority = value;
      return this;
    }

    public Builder hasTools(boolean value) {
      hasTools = value;
      return this;
    }

    public Builder cacheSaltPresent(boolean value) {
      cacheSaltPresent = value;
      return this;
    }

    public Builder promptLogprobs(boolean value) {
      promptLogprobs = value;
      return this;
    }

    public Builder previousResponseId(@Nullable String value) {
      previousResponseId = value;
      return this;
    }

    public Builder promptBytes(int value) {
      promptBytes = value;
      return this;
    }

    public Builder rootBytes(int value) {
      rootBytes = value;
      return this;
    }

    public Builder promptTokenIds(int value) {
      promptTokenIds = value;
      return this;
    }

    public Builder mediaTokens(int value) {
      mediaTokens = value;
      return this;
    }

    public Builder keys(PromptKeys value) {
      keys = value;
      return this;
    }

    public Builder modelSpan(@Nullable ByteSpan value) {
      modelSpan = value;
      return this;
    }

    public Builder stripSpans(List<ByteSpan> value) {
      stripSpans = value;
      return this;
    }

    public Builder prompts(int value) {
      prompts = value;
      return this;
    }

    public Builder answerSpans(List<ByteSpan> value) {
      answerSpans = value;
      return this;
    }

    public Builder samplingSpan(@Nullable ByteSpan value) {
      samplingSpan = value;
      return this;
    }

    public Builder extraArgsSpan(@Nullable ByteSpan value) {
      extraArgsSpan = value;
      return this;
    }

    public Builder bodyBytes(int value) {
      bodyBytes = value;
      return this;
    }

    /** The request as filled so far. */
    public InferenceRequest build() {
      return new InferenceRequest(
          api,
          model,
          asked,
          stream,
          includeUsage,
          maxTokens,
          n,
          priority,
          hasTools,
          cacheSaltPresent,
          promptLogprobs,
          previousResponseId,
          promptBytes,
          rootBytes,
          promptTokenIds,
          mediaTokens,
          keys,
          modelSpan,
          stripSpans,
          prompts,
          answerSpans,
          samplingSpan,
          extraArgsSpan,
          bodyBytes);
    }
  }
}
