package io.penstock.simulator.http;

import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonWriter;
import io.penstock.simulator.metrics.MetricsPage;
import io.penstock.simulator.metrics.SglangPage;
import io.penstock.simulator.metrics.TritonPage;
import io.penstock.simulator.text.Tokenizer;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Health, version, load, metrics, models and the tokenizer. Confined to the pod's event loop. */
final class ServerRoutes {

  private static final String METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8";

  private final PodServer pod;
  private final Models models;
  private final InstantSource time;
  private final Consumer<StringBuilder> metrics;
  private @Nullable String stalePage;

  ServerRoutes(PodServer pod, Models models, InstantSource time) {
    this.pod = pod;
    this.models = models;
    this.time = time;
    this.metrics =
        switch (pod.config().metrics()) {
          case VLLM -> {
            double created = time.instant().toEpochMilli() / 1e3;
            yield new MetricsPage(pod.engine(), pod.kv() != null, created)::render;
          }
          case SGLANG -> new SglangPage(pod.engine())::render;
          case TRITON_TENSORRT_LLM -> new TritonPage(pod.engine())::render;
        };
  }

  void health(ReceivedRequest request, Reply reply) {
    reply.whole(200, Map.of(), null, "");
  }

  void version(ReceivedRequest request, Reply reply) {
    reply.json(200, "{\"version\":\"0.32.0\"}");
  }

  void load(ReceivedRequest request, Reply reply) {
    var stats = pod.engine().stats();
    int load = pod.config().serverLoadTracking() ? stats.running() + stats.waiting() : 0;
    reply.json(200, "{\"server_load\":" + load + "}");
  }

  void models(ReceivedRequest request, Reply reply) {
    reply.json(200, models.list(time.instant().getEpochSecond()));
  }

  void metrics(ReceivedRequest request, Reply reply) {
    switch (pod.faults().find(Fault.OfMetrics.class).orElse(null)) {
      case null -> {
        stalePage = null;
        page(reply, render());
      }
      case Fault.SlowMetrics slow ->
          pod.loop()
              .schedule(() -> page(reply, render()), slow.by().toNanos(), TimeUnit.NANOSECONDS);
      case Fault.StaleMetrics stale -> {
        String old = stalePage == null ? render() : stalePage;
        stalePage = old;
        page(reply, old);
      }
      case Fault.GarbageMetrics garbage ->
          page(reply, "<html>not metrics</html>\nvllm:num_requests_running{ NaNsense\n\0\n");
    }
  }

  void tokenize(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    models.of(body);
    int[] tokens;
    if (body.get("messages") != null) {
      tokens = Prompts.ofChat(body, Integer.MAX_VALUE - 1);
    } else if (body.get("prompt") instanceof Json.Str prompt) {
      tokens = Tokenizer.encode(prompt.value());
    } else {
      throw new BadRequest(ErrorBody.missing("prompt", body.fields().size()));
    }
    var out = new JsonWriter().object().field("count", tokens.length);
    out.field("max_model_len", pod.config().engine().maxModelLen()).field("tokens", tokens);
    if (body.flag("return_token_strs")) {
      List<String> strings = Arrays.stream(tokens).mapToObj(Tokenizer::tokenString).toList();
      out.field("token_strs", strings);
    } else {
      out.nulls("token_strs");
    }
    reply.json(200, out.endObject().toString());
  }

  void detokenize(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    models.of(body);
    if (body.get("tokens") == null) {
      throw new BadRequest(ErrorBody.missing("tokens", body.fields().size()));
    }
    List<Json> items = body.items("tokens");
    int[] tokens = new int[items.size()];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = items.get(i) instanceof Json.Num number ? (int) number.value() : -1;
      if (tokens[i] < 0 || tokens[i] >= Tokenizer.vocabularySize()) {
        throw new BadRequest(
            ErrorBody.badRequest("Token id " + tokens[i] + " is out of vocabulary", null));
      }
    }
    String prompt = Tokenizer.decode(tokens);
    reply.json(200, new JsonWriter().object().field("prompt", prompt).endObject().toString());
  }

  private String render() {
    var page = new StringBuilder(64 * 1024);
    metrics.accept(page);
    return page.toString();
  }

  private static void page(Reply reply, String text) {
    reply.whole(200, Map.of(), METRICS_TYPE, text);
  }
}
