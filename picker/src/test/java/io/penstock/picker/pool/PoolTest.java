package io.penstock.picker.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PoolTest {

  private final Pool pool = new Pool("tiny");

  @Test
  void a_slot_is_not_given_again_before_it_is_released() {
    var first = EndpointSpec.of("10.0.0.1", 8000, Role.BOTH);
    var second = EndpointSpec.of("10.0.0.2", 8000, Role.BOTH);
    pool.apply(new PoolDelta(List.of(first), List.of()));
    pool.apply(new PoolDelta(List.of(second), List.of(first.id())));

    assertThat(pool.snapshot().endpoints()).extracting(Endpoint::slot).containsExactly(1);

    pool.release(0);
    pool.apply(new PoolDelta(List.of(first), List.of()));
    assertThat(pool.snapshot().endpoints()).extracting(Endpoint::slot).containsExactly(0, 1);
  }

  @Test
  void a_change_of_a_pod_keeps_its_slot_and_its_models() {
    var spec = EndpointSpec.of("10.0.0.1", 8000, Role.BOTH);
    pool.apply(new PoolDelta(List.of(spec), List.of()));
    pool.models(spec.id(), List.of(new ServedModel("tiny", "{\"id\":\"tiny\"}")));

    var leaving =
        new EndpointSpec(
            spec.id(), "pod-0", spec.host(), spec.port(), spec.role(), Map.of("zone", "a"), true);
    pool.apply(new PoolDelta(List.of(leaving), List.of()));

    var endpoint = pool.snapshot().endpoints().getFirst();
    assertThat(endpoint.slot()).isZero();
    assertThat(endpoint.serves("tiny")).isTrue();
    assertThat(endpoint.accepts()).isFalse();
  }

  @Test
  void a_pod_of_another_uid_on_the_same_address_gets_another_slot() {
    var old = spec("uid-1");
    pool.apply(new PoolDelta(List.of(old), List.of()));
    pool.apply(PoolDelta.between(List.of(old), List.of(spec("uid-2"))));

    assertThat(pool.snapshot().endpoints()).extracting(Endpoint::slot).containsExactly(1);
  }

  @Test
  void a_pod_that_takes_a_role_for_which_there_is_no_use_leaves() {
    var one = EndpointSpec.of("10.0.0.1", 8000, Role.BOTH);
    var other = EndpointSpec.of("10.0.0.2", 8000, Role.ENCODE);
    pool.apply(new PoolDelta(List.of(one, other), List.of()).without(Role.ENCODE));

    assertThat(pool.snapshot().endpoints()).extracting(Endpoint::spec).containsExactly(one);

    var changed = EndpointSpec.of("10.0.0.1", 8000, Role.ENCODE);
    pool.apply(new PoolDelta(List.of(changed), List.of()).without(Role.ENCODE));

    assertThat(pool.snapshot().endpoints()).isEmpty();
  }

  @Test
  void listeners_hear_what_came_and_went() {
    List<String> heard = new ArrayList<>();
    pool.listen(
        (snapshot, added, removed) -> heard.add(added.size() + "+ " + removed.size() + "-"));
    var spec = EndpointSpec.of("::1", 8000, Role.BOTH);

    pool.apply(new PoolDelta(List.of(spec), List.of()));
    pool.models(spec.id(), List.of());
    pool.apply(new PoolDelta(List.of(), List.of(spec.id())));

    assertThat(heard).containsExactly("1+ 0-", "0+ 1-");
  }

  @Test
  void an_address_of_ipv6_is_in_brackets() {
    assertThat(EndpointSpec.of("fd00::7", 8000, Role.BOTH).id().value())
        .isEqualTo("[fd00::7]:8000");
  }

  @Test
  void a_port_outside_its_range_is_refused() {
    assertThatThrownBy(() -> EndpointSpec.of("10.0.0.1", 70_000, Role.BOTH))
        .hasMessageContaining("70000")
        .hasMessageContaining("1..65535");
  }

  @Test
  void a_snapshot_finds_an_endpoint_by_its_slot() {
    List<EndpointSpec> many = new ArrayList<>();
    for (int i = 1; i <= 9; i++) {
      many.add(EndpointSpec.of("10.0.0." + i, 8000, Role.BOTH));
    }
    pool.apply(new PoolDelta(many, List.of()));
    pool.apply(new PoolDelta(List.of(), List.of(many.get(4).id())));

    assertThat(pool.snapshot().bySlot(4)).isNull();
    assertThat(pool.snapshot().bySlot(8).address()).isEqualTo("10.0.0.9:8000");
  }

  private static EndpointSpec spec(String uid) {
    return new EndpointSpec(
        new EndpointId(uid), "pod", "10.0.0.1", 8000, Role.BOTH, Map.of(), false);
  }
}
