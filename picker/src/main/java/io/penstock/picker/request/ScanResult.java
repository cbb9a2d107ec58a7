package io.penstock.picker.request;

import org.jspecify.annotations.Nullable;

/** What the scan of a body came to. Immutable. */
public sealed interface ScanResult {

  /** The body is well-formed, as far as the gateway relies on it. */
  record Scanned(InferenceRequest request) implements ScanResult {}

  /**
   * The body cannot be routed; the client is to blame.
   *
   * @param field member of the body the complaint is about, such as {@code max_tokens} or {@code
   *     stream_options.include_usage}; null where no single one is
   * @param offset bytes of the body in front of the place where the scan stopped
   * @param message one sentence for the client, without any of the body's text
   */
  record Malformed(Kind kind, @Nullable String field, int offset, String message)
      implements ScanResult {}

  /** Ways to be malformed. */
  enum Kind {
    /** Not a JSON object by RFC 8259, or not multipart/form-data, or cut short. */
    INVALID_JSON,
    /** A member the gateway cannot do without is absent, null or empty. */
    MISSING_FIELD,
    /** A member the gateway relies on has a type the engines do not accept. */
    INVALID_TYPE,
    /** A member the gateway relies on is there twice, so that readers may disagree. */
    DUPLICATE_FIELD,
    /** A name is longer than {@link ScanLimits#maxNameBytes}. */
    TOO_LONG,
    /** Nested deeper than {@link ScanLimits#maxNesting}. */
    TOO_DEEP,
    /** More JSON tokens than {@link ScanLimits#maxTokens}. */
    TOO_MANY_TOKENS,
    /** More bytes than {@link ScanLimits#maxBodyBytes}. */
    TOO_LARGE
  }
}
