package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;
import java.util.List;

/** Answers of {@code /v1/messages}, Anthropic's API. Confined to the pod's event loop. */
final class MessagesFormat implements AnswerFormat {

  private final AnswerFacts facts;
  private boolean begun;

  MessagesFormat(AnswerFacts facts) {
    this.facts = facts;
  }

  @Override
  public void token(Reply reply, Choice choice) {
    if (!begun) {
      begun = true;
      begin(reply, choice);
    }
    String delta = choice.takeDelta();
    if (!delta.isEmpty()) {
      JsonWriter out = event("content_block_delta").field("index", 0).name("delta").object();
      out.field("type", "text_delta").field("text", delta).endObject();
      Sse.send(reply, out.endObject());
    }
  }

  private void begin(Reply reply, Choice choice) {
    JsonWriter start = event("message_start").name("message").object();
    head(start).name("content").array().endArray().field("model", facts.model());
    start.name("usage").object().field("input_tokens", choice.promptTokens());
    start.field("output_tokens", 0).endObject();
    Sse.send(reply, start.endObject().endObject());
    JsonWriter block = event("content_block_start").field("index", 0).name("content_block");
    block.object().field("type", "text").field("text", "").endObject();
    Sse.send(reply, block.endObject());
  }

  @Override
  public void end(Reply reply, List<Choice> choices) {
    Choice choice = choices.getFirst();
    Sse.send(reply, event("content_block_stop").field("index", 0).endObject());
    JsonWriter delta = event("message_delta").name("delta").object();
    stopReason(delta, choice);
    delta.endObject();
    usage(delta, choices);
    Sse.send(reply, delta.endObject());
    Sse.send(reply, event("message_stop").endObject());
    reply.endStream();
  }

  @Override
  public String whole(List<Choice> choices) {
    Choice choice = choices.getFirst();
    JsonWriter out = head(new JsonWriter().object()).name("content").array().object();
    out.field("type", "text").field("text", choice.text()).endObject().endArray();
    out.field("model", facts.model());
    stopReason(out, choice);
    usage(out, choices);
    choice.writeHandedOut(out);
    return out.endObject().toString();
  }

  private static JsonWriter event(String type) {
    return Sse.named(type).object().field("type", type);
  }

  private JsonWriter head(JsonWriter out) {
    return out.field("id", "chatcmpl-" + facts.id())
        .field("type", "message")
        .field("role", "assistant");
  }

  private static void stopReason(JsonWriter out, Choice choice) {
    String stop = choice.stopReason();
    if (stop != null) {
      out.field("stop_reason", "stop_sequence").field("stop_sequence", stop);
    } else {
      boolean cut = choice.finishReason().equals("length");
      out.field("stop_reason", cut ? "max_tokens" : "end_turn");
    }
  }

  /** As Anthropic has it, {@code input_tokens} leaves out what was cached and what now is. */
  private void usage(JsonWriter out, List<Choice> choices) {
    var usage = Usage.of(choices, 1, facts.blockSize());
    int other = facts.details() ? usage.cached() + usage.created() : 0;
    out.name("usage").object().field("input_tokens", Math.max(0, usage.prompt() - other));
    out.field("output_tokens", usage.completion());
    if (facts.details()) {
      out.field("cache_creation_input_tokens", usage.created());
      out.field("cache_read_input_tokens", usage.cached());
    }
    out.endObject();
  }
}
