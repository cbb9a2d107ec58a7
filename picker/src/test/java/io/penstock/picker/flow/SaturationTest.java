package io.penstock.picker.flow;

import static io.penstock.picker.flow.FlowPool.SECOND;
import static io.penstock.picker.flow.FlowPool.admitting;
import static io.penstock.picker.flow.FlowPool.utilization;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.pool.Role;
import org.junit.jupiter.api.Test;

/** Whose load is the load of a pool: theirs whom requests are sent to. */
class SaturationTest {

  @Test
  void an_endpoint_that_sleeps_is_no_room_until_it_wakes() {
    var pool = new FlowPool(utilization(), 2);
    pool.scrape(0, 5, 0);
    pool.sleep(1, 0);
    pool.pass(SECOND / 10);
    var client = pool.come("a");
    assertThat(client.waits()).isTrue();

    pool.scrape(1, 0, 0);
    pool.pass(SECOND / 10);
    assertThat(client.running).isTrue();
  }

  @Test
  void a_stage_whose_endpoints_all_sleep_is_as_busy_as_they_are() {
    var pool = new FlowPool(utilization(), 0);
    pool.add(1, Role.PREFILL);
    pool.add(1, Role.DECODE);
    pool.scrape(0, 0, 0);
    pool.sleep(1, 5);
    pool.pass(SECOND / 10);
    var client = pool.come("a");
    assertThat(client.waits()).isTrue();

    pool.sleep(1, 4);
    assertThat(client.running).isTrue();
  }

  @Test
  void what_may_be_shed_is_shed_while_those_that_are_awake_are_saturated() {
    var pool = new FlowPool(FlowSettings.DEFAULT, 2);
    pool.scrape(0, 5, 0);
    pool.sleep(1, 0);
    assertThat(pool.come("a", -1).dropped).isEqualTo(FlowOutcome.SHED);
  }

  @Test
  void an_admitter_refuses_by_the_load_of_those_that_are_awake() {
    var pool = new FlowPool(admitting(new ProbabilisticAdmitter(10, 0.8, 1, 1)), 2);
    pool.scrape(0, 10, 0);
    pool.sleep(1, 0);
    for (int i = 0; i < 20; i++) {
      assertThat(pool.come("r" + i, -1).dropped).isEqualTo(FlowOutcome.DENIED);
    }

    pool.sleep(0, 0);
    assertThat(pool.come("a", -1).running).as("all sleep, and none is busy").isTrue();
  }
}
