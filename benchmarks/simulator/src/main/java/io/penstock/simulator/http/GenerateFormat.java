package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;
import java.util.List;

/** Answers of {@code /inference/v1/generate}: token ids. Confined to the pod's event loop. */
final class GenerateFormat implements AnswerFormat {

  private final AnswerFacts facts;

  GenerateFormat(AnswerFacts facts) {
    this.facts = facts;
  }

  @Override
  public void token(Reply reply, Choice choice) {
    JsonWriter out = Sse.data().object().field("request_id", facts.id());
    out.name("choices").array();
    choice(out, choice, new int[] {choice.lastTokenId()});
    Sse.send(reply, out.endArray().endObject());
  }

  @Override
  public void end(Reply reply, List<Choice> choices) {
    reply.done();
    reply.endStream();
  }

  @Override
  public String whole(List<Choice> choices) {
    var out = new JsonWriter().object().field("request_id", facts.id());
    out.name("choices").array();
    for (Choice choice : choices) {
      choice(out, choice, choice.tokenIds());
    }
    out.endArray().nulls("prompt_logprobs");
    choices.getFirst().writeTransferParams(out);
    return out.endObject().toString();
  }

  private static void choice(JsonWriter out, Choice choice, int[] tokenIds) {
    out.object().field("index", choice.index()).nulls("logprobs");
    if (choice.isFinished()) {
      out.field("finish_reason", choice.finishReason());
    } else {
      out.nulls("finish_reason");
    }
    out.field("token_ids", tokenIds).endObject();
  }
}
