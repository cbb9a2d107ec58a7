package io.penstock.proxy.app;

import io.penstock.picker.explain.DecisionRecord;
import io.penstock.picker.pool.Endpoint;
import io.penstock.proxy.exchange.GatewayPool;
import io.penstock.proxy.openai.JsonText;
import java.util.List;
import java.util.Locale;

/** The JSON form of a pod as the gateway sees it. Pure functions of what others own. */
final class EndpointJson {

  private EndpointJson() {}

  /** Appends a pod with its signals as one JSON object. */
  static void append(StringBuilder json, GatewayPool pool, Endpoint endpoint, long nowNanos) {
    open(json, pool, endpoint, nowNanos);
    json.append('}');
  }

  /** Appends the same with what was decided about it lately, newest first. */
  static void append(
      StringBuilder json,
      GatewayPool pool,
      Endpoint endpoint,
      List<DecisionRecord> decisions,
      List<DecisionRecord> failures,
      long nowNanos) {
    open(json, pool, endpoint, nowNanos);
    json.append(",\"decisions\":");
    summaries(json, decisions);
    json.append(",\"errors\":");
    summaries(json, failures);
    json.append('}');
  }

  /** Appends the short forms of decisions as an array. */
  static void summaries(StringBuilder json, List<DecisionRecord> decisions) {
    json.append('[');
    for (int i = 0; i < decisions.size(); i++) {
      json.append(i == 0 ? "" : ",").append(decisions.get(i).toSummaryJson());
    }
    json.append(']');
  }

  private static void open(StringBuilder json, GatewayPool pool, Endpoint endpoint, long now) {
    var picker = pool.picker();
    int slot = endpoint.slot();
    json.append("{\"pool\":");
    JsonText.quote(json, pool.name());
    json.append(",\"name\":");
    JsonText.quote(json, endpoint.spec().name());
    json.append(",\"address\":");
    JsonText.quote(json, endpoint.address());
    json.append(",\"role\":");
    JsonText.quote(json, endpoint.spec().role().name().toLowerCase(Locale.ROOT));
    json.append(",\"state\":\"").append(state(pool, endpoint, now));
    json.append("\",\"accepts\":").append(endpoint.accepts());
    json.append(",\"ejected\":").append(pool.health().isEjected(slot, now));
    json.append(",\"weight\":").append(pool.health().weight(slot, now));
    json.append(",\"models\":[");
    for (int i = 0; i < endpoint.models().size(); i++) {
      json.append(i == 0 ? "" : ",");
      JsonText.quote(json, endpoint.models().get(i).id());
    }
    var inFlight = picker.inFlight().fromHere();
    json.append("],\"in_flight\":").append(inFlight.requests(slot));
    json.append(",\"decoding\":").append(inFlight.decoding(slot));
    json.append(",\"pending_prefill_tokens\":").append(inFlight.pendingPrefillTokens(slot));
    json.append(",\"context_tokens\":").append(inFlight.contextTokens(slot));
    int elsewhere = picker.inFlight().requests(slot) - inFlight.requests(slot);
    json.append(",\"replicas_in_flight\":").append(Math.max(0, elsewhere));
    json.append(",\"prefix_tokens\":").append(picker.heldTokens(endpoint));
    signals(json, pool, slot, now);
  }

  private static void signals(StringBuilder json, GatewayPool pool, int slot, long now) {
    var signals = pool.picker().signals();
    json.append(",\"signals\":{\"fresh\":").append(signals.fresh(slot, now));
    json.append(",\"running\":").append(signals.running(slot));
    json.append(",\"waiting\":").append(signals.waiting(slot));
    json.append(",\"kv_cache_usage\":").append(signals.kvUsage(slot));
    json.append(",\"kv_cache_tokens\":").append(signals.kvCapacityTokens(slot));
    json.append(",\"prefix_cache_queries\":").append(signals.prefixCacheQueries(slot));
    json.append(",\"prefix_cache_hits\":").append(signals.prefixCacheHits(slot));
    json.append(",\"preemptions\":").append(signals.preemptions(slot));
    json.append(",\"asleep\":").append(signals.asleep(slot));
    json.append(",\"failed_scrapes\":").append(signals.consecutiveFailures(slot));
    if (signals.updates(slot) > 0) {
      json.append(",\"age_ms\":").append((now - signals.lastUpdateNanos(slot)) / 1_000_000);
    }
    json.append('}');
  }

  /** The first of these that holds, worst for new requests first. */
  private static String state(GatewayPool pool, Endpoint endpoint, long now) {
    int slot = endpoint.slot();
    if (!endpoint.accepts()) {
      return "draining";
    }
    if (pool.health().isEjected(slot, now)) {
      return "ejected";
    }
    if (!pool.health().routable(slot, now)) {
      return "busy";
    }
    if (endpoint.models().isEmpty()) {
      return "starting";
    }
    return pool.picker().signals().fresh(slot, now) ? "ready" : "stale";
  }
}
