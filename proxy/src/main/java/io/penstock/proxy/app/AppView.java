package io.penstock.proxy.app;

import io.penstock.picker.explain.DecisionRecord;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Decision;
import io.penstock.proxy.admin.AdminView;
import io.penstock.proxy.admin.DecisionQuery;
import io.penstock.proxy.admin.LiveFeed;
import io.penstock.proxy.exchange.Gateway;
import io.penstock.proxy.exchange.GatewayPool;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the admin listener shows of a running gateway. Thread-safe: it only reads. */
final class AppView implements AdminView {

  private static final int SHOWN_OF_POD = 50;

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
      checks.add(new Check("rules " + runtime.pool().name(), true, runtime.rulesProblem()));
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
        EndpointJson.append(json, pool, endpoint, nanoClock.getAsLong());
      }
    }
    return json.append(']').toString();
  }

  @Override
  public String rules() {
    return RulesJson.of(pools.stream().map(PoolRuntime::pool).toList());
  }

  @Override
  public @Nullable String endpoint(String id) {
    for (var runtime : pools) {
      for (var endpoint : runtime.pool().picker().snapshot().endpoints()) {
        if (endpoint.address().equals(id) || endpoint.spec().name().equals(id)) {
          return endpoint(runtime.pool(), endpoint);
        }
      }
    }
    return null;
  }

  private String endpoint(GatewayPool pool, Endpoint endpoint) {
    List<DecisionRecord> decisions = new ArrayList<>();
    List<DecisionRecord> failures = new ArrayList<>();
    for (var decision : pool.picker().decisions().newest(Integer.MAX_VALUE)) {
      if (decisions.size() < SHOWN_OF_POD && concerns(decision, endpoint.address())) {
        decisions.add(decision);
      }
      if (failures.size() < SHOWN_OF_POD && failedAt(decision, endpoint.address())) {
        failures.add(decision);
      }
    }
    var json = new StringBuilder();
    EndpointJson.append(json, pool, endpoint, decisions, failures, nanoClock.getAsLong());
    return json.toString();
  }

  private static boolean concerns(DecisionRecord decision, String address) {
    boolean chosen =
        switch (decision.decision()) {
          case Decision.Disaggregated divided ->
              divided.decode().endpoint().address().equals(address)
                  || divided.prefill().address().equals(address);
          case Decision.Route route -> route.endpoint().address().equals(address);
          case Decision.NoEndpoint _ -> false;
        };
    return chosen
        || decision.attempts().stream()
            .anyMatch(attempt -> attempt.endpoint().address().equals(address));
  }

  private static boolean failedAt(DecisionRecord decision, String address) {
    return decision.attempts().stream()
        .anyMatch(
            attempt -> attempt.failure() != null && attempt.endpoint().address().equals(address));
  }

  @Override
  public String decisions(DecisionQuery query, int limit) {
    List<DecisionRecord> newest = new ArrayList<>();
    for (var runtime : pools) {
      newest.addAll(runtime.pool().picker().decisions().newest(Integer.MAX_VALUE));
    }
    newest.removeIf(decision -> !matches(query, decision));
    newest.sort(Comparator.comparingLong(DecisionRecord::timeMillis).reversed());
    var json = new StringBuilder("[");
    for (int i = 0; i < Math.min(limit, newest.size()); i++) {
      json.append(i == 0 ? "" : ",").append(newest.get(i).toJson());
    }
    return json.append(']').toString();
  }

  private static boolean matches(DecisionQuery query, DecisionRecord decision) {
    return mayMatch(query, decision)
        && (query.outcome() == null || query.outcome().equals(decision.outcome()));
  }

  /** Whether it matches but for how it ends. */
  private static boolean mayMatch(DecisionQuery query, DecisionRecord decision) {
    var course = decision.course();
    return (query.pool() == null || query.pool().equals(decision.pool()))
        && (query.model() == null || query.model().equals(decision.model()))
        && (query.tenant() == null || (course != null && query.tenant().equals(course.tenant())))
        && (query.request() == null || decision.requestId().contains(query.request()))
        && (query.endpoint() == null || concerns(decision, query.endpoint()));
  }

  @Override
  public LiveFeed feed(DecisionQuery query) {
    return new DecisionFeed(
        pools.stream().map(runtime -> runtime.pool().picker().decisions()).toList(),
        decision -> matches(query, decision),
        decision -> mayMatch(query, decision),
        this::endpoints);
  }

  @Override
  public @Nullable String decision(String id, @Nullable String pool) {
    DecisionRecord found = null;
    for (var runtime : pools) {
      if (pool != null && !pool.equals(runtime.pool().name())) {
        continue;
      }
      var log = runtime.pool().picker().decisions();
      var here = log.findByRequest(id);
      if (here == null && found == null && id.matches("\\d{1,18}")) {
        here = log.find(Long.parseLong(id));
      }
      found = here == null ? found : here;
    }
    return found == null ? null : found.toJson();
  }

  @Override
  public String quality() {
    return QualityPage.render(pools);
  }

  @Override
  public void drain() {
    drain.run();
  }
}
