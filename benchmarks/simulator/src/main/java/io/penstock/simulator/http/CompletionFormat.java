package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;
import java.util.List;

/** Answers of {@code /v1/completions}. Confined to the pod's event loop. */
final class CompletionFormat implements AnswerFormat {

  private final AnswerFacts facts;
  private int unfinished;

  /**
   * @param choices how many there will be
   */
  CompletionFormat(AnswerFacts facts, int choices) {
    this.facts = facts;
    this.unfinished = choices;
  }

  @Override
  public void token(Reply reply, Choice choice) {
    String delta = choice.takeDelta();
    JsonWriter out = begin().name("choices").array().object();
    out.field("index", choice.index()).field("text", delta).nulls("logprobs");
    finish(out, choice);
    if (facts.returnTokenIds()) {
      boolean first = choice.completionTokens() == 1;
      if (first) {
        out.field("prompt_token_ids", choice.promptTokenIds());
      } else {
        out.nulls("prompt_token_ids");
      }
      out.field("token_ids", new int[] {choice.lastTokenId()});
    } else {
      out.nulls("prompt_token_ids", "token_ids");
    }
    out.endObject().endArray();
    if (facts.continuousUsage()) {
      Usage.of(List.of(choice), 1, facts.blockSize()).writeChunk(out, facts.details());
    }
    unfinished -= choice.isFinished() ? 1 : 0;
    if (unfinished == 0 && !facts.includeUsage()) {
      out.field("system_fingerprint", facts.fingerprint());
    }
    Sse.send(reply, out.endObject());
  }

  @Override
  public void end(Reply reply, List<Choice> choices) {
    if (facts.includeUsage()) {
      JsonWriter out = begin().name("choices").array().endArray();
      Usage.of(choices, facts.n(), facts.blockSize()).writeChunk(out, facts.details());
      Sse.send(reply, out.field("system_fingerprint", facts.fingerprint()).endObject());
    }
    reply.done();
    reply.endStream();
  }

  @Override
  public String whole(List<Choice> choices) {
    var out = new JsonWriter().object();
    head(out).name("choices").array();
    for (Choice choice : choices) {
      out.object().field("index", choice.index()).field("text", choice.text()).nulls("logprobs");
      finish(out, choice);
      if (facts.returnTokenIds()) {
        out.field("token_ids", choice.tokenIds()).nulls("prompt_logprobs");
        out.field("prompt_token_ids", choice.promptTokenIds());
      } else {
        out.nulls("token_ids", "prompt_logprobs", "prompt_token_ids");
      }
      out.nulls("routed_experts").endObject();
    }
    out.endArray().nulls("service_tier").field("system_fingerprint", facts.fingerprint());
    Usage.of(choices, facts.n(), facts.blockSize()).writeWhole(out, facts.details(), false);
    choices.getFirst().writeTransferParams(out);
    return out.nulls("ec_transfer_params", "metrics").endObject().toString();
  }

  static void finish(JsonWriter out, Choice choice) {
    if (!choice.isFinished()) {
      out.nulls("finish_reason", "stop_reason");
      return;
    }
    out.field("finish_reason", choice.finishReason());
    stopReason(out, choice);
  }

  static void stopReason(JsonWriter out, Choice choice) {
    String stop = choice.stopReason();
    if (stop == null) {
      out.nulls("stop_reason");
    } else {
      out.field("stop_reason", stop);
    }
  }

  private JsonWriter begin() {
    return head(Sse.data().object());
  }

  private JsonWriter head(JsonWriter out) {
    return out.field("id", "cmpl-" + facts.id())
        .field("object", "text_completion")
        .field("created", facts.created())
        .field("model", facts.model());
  }
}
