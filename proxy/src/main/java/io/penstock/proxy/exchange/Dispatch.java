package io.penstock.proxy.exchange;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.openai.GatewayError;
import org.jspecify.annotations.Nullable;

/**
 * The way of a scanned request to the pool that serves its model. Confined to the exchange's event
 * loop.
 */
final class Dispatch {

  private final Exchange exchange;

  Dispatch(Exchange exchange) {
    this.exchange = exchange;
  }

  /**
   * The model that a pod is asked for in place of the one that the client named. What continues a
   * stored response goes to the pod that has it, so to a model that is served there.
   */
  String sentFor(String asked, @Nullable String previousResponseId) {
    var place =
        previousResponseId == null || !exchange.makesResponses()
            ? null
            : exchange.answers().place(previousResponseId);
    var pool = place == null ? exchange.loop().gateway().pools().serving(asked) : place.pool();
    var targets = pool == null ? null : pool.picker().rules().targets(asked);
    if (targets == null) {
      return asked;
    }
    var chosen =
        place == null
            ? targets.choose(exchange.loop().random())
            : targets.choose(exchange.loop().random(), place.endpoint()::serves);
    exchange.facts().rewrite = targets.rewrite();
    return chosen;
  }

  /** The body is scanned: to the pool that serves the model. Takes over the body. */
  void route(InferenceRequest request, RequestBody body) {
    exchange.facts().request = request;
    exchange.facts().answerModel = request.rewritten() ? request.asked() : null;
    var pools = exchange.loop().gateway().pools();
    String previous = request.previousResponseId();
    var pool = pools.routed(request.asked());
    if (!exchange.allows(request.asked())) {
      body.release();
      exchange.reject(GatewayError.MODEL_NOT_ALLOWED);
    } else if (previous != null && exchange.makesResponses()) {
      continued(previous, request, body);
    } else if (pool != null) {
      admit(pool, request, body, null);
    } else if (request.asked().isEmpty()) {
      body.release();
      exchange.reject(GatewayError.MISSING_REQUIRED_PARAMETER);
    } else {
      body.release();
      if (pools.knowAllModels()) {
        exchange.rejectUnknownModel(request.asked());
      } else {
        exchange.reject(GatewayError.NO_HEALTHY_ENDPOINTS);
      }
    }
  }

  /** A response that continues a stored one: to the pod that has it. */
  private void continued(String previous, InferenceRequest request, RequestBody body) {
    var place = exchange.answers().place(previous);
    if (place == null) {
      body.release();
      exchange.reject(GatewayError.RESPONSE_NOT_FOUND);
      return;
    }
    admit(place.pool(), request, body, place.endpoint());
  }

  /**
   * To the pool, as soon as it admits the request. Takes over the body.
   *
   * @param only the one pod that can answer, or null when the picker chooses
   */
  private void admit(
      GatewayPool pool, InferenceRequest request, RequestBody body, @Nullable Endpoint only) {
    int priority = pool.picker().priority(exchange.facts().head);
    if (pool.picker().admission().admitsAtOnce(priority)) {
      new Routing(exchange, pool, request, body, only).enter();
    } else {
      new Admitting(exchange, pool, request, body, only, priority).enter();
    }
  }
}
