package io.penstock.picker.replica;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerBuilder;
import io.penstock.picker.assembly.PoolPickerConfig;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** A pool of two endpoints, of one replica among several. */
final class MirroredPool {

  static final EndpointId ONE = EndpointSpec.of("10.0.0.1", 8000, Role.BOTH).id();
  static final EndpointId TWO = EndpointSpec.of("10.0.0.2", 8000, Role.BOTH).id();

  final PoolPicker picker;

  /** A pool whose picker is built with a mirror, as the caller does. */
  MirroredPool(Function<PoolPickerBuilder, PoolPicker> build) {
    var config =
        PoolPickerConfig.of("test", Set.of("m"), 42)
            .withIndex(new PrefixIndexConfig(64, 1024, 8 << 20, 1 << 14, 1));
    picker =
        build.apply(
            PoolPicker.builder(config, 1)
                .withoutThread()
                .time(() -> 0, InstantSource.fixed(Instant.EPOCH)));
    picker.apply(
        new PoolDelta(
            List.of(
                EndpointSpec.of("10.0.0.1", 8000, Role.BOTH),
                EndpointSpec.of("10.0.0.2", 8000, Role.BOTH)),
            List.of()));
  }

  /** Where a prompt with these keys goes now. */
  Decision.Route route(PromptKeys keys) {
    return (Decision.Route) picker.pick(request(keys), "request", 0, new Exclusions(), 0);
  }

  static InferenceRequest request(PromptKeys keys) {
    return InferenceRequest.builder(ApiKind.CHAT, "m").stream(true)
        .promptBytes(keys.blocks() * PromptKeys.BLOCK_BYTES)
        .keys(keys)
        .build();
  }

  /** Requests in flight, of all replicas. */
  int inFlight() {
    return picker.inFlight().requests(0) + picker.inFlight().requests(1);
  }
}
