package io.penstock.picker.request;

/** Which inference API a body belongs to; decides which of its members mean something. */
public enum ApiKind {
  /** {@code /v1/chat/completions}: the prompt is {@code messages}. */
  CHAT,
  /** {@code /v1/completions}: the prompt is {@code prompt}, as text or token ids, one or many. */
  COMPLETIONS,
  /** {@code /v1/responses}: the prompt is {@code instructions}, then {@code input}. */
  RESPONSES,
  /** {@code /v1/messages}: the prompt is {@code system}, then {@code messages}. */
  MESSAGES,
  /** {@code /inference/v1/generate}: the prompt is {@code token_ids}. */
  GENERATE,
  /**
   * SGLang's own {@code /generate}: the prompt is {@code input_ids} or {@code text}, one or many;
   * the body need not name a model.
   */
  SGLANG,
  /** {@code /v1/embeddings}: the prompt is {@code input}, {@code prompt} or {@code messages}. */
  EMBEDDINGS,
  /**
   * Any other body with a {@code model} (rerank, score, tokenize, classify, transcriptions); {@code
   * input}, {@code prompt} and {@code messages} are prompts if present.
   */
  OPAQUE
}
