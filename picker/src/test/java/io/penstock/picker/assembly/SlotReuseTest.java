package io.penstock.picker.assembly;

import static io.penstock.picker.assembly.TestPool.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.EndpointHealth;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class SlotReuseTest {

  @Test
  void a_pod_that_replaces_another_on_the_same_address_inherits_nothing() {
    List<Integer> forgotten = new ArrayList<>();
    var pool = new TestPool(0, 1, forgetting(forgotten));
    pool.picker.apply(new PoolDelta(List.of(pod("uid-1")), List.of()));
    var before = pool.route(prompt(1, 40));
    for (int i = 0; i < 200; i++) {
      var placement = pool.place(prompt(1, 40), before);
      pool.now += 5_000 * TestPool.MILLI;
      placement.completed(-1, -1, -1, pool.now);
      pool.pass(100);
    }

    pool.picker.apply(new PoolDelta(List.of(pod("uid-2")), List.of(new EndpointId("uid-1"))));
    var after = pool.route(prompt(1, 40));

    assertThat(after.endpoint().address()).isEqualTo(before.endpoint().address());
    assertThat(after.endpoint().slot()).isNotEqualTo(before.endpoint().slot());
    assertThat(after.cachedTokens()).isZero();
    pool.pass(100);
    assertThat(forgotten).containsExactly(before.endpoint().slot());

    pool.picker.apply(new PoolDelta(List.of(pod("uid-3")), List.of(new EndpointId("uid-2"))));
    var third = pool.route(prompt(1, 40));

    assertThat(third.endpoint().slot()).isEqualTo(before.endpoint().slot());
    assertThat(third.cachedTokens()).isZero();
    assertThat(pool.picker.costs().prefillFactor(third.endpoint().slot())).isEqualTo(1);
  }

  @Test
  void a_slot_stays_taken_while_a_request_is_in_flight_to_its_old_owner() {
    var pool = new TestPool(0, 1);
    pool.picker.apply(new PoolDelta(List.of(pod("uid-1")), List.of()));
    var first = pool.route(prompt(1, 40));
    var running = pool.place(prompt(1, 40), first);

    pool.picker.apply(new PoolDelta(List.of(), List.of(new EndpointId("uid-1"))));
    pool.pass(1_000);
    pool.picker.apply(new PoolDelta(List.of(pod("uid-2")), List.of()));
    assertThat(pool.route(prompt(1, 40)).endpoint().slot()).isNotEqualTo(first.endpoint().slot());

    running.firstByte(pool.now);
    running.failed(FailureKind.RESET, pool.now);
    pool.pass(100);
    pool.picker.apply(new PoolDelta(List.of(pod("uid-3")), List.of(new EndpointId("uid-2"))));
    var reused = pool.route(prompt(1, 40));

    assertThat(reused.endpoint().slot()).isEqualTo(first.endpoint().slot());
    assertThat(reused.cachedTokens()).isZero();
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  @Test
  void a_slot_stays_taken_until_every_event_loop_has_run_a_task() {
    Queue<Runnable> loop = new ArrayDeque<>();
    Executor eventLoop = loop::add;
    var picker =
        PoolPicker.builder(PoolPickerConfig.of("test", Set.of(TestPool.MODEL), 1), 1)
            .withoutThread()
            .eventLoops(List.of(eventLoop))
            .build();
    picker.apply(new PoolDelta(List.of(pod("uid-1")), List.of()));

    picker.apply(new PoolDelta(List.of(), List.of(new EndpointId("uid-1"))));
    picker.tick(1);
    picker.apply(new PoolDelta(List.of(pod("uid-2")), List.of()));
    assertThat(picker.snapshot().endpoints().getFirst().slot()).isEqualTo(1);

    loop.remove().run();
    picker.tick(2);
    picker.apply(new PoolDelta(List.of(pod("uid-3")), List.of()));
    assertThat(picker.snapshot().endpoints().getFirst().slot()).isZero();
  }

  @Test
  void a_request_for_a_pod_that_has_gone_reserves_and_teaches_nothing() {
    var pool = new TestPool(2, 1);
    var route = pool.route(prompt(1, 40));
    pool.remove(route.endpoint());

    var placement = pool.place(prompt(1, 40), route);

    assertThat(pool.picker.inFlight().total()).isZero();
    placement.firstByte(pool.now);
    placement.completed(2560, 0, 10, pool.now);
    assertThat(pool.picker.inFlight().total()).isZero();
    assertThat(pool.picker.decisions().find(route.decisionId())).isNotNull();
  }

  private static EndpointSpec pod(String uid) {
    return new EndpointSpec(new EndpointId(uid), uid, "10.0.0.1", 8000, Role.BOTH, Map.of(), false);
  }

  private static EndpointHealth forgetting(List<Integer> forgotten) {
    return new EndpointHealth() {
      @Override
      public boolean routable(int slot, long nowNanos) {
        return true;
      }

      @Override
      public double weight(int slot, long nowNanos) {
        return 1;
      }

      @Override
      public void forget(int slot) {
        forgotten.add(slot);
      }
    };
  }
}
