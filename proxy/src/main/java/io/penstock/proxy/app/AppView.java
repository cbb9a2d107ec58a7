package io.penstock.proxy.app;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.explain.DecisionRecord;
import io.penstock.picker.pool.Endpoint;
import io.penstock.proxy.admin.AdminView;
import io.penstock.proxy.exchange.Gateway;
import io.penstock.proxy.exchange.GatewayPool;
import io.penstock.proxy.openai.JsonText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the admin listener shows of a running gateway. Thread-safe: it only reads. */
final class AppView implements AdminView {

  private final Gateway gateway;
  private final List<PoolRuntime> pools;
  private final Supplier<String> config;
  private final Runnable drain;
  private final LongSupplier nanoClock;

  AppView(
      Gateway gateway,
      List<PoolRuntime> pools,
      Supplier<String> config,
      Runnable drain,
      LongSupplier nanoClock) {
    this.gateway = gateway;
    this.pools = pools;
    this.config = config;
    this.drain = drain;
    this.nanoClock = nanoClock;
  }

  @Override
  public Readiness readiness() {
    List<Check> checks = new ArrayList<>();
    for (var runtime : pools) {
      var endpoints = runtime.pool().picker().snapshot().endpoints();
      boolean ready = runtime.pool().ready();
      String reason =
          ready ? "" : endpoints.isEmpty() ? "no_endpoints" : "no_endpoint_has_listed_its_models";
      checks.add(new Check("pool " + runtime.pool().name(), ready, reason));
      checks.add(new Check("discovery " + runtime.pool().name(), true, runtime.problem()));
    }
    return new Readiness(gateway.draining(), checks);
  }

  @Override
  public String config() {
    return config.get();
  }

  @Override
  public String endpoints() {
    var json = new StringBuilder("[");
    for (var runtime : pools) {
      var pool = runtime.pool();
      for (var endpoint : pool.picker().snapshot().endpoints()) {
        json.append(json.length() > 1 ? "," : "");
        append(json, pool, endpoint);
      }
    }
    return json.append(']').toString();
  }

  @Override
  public String rules() {
    return RulesJson.of(pools.stream().map(PoolRuntime::pool).toList());
  }

  private void append(StringBuilder json, GatewayPool pool, Endpoint endpoint) {
    PoolPicker picker = pool.picker();
    int slot = endpoint.slot();
    long now = nanoClock.getAsLong();
    json.append("{\"pool\":");
    JsonText.quote(json, pool.name());
    json.append(",\"name\":");
    JsonText.quote(json, endpoint.spec().name());
    json.append(",\"address\":");
    JsonText.quote(json, endpoint.address());
    json.append(",\"role\":");
    JsonText.quote(json, endpoint.spec().role().name().toLowerCase(Locale.ROOT));
    json.append(",\"accepts\":").append(endpoint.accepts());
    json.append(",\"ejected\":").append(!pool.health().routable(slot, now));
    json.append(",\"weight\":").append(pool.health().weight(slot, now));
    json.append(",\"models\":[");
    for (int i = 0; i < endpoint.models().size(); i++) {
      json.append(i == 0 ? "" : ",");
      JsonText.quote(json, endpoint.models().get(i).id());
    }
    json.append("],\"in_flight\":").append(picker.inFlight().requests(slot));
    json.append(",\"pending_prefill_tokens\":")
        .append(picker.inFlight().pendingPrefillTokens(slot));
    var signals = picker.signals();
    json.append(",\"signals\":{\"fresh\":").append(signals.fresh(slot, now));
    json.append(",\"running\":").append(signals.running(slot));
    json.append(",\"waiting\":").append(signals.waiting(slot));
    json.append(",\"kv_cache_usage\":").append(signals.kvUsage(slot));
    json.append(",\"kv_cache_tokens\":").append(signals.kvCapacityTokens(slot));
    if (signals.updates(slot) > 0) {
      json.append(",\"age_ms\":").append((now - signals.lastUpdateNanos(slot)) / 1_000_000);
    }
    json.append("}}");
  }

  @Override
  public String decisions(int limit) {
    List<DecisionRecord> newest = new ArrayList<>();
    for (var runtime : pools) {
      newest.addAll(runtime.pool().picker().decisions().newest(limit));
    }
    newest.sort(Comparator.comparingLong(DecisionRecord::timeMillis).reversed());
    var json = new StringBuilder("[");
    for (int i = 0; i < Math.min(limit, newest.size()); i++) {
      json.append(i == 0 ? "" : ",").append(newest.get(i).toJson());
    }
    return json.append(']').toString();
  }

  @Override
  public @Nullable String decision(String id) {
    for (var runtime : pools) {
      var log = runtime.pool().picker().decisions();
      var found = log.findByRequest(id);
      if (found == null && id.matches("\\d{1,18}")) {
        found = log.find(Long.parseLong(id));
      }
      if (found != null) {
        return found.toJson();
      }
    }
    return null;
  }

  @Override
  public void drain() {
    drain.run();
  }
}
