package io.penstock.tools.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.io.JsonStringEncoder;

/**
 * The fixed parts of a chat completion request. Immutable.
 *
 * @param model name, as the pods serve it
 * @param stream whether the answer is a stream of events
 */
public record ChatBody(String model, boolean stream) {

  private static final byte[] BETWEEN = "\"},{\"role\":\"user\",\"content\":\"".getBytes(UTF_8);

  /** Up to the first byte of the system prompt. */
  byte[] head() {
    var quoted = new String(JsonStringEncoder.getInstance().quoteAsUTF8(model), UTF_8);
    return ("{\"model\":\"" + quoted + "\",\"messages\":[{\"role\":\"system\",\"content\":\"")
        .getBytes(UTF_8);
  }

  /** From the last byte of the system prompt to the first of the question. */
  byte[] between() {
    return BETWEEN.clone();
  }

  /** From the last byte of the question to the end. */
  byte[] tail(int outputTokens) {
    return "\"}],\"max_tokens\":%d,\"ignore_eos\":true,\"stream\":%b}"
        .formatted(outputTokens, stream)
        .getBytes(UTF_8);
  }
}
