package io.penstock.simulator.http;

import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.metrics.EngineKind;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/** Finds the route of a request. Confined to the pod's event loop. */
final class Routes {

  private final PodServer pod;
  private final ResponsesRoutes responses;
  private final Map<String, Map<String, Route>> byPath = new HashMap<>();

  Routes(PodServer pod, InstantSource time) {
    this.pod = pod;
    var models = new Models(pod.config(), pod.ids());
    var server = new ServerRoutes(pod, models, time);
    var generation = new GenerationRoutes(pod, models, time);
    responses = new ResponsesRoutes(pod, models, generation);

    add("POST", "/v1/chat/completions", generation::chat);
    add("POST", "/v1/completions", generation::completion);
    add("POST", "/v1/messages", new MessagesRoute(pod, models, generation)::serve);
    add("POST", "/v1/responses", responses::create);
    add("POST", "/v1/audio/transcriptions", new TranscriptionsRoute(models)::serve);
    if (pod.config().embeddings()) {
      add("POST", "/v1/embeddings", new EmbeddingsRoute(pod, models, time)::serve);
    }
    add("GET", "/v1/models", server::models);
    add("POST", "/tokenize", server::tokenize);
    add("POST", "/detokenize", server::detokenize);
    add("GET", "/health", server::health);
    add("GET", "/ping", server::health);
    add("POST", "/ping", server::health);
    add("GET", "/version", server::version);
    add("GET", "/load", server::load);
    add("GET", "/metrics", server::metrics);
    add("POST", "/v1/chat/completions/render", Routes::needsScaleOut);
    add("POST", "/v1/completions/render", Routes::needsScaleOut);
    add(
        "POST",
        "/inference/v1/generate",
        pod.config().scaleOut() ? generation::generate : Routes::needsScaleOut);
    add("POST", "/inference/v1/abort_requests", Routes::needsScaleOut);
    if (pod.config().metrics() == EngineKind.SGLANG) {
      add("POST", "/generate", generation::sglang);
    }
  }

  void serve(ReceivedRequest request, Reply reply) {
    Map<String, Route> methods = byPath.get(request.path());
    if (methods == null) {
      methods = responses.ofStored(request.path());
    }
    if (methods.isEmpty()) {
      reply.json(404, ErrorBody.NOT_FOUND);
      return;
    }
    Route route = methods.get(request.method());
    if (route == null) {
      Map<String, String> allow = Map.of("allow", String.join(", ", methods.keySet()));
      reply.whole(405, allow, ReplyHead.JSON, ErrorBody.METHOD_NOT_ALLOWED);
      return;
    }
    try {
      if (PodServer.isInference(request)
          && pod.faults().find(Fault.Terminating.class).isPresent()) {
        throw new BadRequest(ErrorBody.SHUTTING_DOWN);
      }
      route.serve(request, reply);
    } catch (BadRequest e) {
      reply.error(e.error());
    }
  }

  private void add(String method, String path, Route route) {
    byPath.computeIfAbsent(path, p -> new HashMap<>()).put(method, route);
  }

  private static void needsScaleOut(ReceivedRequest request, Reply reply) throws BadRequest {
    throw new BadRequest(ErrorBody.NO_SCALE_OUT);
  }
}
