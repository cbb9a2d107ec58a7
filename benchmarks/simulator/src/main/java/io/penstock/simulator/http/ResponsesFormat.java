package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;
import java.util.List;

/** Answers of {@code /v1/responses}. Confined to the pod's event loop. */
final class ResponsesFormat implements AnswerFormat {

  private final AnswerFacts facts;
  private final String messageId;
  private final int maxOutputTokens;
  private final boolean background;
  private int sequence;
  private boolean itemAdded;

  /**
   * @param messageId id of the one output item
   * @param maxOutputTokens 0: none was given
   */
  ResponsesFormat(AnswerFacts facts, String messageId, int maxOutputTokens, boolean background) {
    this.facts = facts;
    this.messageId = messageId;
    this.maxOutputTokens = maxOutputTokens;
    this.background = background;
  }

  /** The id under which it can be asked for again. */
  String id() {
    return "resp_" + facts.id();
  }

  @Override
  public void token(Reply reply, Choice choice) {
    if (!itemAdded) {
      itemAdded = true;
      addItem(reply);
    }
    String delta = choice.takeDelta();
    if (!delta.isEmpty()) {
      JsonWriter out = event("response.output_text.delta").field("content_index", 0);
      out.field("delta", delta).field("item_id", messageId).name("logprobs").array().endArray();
      Sse.send(reply, out.field("output_index", 0).endObject());
    }
  }

  @Override
  public void begin(Reply reply) {
    for (String type : List.of("response.created", "response.in_progress")) {
      JsonWriter out = event(type).name("response").raw(body("in_progress", List.of()));
      Sse.send(reply, out.endObject());
    }
  }

  private void addItem(Reply reply) {
    JsonWriter item = event("response.output_item.added").field("output_index", 0).name("item");
    item.object().field("id", messageId).name("content").array().endArray();
    item.field("role", "assistant").field("status", "in_progress").field("type", "message");
    Sse.send(reply, item.endObject().endObject());
    JsonWriter part = event("response.content_part.added").field("content_index", 0);
    part.field("item_id", messageId).field("output_index", 0).name("part").object();
    part.name("annotations").array().endArray().field("text", "").field("type", "output_text");
    Sse.send(reply, part.nulls("logprobs").endObject().endObject());
  }

  @Override
  public void end(Reply reply, List<Choice> choices) {
    String text = choices.getFirst().text();
    JsonWriter done = event("response.output_text.done").field("content_index", 0);
    done.field("item_id", messageId).name("logprobs").array().endArray();
    Sse.send(reply, done.field("output_index", 0).field("text", text).endObject());
    JsonWriter part = event("response.content_part.done").field("content_index", 0);
    part.field("item_id", messageId).field("output_index", 0).name("part");
    content(part, text);
    Sse.send(reply, part.endObject());
    JsonWriter item = event("response.output_item.done").field("output_index", 0).name("item");
    message(item, text);
    Sse.send(reply, item.endObject());
    JsonWriter last = event("response.completed").name("response").raw(whole(choices));
    Sse.send(reply, last.endObject());
    reply.endStream();
  }

  @Override
  public String whole(List<Choice> choices) {
    boolean cut = choices.getFirst().finishReason().equals("length");
    return body(cut ? "incomplete" : "completed", choices);
  }

  /** The response object; without output and usage while there are no choices. */
  String body(String status, List<Choice> choices) {
    var out = new JsonWriter().object().field("id", id()).field("created_at", facts.created());
    if (status.equals("incomplete")) {
      out.name("incomplete_details").object().field("reason", "max_output_tokens").endObject();
    } else {
      out.nulls("incomplete_details");
    }
    out.nulls("instructions", "metadata").field("model", facts.model());
    out.field("object", "response").name("output").array();
    choices.forEach(choice -> message(out, choice.text()));
    out.endArray().field("parallel_tool_calls", true).name("temperature").value(1.0);
    out.field("tool_choice", "none").name("tools").array().endArray().name("top_p").value(1.0);
    out.field("background", background);
    if (maxOutputTokens > 0) {
      out.field("max_output_tokens", maxOutputTokens);
    } else {
      out.nulls("max_output_tokens");
    }
    out.nulls("max_tool_calls", "previous_response_id", "prompt", "reasoning");
    out.field("service_tier", "auto").field("status", status);
    out.nulls("text", "top_logprobs").field("truncation", "disabled");
    if (choices.isEmpty()) {
      out.nulls("usage");
    } else {
      usage(out, choices.getFirst());
    }
    out.nulls("user").name("presence_penalty").value(0.0).name("frequency_penalty").value(0.0);
    if (choices.isEmpty()) {
      out.nulls("kv_transfer_params");
    } else {
      choices.getFirst().writeTransferParams(out);
    }
    out.nulls("ec_transfer_params", "input_messages", "output_messages");
    return out.endObject().toString();
  }

  private JsonWriter event(String type) {
    return Sse.named(type).object().field("type", type).field("sequence_number", sequence++);
  }

  private void message(JsonWriter out, String text) {
    out.object().field("id", messageId).name("content").array();
    content(out, text);
    out.endArray().field("role", "assistant").field("status", "completed");
    out.field("type", "message").nulls("phase").endObject();
  }

  private static void content(JsonWriter out, String text) {
    out.object().name("annotations").array().endArray().field("text", text);
    out.field("type", "output_text").nulls("logprobs").endObject();
  }

  private static void usage(JsonWriter out, Choice choice) {
    out.name("usage").object().field("input_tokens", choice.promptTokens());
    out.name("input_tokens_details").object().field("cached_tokens", choice.cachedTokens());
    out.field("cache_write_tokens", 0).name("input_tokens_per_turn").array().endArray();
    out.name("cached_tokens_per_turn").array().endArray().endObject();
    out.field("output_tokens", choice.completionTokens());
    out.name("output_tokens_details").object().field("reasoning_tokens", 0);
    out.field("tool_output_tokens", 0).name("output_tokens_per_turn").array().endArray();
    out.name("tool_output_tokens_per_turn").array().endArray().endObject();
    int total = choice.promptTokens() + choice.completionTokens();
    out.field("total_tokens", total).endObject();
  }
}
