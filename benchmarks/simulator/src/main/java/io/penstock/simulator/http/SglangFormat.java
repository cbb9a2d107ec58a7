package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;
import java.util.List;

/**
 * Answers of SGLang's {@code /generate}: all the text so far in each event, and counts in {@code
 * meta_info}. Confined to the pod's event loop.
 */
final class SglangFormat implements AnswerFormat {

  private final AnswerFacts facts;

  SglangFormat(AnswerFacts facts) {
    this.facts = facts;
  }

  @Override
  public void token(Reply reply, Choice choice) {
    Sse.send(reply, choice(Sse.data(), choice));
  }

  @Override
  public void end(Reply reply, List<Choice> choices) {
    reply.done();
    reply.endStream();
  }

  /** One object, or a list of them where there was a list of prompts. */
  @Override
  public String whole(List<Choice> choices) {
    var out = new JsonWriter();
    if (choices.size() == 1) {
      return choice(out, choices.getFirst()).toString();
    }
    out.array();
    choices.forEach(each -> choice(out, each));
    return out.endArray().toString();
  }

  private JsonWriter choice(JsonWriter out, Choice choice) {
    out.object().field("text", choice.text()).field("output_ids", choice.tokenIds());
    out.name("meta_info").object().field("id", facts.id());
    if (choice.isFinished()) {
      out.name("finish_reason").object().field("type", choice.finishReason());
      out.field("length", choice.completionTokens()).endObject();
    } else {
      out.nulls("finish_reason");
    }
    return out.field("prompt_tokens", choice.promptTokens())
        .field("weight_version", "default")
        .field("completion_tokens", choice.completionTokens())
        .field("cached_tokens", choice.cachedTokens())
        .endObject()
        .endObject();
  }
}
