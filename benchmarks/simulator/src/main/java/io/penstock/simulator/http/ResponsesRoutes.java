package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.text.ChatTemplate;
import io.penstock.simulator.text.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code /v1/responses} and what is asked of a response later, at the pod that made it. Confined to
 * the pod's event loop. The latest {@value #STORED} responses are kept.
 */
final class ResponsesRoutes {

  private static final int STORED = 1_000;
  private static final String PREFIX = "/v1/responses/";
  private static final String CANCEL = "/cancel";

  private final PodServer pod;
  private final Models models;
  private final GenerationRoutes generation;
  private final Map<String, Stored> stored =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Stored> eldest) {
          return size() > STORED;
        }
      };

  /** A response as it stands; the generation is null once it ended or when not in background. */
  private static final class Stored {

    private final ResponsesFormat format;
    private String body;
    private @Nullable Generation background;

    Stored(ResponsesFormat format, String body) {
      this.format = format;
      this.body = body;
    }
  }

  ResponsesRoutes(PodServer pod, Models models, GenerationRoutes generation) {
    this.pod = pod;
    this.models = models;
    this.generation = generation;
  }

  /** {@code POST /v1/responses}. */
  void create(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    Models.Served model = models.of(body);
    int maxTokens = GenerationParams.atLeast1(body, "max_output_tokens", 0);
    GenerationParams params = GenerationParams.of(body, maxTokens);
    int[] prompt = prompt(body);
    generation.admit(1);
    AnswerFacts facts = generation.facts(request, body, model, params);
    boolean background = body.flag("background") && !params.stream();
    var format = new ResponsesFormat(facts, "msg_" + pod.ids().hex(16), maxTokens, background);
    var transfer = generation.transfer(body, format.id());
    var run = new Generation(pod, List.of(prompt), params, model.adapter(), transfer);
    var entry = new Stored(format, format.body("queued", List.of()));
    if (!(body.get("store") instanceof Json.Bool store) || store.value()) {
      stored.put(format.id(), entry);
    }
    if (background) {
      entry.background = run;
      run.start(new Keeping(entry));
      reply.json(200, entry.body);
    } else {
      run.answer(reply, format, choices -> entry.body = format.whole(choices));
    }
  }

  /** The methods of a stored response's path; none when the path is no such one. */
  Map<String, Route> ofStored(String path) {
    if (!path.startsWith(PREFIX)) {
      return Map.of();
    }
    String rest = path.substring(PREFIX.length());
    String id = rest.endsWith(CANCEL) ? rest.substring(0, rest.length() - CANCEL.length()) : rest;
    if (id.isEmpty() || id.indexOf('/') >= 0) {
      return Map.of();
    }
    return rest.endsWith(CANCEL)
        ? Map.of("POST", (request, reply) -> cancel(id, reply))
        : Map.of("GET", (request, reply) -> reply.json(200, find(id).body));
  }

  private void cancel(String id, Reply reply) throws BadRequest {
    Stored entry = find(id);
    if (entry.background == null) {
      throw new BadRequest(
          new ErrorBody(
              "Cannot cancel a synchronous response.",
              "invalid_request_error",
              "response_id",
              400));
    }
    entry.background.abort();
    entry.background = null;
    entry.body = entry.format.body("cancelled", List.of());
    reply.json(200, entry.body);
  }

  private Stored find(String id) throws BadRequest {
    Stored entry = stored.get(id);
    if (entry == null) {
      throw new BadRequest(
          new ErrorBody(
              "Response with id '" + id + "' not found.",
              "invalid_request_error",
              "response_id",
              404));
    }
    return entry;
  }

  private int[] prompt(Json.Obj body) throws BadRequest {
    List<Message> messages = new ArrayList<>();
    if (body.get("instructions") != null) {
      messages.add(new Message("system", body.text("instructions", "")));
    }
    switch (body.get("input")) {
      case null -> throw new BadRequest(ErrorBody.missing("input", body.fields().size()));
      case Json.Arr items -> {
        for (Json item : items.items()) {
          if (item instanceof Json.Obj message) {
            messages.add(
                new Message(message.text("role", "user"), Prompts.text(message.get("content"))));
          }
        }
      }
      case Json input -> messages.add(new Message("user", Prompts.text(input)));
    }
    return Prompts.ofText(ChatTemplate.render(messages, true), generation.maxModelLen());
  }

  /** Keeps what a generation in the background comes to. */
  private record Keeping(Stored entry) implements Generation.Progress {

    @Override
    public void token(Choice choice) {}

    @Override
    public void finished(List<Choice> choices) {
      entry.background = null;
      entry.body = entry.format.whole(choices);
    }

    @Override
    public void failed() {
      entry.background = null;
      entry.body = entry.format.body("failed", List.of());
    }
  }
}
