package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonWriter;
import io.penstock.simulator.text.ChatTemplate;
import io.penstock.simulator.text.Message;
import io.penstock.simulator.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns what the APIs call a prompt, an input or messages into tokens. Stateless. */
final class Prompts {

  private Prompts() {}

  /** A completion's prompts: a text, texts, token ids, or lists of token ids. */
  static List<int[]> ofCompletion(Json.Obj body, int maxModelLen) throws BadRequest {
    List<int[]> prompts = new ArrayList<>();
    switch (body.get("prompt")) {
      case null ->
          throw new BadRequest(
              ErrorBody.badRequest(
                  "Either prompt or prompt_embeds must be provided and non-empty.", "prompt"));
      case Json.Str text -> prompts.add(ofText(text.value(), maxModelLen));
      case Json.Arr list
          when !list.items().isEmpty() && list.items().getFirst() instanceof Json.Num ->
          prompts.add(ofTokens(list, maxModelLen));
      case Json.Arr list -> {
        for (Json each : list.items()) {
          switch (each) {
            case Json.Str text -> prompts.add(ofText(text.value(), maxModelLen));
            case Json.Arr tokens -> prompts.add(ofTokens(tokens, maxModelLen));
            case Json other ->
                throw new BadRequest(ErrorBody.wrongType("prompt", "string_type", "string"));
          }
        }
      }
      case Json other ->
          throw new BadRequest(ErrorBody.wrongType("prompt", "string_type", "string"));
    }
    if (prompts.isEmpty()) {
      throw new BadRequest(
          ErrorBody.badRequest(
              "Either prompt or prompt_embeds must be provided and non-empty.", "prompt"));
    }
    return prompts;
  }

  /** A chat's messages behind the tools it may call. */
  static int[] ofChat(Json.Obj body, int maxModelLen) throws BadRequest {
    List<Message> messages = new ArrayList<>();
    Json tools = body.get("tools");
    if (tools != null) {
      messages.add(new Message("system", new JsonWriter().value(tools).toString()));
    }
    messages.addAll(messages(body));
    boolean begun = !(body.get("add_generation_prompt") instanceof Json.Bool flag) || flag.value();
    return ofText(ChatTemplate.render(messages, begun), maxModelLen);
  }

  /** The messages of a chat. */
  static List<Message> messages(Json.Obj body) throws BadRequest {
    Json given = body.get("messages");
    if (given == null) {
      throw new BadRequest(ErrorBody.missing("messages", body.fields().size()));
    }
    if (!(given instanceof Json.Arr list)) {
      throw new BadRequest(ErrorBody.wrongType("messages", "list_type", "list"));
    }
    List<Message> messages = new ArrayList<>();
    for (Json each : list.items()) {
      if (!(each instanceof Json.Obj message)) {
        throw new BadRequest(ErrorBody.wrongType("messages", "dict_type", "dictionary"));
      }
      String text = text(message.get("content"));
      Json calls = message.get("tool_calls");
      if (calls != null) {
        text += new JsonWriter().value(calls);
      }
      messages.add(new Message(message.text("role", "user"), text));
    }
    return messages;
  }

  /** The text of a content that is a string or a list of parts; other parts leave their type. */
  static String text(@Nullable Json content) {
    return switch (content) {
      case null -> "";
      case Json.Str text -> text.value();
      case Json.Arr parts -> {
        var joined = new StringBuilder();
        for (Json part : parts.items()) {
          if (part instanceof Json.Obj object) {
            joined.append(object.text("text", "<" + object.text("type", "part") + ">"));
          }
        }
        yield joined.toString();
      }
      case Json other -> new JsonWriter().value(other).toString();
    };
  }

  /** Tokens of a text that must leave room for output. */
  static int[] ofText(String text, int maxModelLen) throws BadRequest {
    int[] tokens = Tokenizer.encode(text);
    if (tokens.length >= maxModelLen) {
      int least = maxModelLen + 1; // vLLM cuts a text's tokens off there
      throw tooLong(maxModelLen, "at least " + least, least);
    }
    if (tokens.length == 0) {
      throw new BadRequest(ErrorBody.badRequest("The decoder prompt cannot be empty", null));
    }
    return tokens;
  }

  private static int[] ofTokens(Json.Arr list, int maxModelLen) throws BadRequest {
    int[] tokens = new int[list.items().size()];
    for (int i = 0; i < tokens.length; i++) {
      if (!(list.items().get(i) instanceof Json.Num number) || !number.isInteger()) {
        throw new BadRequest(ErrorBody.wrongType("prompt", "int_type", "integer"));
      }
      tokens[i] = (int) number.value();
      if (tokens[i] < 0 || tokens[i] >= Tokenizer.vocabularySize()) {
        throw new BadRequest(
            ErrorBody.badRequest("Token id " + tokens[i] + " is out of vocabulary", null));
      }
    }
    if (tokens.length >= maxModelLen) {
      throw tooLong(maxModelLen, Integer.toString(tokens.length), tokens.length);
    }
    if (tokens.length == 0) {
      throw new BadRequest(ErrorBody.badRequest("The decoder prompt cannot be empty", null));
    }
    return tokens;
  }

  private static BadRequest tooLong(int maxModelLen, String count, int value) {
    return new BadRequest(
        ErrorBody.badRequest(
            "This model's maximum context length is "
                + maxModelLen
                + " tokens. However, your prompt contains "
                + count
                + " input tokens, which exceeds this limit even without any output tokens. Please"
                + " reduce the length of the input prompt. (parameter=input_tokens, value="
                + value
                + ")",
            "input_tokens"));
  }
}
