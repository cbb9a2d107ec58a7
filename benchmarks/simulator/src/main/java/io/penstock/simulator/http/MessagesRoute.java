package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonWriter;
import io.penstock.simulator.text.ChatTemplate;
import io.penstock.simulator.text.Message;
import java.util.ArrayList;
import java.util.List;

/** {@code POST /v1/messages}, Anthropic's API. Confined to the pod's event loop. */
final class MessagesRoute {

  private final PodServer pod;
  private final Models models;
  private final GenerationRoutes generation;

  MessagesRoute(PodServer pod, Models models, GenerationRoutes generation) {
    this.pod = pod;
    this.models = models;
    this.generation = generation;
  }

  void serve(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    try {
      run(request, body, reply);
    } catch (BadRequest e) {
      reply.json(e.error().code(), anthropic(e.error()));
    }
  }

  private void run(ReceivedRequest request, Json.Obj body, Reply reply) throws BadRequest {
    List<Message> messages = new ArrayList<>();
    if (body.get("system") != null) {
      messages.add(new Message("system", Prompts.text(body.get("system"))));
    }
    messages.addAll(Prompts.messages(body));
    if (body.get("max_tokens") == null) {
      throw new BadRequest(ErrorBody.missing("max_tokens", body.fields().size()));
    }
    Models.Served model = models.of(body);
    GenerationParams params =
        GenerationParams.of(body, 0).withStops(GenerationParams.stops(body.get("stop_sequences")));
    checkThinking(body, params.maxTokens());
    int[] prompt = Prompts.ofText(ChatTemplate.render(messages, true), generation.maxModelLen());
    generation.admit(1);
    AnswerFacts facts = generation.facts(request, body, model, params);
    var transfer = generation.transfer(body, "chatcmpl-" + facts.id());
    new Generation(pod, List.of(prompt), params, model.adapter(), transfer)
        .answer(reply, new MessagesFormat(facts));
  }

  /** As in vLLM, a prefill for another pod may be shorter than what is to be thought. */
  private static void checkThinking(Json.Obj body, int maxTokens) throws BadRequest {
    boolean prefill =
        body.get("kv_transfer_params") instanceof Json.Obj transfer
            && transfer.flag("do_remote_decode");
    if (!prefill
        && body.get("thinking") instanceof Json.Obj thinking
        && thinking.text("type", "").equals("enabled")
        && thinking.integer("budget_tokens", 0) >= maxTokens) {
      throw new BadRequest(
          ErrorBody.invalid(
              "Value error, thinking.budget_tokens must be less than max_tokens", null));
    }
  }

  private static String anthropic(ErrorBody error) {
    String type =
        switch (error.code()) {
          case 400 -> "invalid_request_error";
          case 404 -> "not_found_error";
          case 503 -> "overloaded_error";
          default -> "api_error";
        };
    var out = new JsonWriter().object().field("type", "error").name("error").object();
    out.field("type", type).field("message", error.message());
    return out.endObject().endObject().toString();
  }
}
