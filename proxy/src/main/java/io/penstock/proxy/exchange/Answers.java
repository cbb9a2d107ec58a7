package io.penstock.proxy.exchange;

import io.penstock.picker.pool.Endpoint;
import io.penstock.proxy.openai.GatewayError;
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

  /**
   * The one pod that has a stored response.
   *
   * @param model the name that the client gave its model, null where the pod has the same
   */
  record Place(GatewayPool pool, Endpoint endpoint, @Nullable String model) {}

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
    var place = place(stored.id());
    if (place == null) {
      exchange.reject(GatewayError.RESPONSE_NOT_FOUND);
      return;
    }
    exchange.facts().answerModel = place.model();
    new Routing(exchange, place.pool(), null, null, place.endpoint()).enter();
  }

  /** Where a stored response is; null where it is another key's, unknown, or its pod has gone. */
  @Nullable Place place(String responseId) {
    var owner = gateway.owners().find(responseId, exchange.facts().keyName);
    var pool = owner == null ? null : gateway.pools().named(owner.pool());
    if (owner == null || pool == null) {
      return null;
    }
    var endpoint = PoolDirectory.endpoint(pool, owner.endpoint());
    return endpoint == null ? null : new Place(pool, endpoint, owner.model());
  }
}
