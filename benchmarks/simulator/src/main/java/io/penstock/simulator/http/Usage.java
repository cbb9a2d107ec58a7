package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;
import java.util.List;

/**
 * Token counts of a request. Immutable.
 *
 * @param cached prompt tokens the engine found in its cache
 * @param created prompt tokens it newly cached, whole blocks of them
 */
record Usage(int prompt, int completion, int cached, int created) {

  /** Sums the choices; a prompt counts once for its {@code n} choices, as in vLLM. */
  static Usage of(List<Choice> choices, int n, int blockSize) {
    int prompt = 0;
    int completion = 0;
    int cached = 0;
    int created = 0;
    for (Choice choice : choices) {
      completion += choice.completionTokens();
      if (choice.index() % n == 0) {
        prompt += choice.promptTokens();
        cached += choice.cachedTokens();
        int full = choice.promptTokens() / blockSize * blockSize;
        created += Math.max(0, full - choice.cachedTokens());
      }
    }
    return new Usage(prompt, completion, cached, created);
  }

  /** The field {@code usage} of an answer that is not streamed. */
  void writeWhole(JsonWriter out, boolean details, boolean withCreated) {
    out.name("usage").object();
    counts(out);
    if (details) {
      out.name("prompt_tokens_details").object().field("cached_tokens", cached);
      if (withCreated && created > 0) {
        out.field("created_cache_tokens", created);
      } else {
        out.nulls("created_cache_tokens");
      }
      out.nulls("multimodal_tokens").endObject();
    } else {
      out.nulls("prompt_tokens_details");
    }
    out.nulls("completion_tokens_details").endObject();
  }

  /** The field {@code usage} of a chunk: without what is not known. */
  void writeChunk(JsonWriter out, boolean details) {
    out.name("usage").object();
    counts(out);
    if (details) {
      out.name("prompt_tokens_details").object().field("cached_tokens", cached).endObject();
    }
    out.endObject();
  }

  private void counts(JsonWriter out) {
    out.field("prompt_tokens", prompt)
        .field("total_tokens", prompt + completion)
        .field("completion_tokens", completion);
  }
}
