package io.penstock.proxy.exchange;

import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.openai.ResponseOwners;
import io.penstock.proxy.openai.Target;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What the gateway answers itself, and what only one pod can answer. Confined to the exchange's
 * event loop.
 */
final class Answers {

  private static final String JSON = "application/json";
  private static final byte[] EMPTY = new byte[0];

  private final Exchange exchange;
  private final Gateway gateway;

  Answers(Exchange exchange) {
    this.exchange = exchange;
    this.gateway = exchange.loop().gateway();
  }

  /** {@code /health}, {@code /ping}, {@code /version}. */
  void local(Target.Local local) {
    switch (local.kind()) {
      case HEALTH, PING -> {
        if (gateway.ready() && !gateway.draining()) {
          exchange.answer(200, JSON, EMPTY);
        } else {
          exchange.reject(
              gateway.draining() ? GatewayError.DRAINING : GatewayError.NO_HEALTHY_ENDPOINTS);
        }
      }
      case VERSION ->
          exchange.answer(
              200,
              JSON,
              ("{\"version\":\"penstock " + gateway.version() + "\"}")
                  .getBytes(StandardCharsets.UTF_8));
    }
  }

  /** {@code GET /v1/models}: those the key may use. */
  void models() {
    exchange.answer(200, JSON, gateway.models().list(exchange::allows));
  }

  /** {@code GET /v1/models/ID}. */
  void model(String id) {
    byte[] entry = exchange.allows(id) ? gateway.models().entry(id) : null;
    if (entry == null) {
      exchange.rejectUnknownModel(id);
    } else {
      exchange.answer(200, JSON, entry);
    }
  }

  /** A stored response: to the pod that made it, if it still is there. */
  void stored(Target.ResponseById stored) {
    route(stored.id(), null, null);
  }

  /** A response that continues a stored one: to the pod that has it. */
  void continued(String previous, InferenceRequest request, RequestBody body) {
    route(previous, request, body);
  }

  private void route(
      String responseId, @Nullable InferenceRequest request, @Nullable RequestBody body) {
    ResponseOwners.Owner owner = gateway.owners().find(responseId);
    var pool = owner == null ? null : gateway.pools().named(owner.pool());
    var endpoint =
        owner == null || pool == null ? null : PoolDirectory.endpoint(pool, owner.endpoint());
    if (pool == null || endpoint == null) {
      if (body != null) {
        body.release();
      }
      exchange.reject(GatewayError.RESPONSE_NOT_FOUND);
      return;
    }
    if (request != null && body != null) {
      exchange.admit(pool, request, body, endpoint);
    } else {
      new Routing(exchange, pool, request, body, endpoint).enter();
    }
  }
}
