package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Answers of {@code /v1/chat/completions}. Confined to the pod's event loop. */
final class ChatFormat implements AnswerFormat {

  private final AnswerFacts facts;
  private final @Nullable ToolPlan tool;
  private final Set<Integer> begun = new HashSet<>();
  private int unfinished;

  /**
   * @param tool the tool call that is answered instead of text, if any
   * @param choices how many there will be
   */
  ChatFormat(AnswerFacts facts, @Nullable ToolPlan tool, int choices) {
    this.facts = facts;
    this.tool = tool;
    this.unfinished = choices;
  }

  @Override
  public void token(Reply reply, Choice choice) {
    if (begun.add(choice.index())) {
      beginChoice(reply, choice);
    }
    String delta = choice.takeDelta();
    JsonWriter out = begin();
    out.name("choices").array().object().field("index", choice.index()).name("delta").object();
    if (tool == null) {
      out.field("content", delta);
    } else {
      toolDelta(out, choice, tool);
    }
    out.endObject().nulls("logprobs");
    if (choice.isFinished()) {
      out.field("finish_reason", finishReason(choice));
      CompletionFormat.stopReason(out, choice);
    } else {
      out.nulls("finish_reason");
    }
    if (facts.returnTokenIds()) {
      out.field("token_ids", new int[] {choice.lastTokenId()});
    } else {
      out.nulls("token_ids");
    }
    out.endObject().endArray();
    usage(out, choice);
    unfinished -= choice.isFinished() ? 1 : 0;
    if (unfinished == 0 && !facts.includeUsage()) {
      out.field("system_fingerprint", facts.fingerprint());
    }
    Sse.send(reply, out.endObject());
  }

  private void beginChoice(Reply reply, Choice choice) {
    JsonWriter out = begin().name("choices").array().object().field("index", choice.index());
    out.name("delta").object().field("role", "assistant").field("content", "").endObject();
    out.nulls("logprobs", "finish_reason").endObject().endArray();
    if (facts.continuousUsage()) {
      new Usage(choice.promptTokens(), 0, choice.cachedTokens(), 0)
          .writeChunk(out, facts.details());
    }
    if (facts.returnTokenIds()) {
      out.field("prompt_token_ids", choice.promptTokenIds());
    } else {
      out.nulls("prompt_token_ids");
    }
    Sse.send(reply, out.nulls("prompt_text").endObject());
    if (tool != null) {
      out = begin().name("choices").array().object().field("index", choice.index());
      out.name("delta").object().name("tool_calls").array().object();
      out.field("id", callId(choice)).field("type", "function").field("index", 0);
      out.name("function").object().field("name", tool.name()).endObject();
      out.endObject().endArray().endObject();
      out.nulls("logprobs", "finish_reason", "token_ids").endObject().endArray();
      usage(out, choice);
      Sse.send(reply, out.endObject());
    }
  }

  private static void toolDelta(JsonWriter out, Choice choice, ToolPlan tool) {
    int at = choice.completionTokens() - 1;
    String piece = at < tool.pieces().size() ? tool.pieces().get(at) : "";
    out.name("tool_calls").array().object().field("index", 0).name("function").object();
    out.field("arguments", piece).endObject().endObject().endArray();
  }

  private void usage(JsonWriter out, Choice choice) {
    if (facts.continuousUsage()) {
      Usage.of(List.of(choice), 1, facts.blockSize()).writeChunk(out, facts.details());
    }
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
    head(out, "chat.completion").name("choices").array();
    for (Choice choice : choices) {
      out.object().field("index", choice.index()).name("message").object();
      message(out, choice);
      out.endObject().nulls("logprobs").field("finish_reason", finishReason(choice));
      CompletionFormat.stopReason(out, choice);
      if (facts.returnTokenIds()) {
        out.field("token_ids", choice.tokenIds());
      } else {
        out.nulls("token_ids");
      }
      out.nulls("routed_experts").endObject();
    }
    out.endArray().nulls("service_tier").field("system_fingerprint", facts.fingerprint());
    Usage.of(choices, facts.n(), facts.blockSize()).writeWhole(out, facts.details(), true);
    out.nulls("prompt_logprobs");
    if (facts.returnTokenIds()) {
      out.field("prompt_token_ids", choices.getFirst().promptTokenIds());
    } else {
      out.nulls("prompt_token_ids");
    }
    out.nulls("prompt_text");
    choices.getFirst().writeTransferParams(out);
    out.nulls("ec_transfer_params", "metrics");
    return out.endObject().toString();
  }

  private void message(JsonWriter out, Choice choice) {
    out.field("role", "assistant");
    if (tool == null) {
      out.field("content", choice.text());
    } else {
      out.nulls("content");
    }
    out.nulls("refusal", "annotations", "audio", "function_call");
    if (tool != null) {
      out.name("tool_calls").array().object().field("id", callId(choice));
      out.field("type", "function").name("function").object().field("name", tool.name());
      out.field("arguments", tool.arguments()).endObject().endObject().endArray();
    }
    out.nulls("reasoning");
  }

  private String finishReason(Choice choice) {
    return tool == null ? choice.finishReason() : "tool_calls";
  }

  private String callId(Choice choice) {
    return "chatcmpl-tool-" + facts.id() + choice.index();
  }

  private JsonWriter begin() {
    return head(Sse.data().object(), "chat.completion.chunk");
  }

  private JsonWriter head(JsonWriter out, String object) {
    return out.field("id", "chatcmpl-" + facts.id())
        .field("object", object)
        .field("created", facts.created())
        .field("model", facts.model());
  }
}
