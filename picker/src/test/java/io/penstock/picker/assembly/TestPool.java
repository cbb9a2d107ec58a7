package io.penstock.picker.assembly;

import io.penstock.picker.flow.FlowListener;
import io.penstock.picker.flow.FlowObserver;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.pool.ServedModel;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.RequestHeaders;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A pool of identical endpoints that serve the model m, on a clock that tests move. */
final class TestPool {

  static final String MODEL = "m";
  static final long MILLI = 1_000_000;

  final PoolPicker picker;
  long now = 1_000 * MILLI;

  TestPool(int endpoints, int columns) {
    this(endpoints, columns, EndpointHealth.ALL_HEALTHY);
  }

  TestPool(int endpoints, int columns, EndpointHealth health) {
    this(endpoints, columns, health, null);
  }

  TestPool(int endpoints, int columns, EndpointHealth health, ShadowPolicy shadow) {
    this(endpoints, columns, health, shadow, null, FlowObserver.NONE);
  }

  /** One that tells others what it places, with one column. */
  TestPool(int endpoints, PlacementFeed feed) {
    this(endpoints, 1, EndpointHealth.ALL_HEALTHY, null, feed, FlowObserver.NONE);
  }

  /** One whose gate is heard, with one column. */
  TestPool(int endpoints, FlowObserver observer) {
    this(endpoints, 1, EndpointHealth.ALL_HEALTHY, null, null, observer);
  }

  private TestPool(
      int endpoints,
      int columns,
      EndpointHealth health,
      ShadowPolicy shadow,
      PlacementFeed feed,
      FlowObserver observer) {
    var config =
        PoolPickerConfig.of("test", Set.of(MODEL), 42)
            .withIndex(new PrefixIndexConfig(64, 1024, 8 << 20, 1 << 14, 1));
    var builder =
        PoolPicker.builder(config, columns)
            .withoutThread()
            .health(health)
            .shadow(shadow)
            .flowObserver(observer)
            .time(() -> now, InstantSource.fixed(Instant.EPOCH));
    this.picker = (feed == null ? builder : builder.replicas(feed)).build();
    add(endpoints);
  }

  void add(int endpoints) {
    List<EndpointSpec> specs = new ArrayList<>();
    for (int i = 0; i < endpoints; i++) {
      specs.add(EndpointSpec.of("10.0.0." + (1 + i), 8000, Role.BOTH));
    }
    picker.apply(new PoolDelta(specs, List.of()));
  }

  void remove(Endpoint endpoint) {
    picker.apply(new PoolDelta(List.of(), List.of(endpoint.id())));
  }

  void listModels(Endpoint endpoint, String model) {
    picker.models(endpoint.id(), List.of(new ServedModel(model, "{}")));
  }

  Decision pick(InferenceRequest request) {
    return pick(request, 0, new Exclusions());
  }

  Decision pick(InferenceRequest request, int column, Exclusions tried) {
    return picker.pick(request, "request", column, tried, now);
  }

  Decision.Route route(InferenceRequest request) {
    return (Decision.Route) pick(request);
  }

  /** The same into a route that was used before. */
  Decision.Route route(InferenceRequest request, Decision.Route fill) {
    var none = RequestHeaders.NONE;
    return (Decision.Route)
        picker.pick(request, none, "request", null, fill, 0, new Exclusions(), now);
  }

  Placement place(InferenceRequest request, Decision.Route route) {
    return placeOn(route.endpoint(), request, route);
  }

  /** The same on an alternative of the route. */
  Placement placeOn(Endpoint endpoint, InferenceRequest request, Decision.Route route) {
    return picker.placements().place(request, route, endpoint, 0, now);
  }

  /** One that is not that endpoint. */
  Endpoint other(Endpoint endpoint) {
    return picker.snapshot().endpoints().stream()
        .filter(each -> !each.equals(endpoint))
        .findFirst()
        .orElseThrow();
  }

  /** Asks whether a request may be picked for; nobody hears what becomes of one that waits. */
  Verdict admit(int priority, Map<String, String> headers) {
    return picker
        .admission()
        .admit(prompt(1, 40), headers::get, priority, null, now, 0, Runnable::run, NOBODY);
  }

  void pass(long millis) {
    now += millis * MILLI;
    picker.tick(now);
  }

  /** A streamed prompt of so many blocks, with keys {@code family·1000 + 1, + 2 …}. */
  static InferenceRequest prompt(int family, int blocks) {
    return InferenceRequest.builder(ApiKind.CHAT, MODEL).stream(true)
        .promptBytes(blocks * PromptKeys.BLOCK_BYTES)
        .keys(keys(family, blocks))
        .build();
  }

  static PromptKeys keys(int family, int blocks) {
    long[] keys = new long[KeyGrid.keys(blocks)];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (family * 1000L + i + 1) * 0x9E3779B97F4A7C15L;
    }
    return PromptKeys.owning(keys);
  }

  private static final FlowListener NOBODY =
      new FlowListener() {
        @Override
        public void admitted() {}

        @Override
        public void dropped(FlowOutcome outcome) {}

        @Override
        public void evicted() {}
      };
}
