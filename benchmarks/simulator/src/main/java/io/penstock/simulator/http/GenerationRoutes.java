package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.text.Message;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code /v1/chat/completions}, {@code /v1/completions}, {@code /inference/v1/generate} and
 * SGLang's {@code /generate}. Confined to the pod's event loop.
 */
final class GenerationRoutes {

  private static final int COMPLETION_MAX_TOKENS = 16;
  private static final int SGLANG_MAX_TOKENS = 128;

  private final PodServer pod;
  private final Models models;
  private final InstantSource time;

  GenerationRoutes(PodServer pod, Models models, InstantSource time) {
    this.pod = pod;
    this.models = models;
    this.time = time;
  }

  void chat(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    List<Message> messages = Prompts.messages(body);
    Models.Served model = models.of(body);
    GenerationParams params = GenerationParams.of(body, 0);
    int[] prompt = Prompts.ofChat(body, maxModelLen());
    ToolPlan tool = ToolPlan.of(body, lastUserText(messages)).orElse(null);
    if (tool != null) {
      params = params.withOutputTokens(tool.pieces().size());
    }
    AnswerFacts facts = facts(request, body, model, params);
    run(
        reply,
        List.of(prompt),
        params,
        model,
        transfer(body, "chatcmpl-" + facts.id()),
        new ChatFormat(facts, tool, params.n()));
  }

  void completion(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    Models.Served model = models.of(body);
    GenerationParams params = GenerationParams.of(body, COMPLETION_MAX_TOKENS);
    List<int[]> prompts = Prompts.ofCompletion(body, maxModelLen());
    AnswerFacts facts = facts(request, body, model, params);
    int choices = prompts.size() * params.n();
    run(
        reply,
        prompts,
        params,
        model,
        transfer(body, "cmpl-" + facts.id() + "-0"),
        new CompletionFormat(facts, choices));
  }

  /** Token ids in, token ids out; of transfers it hears in the sampling parameters alone. */
  void generate(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    Models.Served model = models.of(body);
    var nothing = new Json.Obj(Map.of());
    var sampling = body.get("sampling_params") instanceof Json.Obj given ? given : nothing;
    var extraArgs = sampling.get("extra_args") instanceof Json.Obj given ? given : nothing;
    var params = GenerationParams.ofGenerate(body, sampling, COMPLETION_MAX_TOKENS);
    var prompt = new Json.Obj(Map.of("prompt", new Json.Arr(body.items("token_ids"))));
    AnswerFacts facts = facts(request, body, model, params);
    run(
        reply,
        Prompts.ofCompletion(prompt, maxModelLen()),
        params,
        model,
        transfer(extraArgs, "generate-" + facts.id()),
        new GenerateFormat(facts));
  }

  /** SGLang's own API: it names no model, and its words for the parameters are others. */
  void sglang(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    Models.Served model = models.named(models.root());
    Map<String, Json> sampling = new HashMap<>();
    if (body.get("sampling_params") instanceof Json.Obj given) {
      sampling.putAll(given.fields());
    }
    move(sampling, "max_new_tokens", "max_tokens");
    Map<String, Json> fields = new HashMap<>(body.fields());
    move(fields, "extra_key", "cache_salt");
    move(fields, fields.containsKey("input_ids") ? "input_ids" : "text", "prompt");
    var said = new Json.Obj(fields);
    var params = GenerationParams.ofGenerate(said, new Json.Obj(sampling), SGLANG_MAX_TOKENS);
    AnswerFacts facts = facts(request, said, model, params);
    run(
        reply,
        Prompts.ofCompletion(said, maxModelLen()),
        params,
        model,
        Transfer.NONE,
        new SglangFormat(facts));
  }

  private static void move(Map<String, Json> fields, String from, String to) {
    var value = fields.remove(from);
    if (value != null) {
      fields.put(to, value);
    }
  }

  private void run(
      Reply reply,
      List<int[]> prompts,
      GenerationParams params,
      Models.Served model,
      Transfer transfer,
      AnswerFormat format)
      throws BadRequest {
    admit(prompts.size() * params.n());
    new Generation(pod, prompts, params, model.adapter(), transfer).answer(reply, format);
  }

  /** What the body says of moving its KV cache; nothing at a pod without a connector. */
  Transfer transfer(Json.Obj body, String requestId) {
    var kv = pod.kv();
    return kv == null ? Transfer.NONE : Transfer.of(kv.config(), body, requestId, pod.ids().hex(8));
  }

  /** Refuses when the engine's queue is full. */
  void admit(int sequences) throws BadRequest {
    if (!pod.engine().admits(sequences)) {
      throw new BadRequest(ErrorBody.BUSY);
    }
  }

  int maxModelLen() {
    return pod.config().engine().maxModelLen();
  }

  AnswerFacts facts(
      ReceivedRequest request, Json.Obj body, Models.Served model, GenerationParams params) {
    return new AnswerFacts(
        id(request, body),
        time.instant().getEpochSecond(),
        model.name(),
        pod.ids().fingerprint(),
        params.n(),
        params.includeUsage(),
        params.continuousUsage(),
        pod.config().promptTokensDetails(),
        params.returnTokenIds(),
        pod.config().engine().blockSize());
  }

  private String id(ReceivedRequest request, Json.Obj body) {
    @Nullable String header = request.header("x-request-id").orElse(null);
    return header == null ? body.text("request_id", pod.ids().hex(16)) : header;
  }

  private static String lastUserText(List<Message> messages) {
    for (Message message : messages.reversed()) {
      if (message.role().equals("user")) {
        return message.content();
      }
      if (message.role().equals("tool")) {
        return ""; // the tool was called already
      }
    }
    return "";
  }
}
