package io.penstock.proxy.admin;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which decisions are asked for; null is any. Immutable.
 *
 * @param pool name of the pool that was decided about
 * @param model asked for by the client
 * @param tenant name of the client's key
 * @param outcome such as {@code completed} or {@code in_flight}
 * @param request part of a request id
 * @param endpoint address of a pod that was chosen or tried
 */
public record DecisionQuery(
    @Nullable String pool,
    @Nullable String model,
    @Nullable String tenant,
    @Nullable String outcome,
    @Nullable String request,
    @Nullable String endpoint) {

  /** Every decision. */
  public static final DecisionQuery ANY = new DecisionQuery(null, null, null, null, null, null);

  /**
   * Reads it from the query of a URI; other parameters are for others.
   *
   * @throws IllegalArgumentException a value is not percent-encoded as it should be
   */
  static DecisionQuery of(String query) {
    Map<String, String> given = new HashMap<>();
    for (var pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0 && equals < pair.length() - 1) {
        given.put(
            pair.substring(0, equals),
            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
      }
    }
    return new DecisionQuery(
        given.get("pool"),
        given.get("model"),
        given.get("tenant"),
        given.get("outcome"),
        given.get("request"),
        given.get("endpoint"));
  }
}
