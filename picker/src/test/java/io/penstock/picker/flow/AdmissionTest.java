package io.penstock.picker.flow;

import static io.penstock.picker.flow.FlowPool.SECOND;
import static io.penstock.picker.flow.FlowPool.concurrency;
import static io.penstock.picker.flow.FlowPool.utilization;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.EndpointHealth;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Who goes on, when, and what the others hear. */
class AdmissionTest {

  private FlowPool pool = new FlowPool(concurrency(1), 1);

  private void given(FlowSettings settings, int endpoints) {
    pool = new FlowPool(settings, endpoints);
  }

  @AfterEach
  void nobodyIsLost() {
    assertThat(pool.counts().holds()).as("%s", pool.counts()).isTrue();
  }

  private static FlowSettings with(
      FlowSettings base, Map<Integer, BandSettings> bands, UsageLimit limit, boolean eviction) {
    return new FlowSettings(
        base.gate(),
        base.detector(),
        base.maxBytes(),
        base.maxRequests(),
        base.ttlNanos(),
        base.noEndpointTtlNanos(),
        bands,
        base.defaultBand(),
        base.defaultNegativeBand(),
        limit,
        eviction,
        base.identityHeaders(),
        base.admitters());
  }

  private static FlowSettings band(FlowSettings base, Fairness fairness, Ordering ordering) {
    return with(
        base,
        Map.of(0, new BandSettings(1_000_000, 1_000, fairness, ordering)),
        base.limit(),
        false);
  }

  private static FlowSettings bounds(
      FlowSettings base, long maxBytes, long maxRequests, BandSettings band) {
    return new FlowSettings(
        base.gate(),
        base.detector(),
        maxBytes,
        maxRequests,
        base.ttlNanos(),
        base.noEndpointTtlNanos(),
        Map.of(),
        band,
        band,
        base.limit(),
        false,
        List.of(),
        List.of());
  }

  private static FlowSettings ttl(FlowSettings base, long seconds, long noEndpointSeconds) {
    return new FlowSettings(
        base.gate(),
        base.detector(),
        0,
        0,
        seconds * SECOND,
        noEndpointSeconds * SECOND,
        Map.of(),
        base.defaultBand(),
        base.defaultNegativeBand(),
        base.limit(),
        false,
        List.of(),
        List.of());
  }

  /** Ends whoever runs, one after the other, until nobody does. */
  private void drain(List<FlowPool.Client> clients) {
    boolean any = true;
    while (any) {
      any = false;
      for (var client : clients) {
        if (client.running) {
          client.end();
          any = true;
        }
      }
    }
  }

  @Nested
  class Turns {

    @Test
    void a_request_goes_on_at_once_while_there_is_room() {
      var client = pool.come("a");
      assertThat(client.running).isTrue();
      assertThat(pool.counts().waiting()).isZero();
    }

    @Test
    void one_that_ends_lets_the_next_go_on_in_the_same_turn() {
      var first = pool.come("a");
      var second = pool.come("b");
      assertThat(second.waits()).isTrue();
      first.end();
      assertThat(second.running).isTrue();
    }

    @Test
    void the_greater_priority_overtakes() {
      var first = pool.come("first");
      pool.come("low", -10);
      pool.come("usual", 0);
      pool.come("high", 100);
      var clients = new ArrayList<>(List.of(first));
      first.end();
      assertThat(pool.wentOn).containsExactly("first", "high");
      assertThat(clients).hasSize(1);
    }

    @Test
    void as_many_go_on_as_there_is_room_for_and_no_more() {
      given(utilization(), 1);
      pool.scrape(0, 5, 0);
      List<FlowPool.Client> clients = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        clients.add(pool.come("r" + i));
      }
      assertThat(pool.wentOn).isEmpty();

      pool.scrape(0, 0, 0);

      assertThat(pool.wentOn).as("the queue of the engine has room for five").hasSize(5);
      pool.scrape(0, 5, 0);
      assertThat(pool.wentOn).as("they wait there").hasSize(5);
      pool.scrape(0, 3, 0);
      assertThat(pool.wentOn).hasSize(7);
      clients.forEach(FlowPool.Client::end);
    }

    @Test
    void the_bound_holds_over_all_endpoints_and_is_used_in_full() {
      given(concurrency(2), 3);
      for (int i = 0; i < 10; i++) {
        pool.come("r" + i);
      }
      assertThat(pool.wentOn).hasSize(6);
      assertThat(pool.counts().waiting()).isEqualTo(4);
    }

    @Test
    void a_new_endpoint_lets_those_go_on_that_it_has_room_for() {
      for (int i = 0; i < 4; i++) {
        pool.come("r" + i);
      }
      assertThat(pool.wentOn).hasSize(1);
      pool.add(2);
      assertThat(pool.wentOn).hasSize(3);
    }

    @Test
    void a_client_that_leaves_leaves_its_queue_at_once() {
      var first = pool.come("a");
      var leaving = pool.come("b");
      var staying = pool.come("c");
      leaving.end();
      assertThat(pool.counts().waiting()).isEqualTo(1);
      assertThat(pool.counts().of(FlowOutcome.EVICTED_CANCELLED)).isEqualTo(1);
      first.end();
      assertThat(staying.running).isTrue();
      assertThat(leaving.running).isFalse();
    }

    @Test
    void metrics_that_are_stale_are_looked_at_again_by_the_clock() {
      given(utilization(), 1);
      pool.scrape(0, 50, 0);
      var client = pool.come("a");
      assertThat(client.waits()).isTrue();
      pool.pass(2 * SECOND);
      assertThat(client.running).as("nothing is in flight from here").isTrue();
    }
  }

  @Nested
  class Flows {

    @Test
    void one_strict_order_holds_over_all_flows() {
      var first = pool.come("first");
      List<FlowPool.Client> all = new ArrayList<>(List.of(first));
      all.add(pool.come("a1", 0, "a"));
      all.add(pool.come("a2", 0, "a"));
      all.add(pool.come("b1", 0, "b"));
      drain(all);
      assertThat(pool.wentOn).containsExactly("first", "a1", "a2", "b1");
    }

    @Test
    void round_robin_takes_one_of_each_flow_in_turn() {
      given(band(concurrency(1), new Fairness.RoundRobin(), Ordering.FCFS), 1);
      List<FlowPool.Client> all = new ArrayList<>();
      all.add(pool.come("first", 0, "z"));
      for (int i = 1; i <= 3; i++) {
        all.add(pool.come("b" + i, 0, "b"));
      }
      all.add(pool.come("a1", 0, "a"));
      all.add(pool.come("c1", 0, "c"));
      drain(all);
      assertThat(pool.wentOn).containsExactly("first", "a1", "b1", "c1", "b2", "b3");
    }

    @Test
    void the_flow_that_was_served_least_goes_first() {
      var policy = new Fairness.ProgramAware(0.8, 0.2, 60 * SECOND, 3_600 * SECOND);
      given(band(concurrency(1), policy, Ordering.FCFS), 1);
      var hungry = pool.come("hungry", 0, "a");
      var greedy = pool.come("greedy", 0, "b");
      hungry.end(100, 10);
      greedy.end(10_000, 1_000);
      var holder = pool.come("holder", 0, "c");
      pool.come("b2", 0, "b");
      pool.now += SECOND;
      pool.come("a2", 0, "a");
      holder.end();
      assertThat(pool.wentOn).endsWith("holder", "a2");
    }

    @Test
    void service_of_long_ago_counts_less() {
      var policy = new Fairness.ProgramAware(0.8, 0.2, 60 * SECOND, 3_600 * SECOND);
      var queue = new ServiceQueue(policy);
      queue.served("a", 800, 0);
      assertThat(queue.service("a", 0)).isEqualTo(800);
      assertThat(queue.service("a", 60 * SECOND)).isCloseTo(400, within(1e-9));
      queue.served("a", 100, 120 * SECOND);
      assertThat(queue.service("a", 120 * SECOND)).isCloseTo(300, within(1e-9));
      queue.sweep(120 * SECOND + 3_601 * SECOND);
      assertThat(queue.service("a", 120 * SECOND)).isZero();
    }

    @Test
    void what_flows_had_is_shown_from_time_to_time() {
      var policy = new Fairness.ProgramAware(0.8, 0.2, 0, 3_600 * SECOND);
      given(band(concurrency(1), policy, Ordering.FCFS), 1);
      var first = pool.come("a1", 0, "a");
      var second = pool.come("b1", 0, "b");
      pool.now += 2 * SECOND;
      first.end(100, 100);
      second.end(50, 25);
      pool.pass(SECOND);

      var band = pool.programs.getFirst();
      assertThat(band.priority()).isZero();
      assertThat(band.programs())
          .containsExactly(
              new ProgramService.Program("b", 2e9, 100), new ProgramService.Program("a", 0, 300));
      // (300 + 100)² / (2·(300² + 100²))
      assertThat(band.jainsIndex()).isCloseTo(0.8, within(1e-12));
    }

    @Test
    void the_earliest_wanted_first_token_goes_first_and_those_that_do_not_say_last() {
      given(band(concurrency(1), new Fairness.GlobalStrict(), Ordering.SLO_DEADLINE), 1);
      List<FlowPool.Client> all = new ArrayList<>();
      all.add(pool.come("first"));
      all.add(pool.come("whenever"));
      all.add(pool.client("late").ttftSlo(5_000).come());
      all.add(pool.client("soon").ttftSlo(500).come());
      drain(all);
      assertThat(pool.wentOn).containsExactly("first", "soon", "late", "whenever");
    }

    @Test
    void with_one_time_to_live_the_earliest_end_is_the_first_that_came() {
      given(band(concurrency(1), new Fairness.GlobalStrict(), Ordering.EDF), 1);
      List<FlowPool.Client> all = new ArrayList<>(List.of(pool.come("first")));
      for (int i = 0; i < 5; i++) {
        pool.now += 1_000;
        all.add(pool.come("r" + i));
      }
      drain(all);
      assertThat(pool.wentOn).containsExactly("first", "r0", "r1", "r2", "r3", "r4");
    }
  }

  @Nested
  class Limits {

    @Test
    void a_band_that_is_closed_closes_those_below_it() {
      var limit = new UsageLimit.Holdback(0.5, 1, false);
      given(with(concurrency(4), Map.of(100, BandSettings.DEFAULT), limit, false), 1);
      pool.come("low0", 0);
      pool.come("low1", 0);
      var held = pool.come("low2", 0);
      assertThat(held.waits()).as("half of the pool is for others").isTrue();
      assertThat(pool.come("high0", 100).running).isTrue();
      assertThat(pool.come("high1", 100).running).isTrue();
      assertThat(pool.come("high2", 100).waits()).isTrue();
      assertThat(held.waits()).isTrue();
    }

    @Test
    void ceilings_fall_by_rank_or_by_value() {
      var byRank = new UsageLimit.Holdback(0.4, 1, false);
      assertThat(byRank.ceiling(0, 3, 100, 100, 0, 0)).isEqualTo(1);
      assertThat(byRank.ceiling(1, 3, 90, 100, 0, 0)).isCloseTo(0.7, within(1e-9));
      assertThat(byRank.ceiling(2, 3, 0, 100, 0, 0)).isCloseTo(0.4, within(1e-9));
      var byValue = new UsageLimit.Holdback(0.4, 1, true);
      assertThat(byValue.ceiling(1, 3, 90, 100, 0, 0)).isCloseTo(0.94, within(1e-9));
      assertThat(byValue.ceiling(0, 1, 0, 0, 0, 0)).isEqualTo(1);
    }

    @Test
    void a_soft_ceiling_falls_with_the_load_and_lets_one_in_so_many_through() {
      var soft = new UsageLimit.SoftReflective();
      assertThat(soft.ceiling(0, 2, 1, 1, 0, 0.9)).isEqualTo(1);
      assertThat(soft.ceiling(1, 2, 0, 1, 0, 0.25)).isEqualTo(0.75);
      assertThat(soft.oneIn(0.8)).isEqualTo(4);
      assertThat(soft.oneIn(0.1)).isEqualTo(1);
      assertThat(soft.oneIn(1)).isZero();

      given(with(concurrency(10), Map.of(100, BandSettings.DEFAULT), soft, false), 1);
      for (int i = 0; i < 8; i++) {
        pool.come("high" + i, 100);
      }
      int before = pool.wentOn.size();
      var low = pool.come("low", 0);
      assertThat(low.waits()).isTrue();
      for (int i = 0; i < 3 && low.waits(); i++) {
        pool.pass(SECOND / 10);
      }
      assertThat(low.running).isTrue();
      assertThat(pool.wentOn).hasSize(before + 1);
    }

    @Test
    void a_threshold_holds_for_every_band() {
      given(with(concurrency(10), Map.of(), new UsageLimit.Fixed(0.3), false), 1);
      for (int i = 0; i < 5; i++) {
        pool.come("r" + i, i);
      }
      assertThat(pool.wentOn).hasSize(3);
    }
  }

  @Nested
  class Capacity {

    private final BandSettings small =
        new BandSettings(250, 3, new Fairness.GlobalStrict(), Ordering.FCFS);

    @Test
    void a_band_holds_so_many_requests() {
      given(
          bounds(
              concurrency(1),
              0,
              0,
              new BandSettings(1_000_000, 2, new Fairness.GlobalStrict(), Ordering.FCFS)),
          1);
      pool.come("runs");
      pool.come("a");
      pool.come("b");
      assertThat(pool.come("c").dropped).isEqualTo(FlowOutcome.REJECTED_CAPACITY);
      assertThat(pool.come("d", 7).waits()).as("another band").isTrue();
    }

    @Test
    void a_band_holds_so_many_bytes() {
      given(bounds(concurrency(1), 0, 0, small), 1);
      pool.come("runs");
      pool.come("a");
      pool.come("b");
      assertThat(pool.come("c").dropped).isEqualTo(FlowOutcome.REJECTED_CAPACITY);
      assertThat(pool.client("d").bytes(50).come().waits()).isTrue();
    }

    @Test
    void all_bands_hold_so_much_together() {
      given(bounds(concurrency(1), 0, 2, BandSettings.DEFAULT), 1);
      pool.come("runs");
      pool.come("a", 1);
      pool.come("b", 2);
      assertThat(pool.come("c", 3).dropped).isEqualTo(FlowOutcome.REJECTED_CAPACITY);

      given(bounds(concurrency(1), 150, 0, BandSettings.DEFAULT), 1);
      pool.come("runs");
      pool.come("a", 1);
      assertThat(pool.come("b", 2).dropped).isEqualTo(FlowOutcome.REJECTED_CAPACITY);
    }

    @Test
    void a_full_queue_before_an_empty_pool_says_so() {
      given(bounds(concurrency(1), 0, 1, BandSettings.DEFAULT), 0);
      assertThat(pool.come("a").waits()).isTrue();
      assertThat(pool.come("b").dropped).isEqualTo(FlowOutcome.REJECTED_NO_ENDPOINTS);
    }

    @Test
    void priorities_beyond_so_many_share_the_band_of_0() {
      var bands = new Bands(FlowSettings.DEFAULT, 0);
      for (int priority = 1; priority <= Bands.MOST_DYNAMIC; priority++) {
        assertThat(bands.of(priority, 0).priority()).isEqualTo(priority);
      }
      assertThat(bands.of(100_000, 0).priority()).isZero();
      bands.sweep(601 * SECOND);
      assertThat(bands.of(100_000, 601 * SECOND).priority()).isEqualTo(100_000);
    }
  }

  @Nested
  class TimeToLive {

    @Test
    void a_request_that_waited_long_enough_hears_so() {
      given(ttl(concurrency(1), 10, 10), 1);
      pool.come("runs");
      var waiting = pool.come("a");
      pool.pass(9 * SECOND);
      assertThat(waiting.waits()).isTrue();
      var later = pool.come("b");
      pool.pass(SECOND);
      assertThat(waiting.dropped).isEqualTo(FlowOutcome.EVICTED_TTL);
      assertThat(later.waits()).isTrue();
    }

    @Test
    void before_an_empty_pool_another_time_holds() {
      given(ttl(concurrency(1), 10, 30), 0);
      var waiting = pool.come("a");
      pool.pass(20 * SECOND);
      assertThat(waiting.waits()).isTrue();
      pool.pass(10 * SECOND);
      assertThat(waiting.dropped).isEqualTo(FlowOutcome.EVICTED_NO_ENDPOINTS);
    }

    @Test
    void endpoints_that_come_or_go_begin_a_new_time() {
      given(ttl(concurrency(1), 10, 10), 1);
      pool.come("runs");
      var waiting = pool.come("a");
      pool.pass(9 * SECOND);
      pool.removeAll();
      pool.pass(2 * SECOND);
      assertThat(waiting.waits()).isTrue();
      pool.pass(SECOND);
      assertThat(waiting.dropped)
          .as("not for ever, though")
          .isEqualTo(FlowOutcome.EVICTED_NO_ENDPOINTS);
    }

    @Test
    void endpoints_that_come_take_whoever_waits() {
      given(ttl(concurrency(5), 10, 30), 0);
      var waiting = pool.come("a");
      pool.pass(20 * SECOND);
      pool.add(1);
      assertThat(waiting.running).isTrue();
    }

    @Test
    void no_time_to_live_is_for_ever() {
      given(ttl(concurrency(1), 0, 0), 1);
      pool.come("runs");
      var waiting = pool.come("a");
      pool.pass(100_000 * SECOND);
      assertThat(waiting.waits()).isTrue();
    }
  }

  @Nested
  class Evicting {

    private void full() {
      given(with(concurrency(3), Map.of(), new UsageLimit.Fixed(1), true), 1);
    }

    @Test
    void the_least_important_and_newest_makes_room_and_no_other_before_it_has() {
      full();
      var older = pool.come("older", -1);
      var least = pool.come("least", -5);
      var newer = pool.come("newer", -1);
      var high = pool.come("high", 10);
      assertThat(List.of(older.evicted, least.evicted, newer.evicted))
          .containsExactly(false, true, false);
      pool.pass(SECOND);
      assertThat(newer.evicted).as("one at a time").isFalse();

      least.end();
      assertThat(high.running).isTrue();
      assertThat(pool.counts().evicted()).isEqualTo(1);

      pool.pass(SECOND);
      pool.come("higher", 20);
      assertThat(newer.evicted).isTrue();
      assertThat(older.evicted).isFalse();
    }

    @Test
    void requests_of_no_negative_priority_stay() {
      full();
      for (int i = 0; i < 3; i++) {
        pool.come("r" + i, 0);
      }
      pool.come("high", 10);
      assertThat(pool.counts().evicted()).isZero();
      assertThat(pool.wentOn).hasSize(3);
    }

    @Test
    void nobody_makes_room_for_one_that_is_no_more_important() {
      full();
      var running = pool.come("a", -1);
      pool.come("b", -1);
      pool.come("c", -1);
      pool.come("d", -1);
      assertThat(running.evicted).isFalse();
    }

    @Test
    void without_eviction_they_wait() {
      given(concurrency(1), 1);
      var running = pool.come("a", -1);
      pool.come("high", 10);
      assertThat(running.evicted).isFalse();
    }

    @Test
    void one_that_does_not_end_is_not_waited_for_for_ever() {
      full();
      pool.come("a", -1);
      var b = pool.come("b", -1);
      var c = pool.come("c", -1);
      pool.come("high", 10);
      assertThat(c.evicted).isTrue();
      pool.pass(11 * SECOND);
      pool.pass(SECOND);
      assertThat(b.evicted).isTrue();
    }

    @Test
    void load_is_shown_as_to_be_reclaimed_only_while_somebody_makes_room() {
      given(with(utilization(), Map.of(), new UsageLimit.Fixed(1), true), 1);
      pool.scrape(0, 0, 0);
      var batch = pool.come("batch", -1);
      pool.scrape(0, 10, 0);
      pool.come("a");
      assertThat(pool.reclaimTarget).as("saturated twice over").isCloseTo(1, within(1e-9));

      batch.end();
      assertThat(pool.reclaimTarget).isZero();

      var running = pool.come("running");
      pool.scrape(0, 0, 0);
      assertThat(running.running).isTrue();
      pool.scrape(0, 10, 0);
      pool.pass(2 * SECOND);
      pool.scrape(0, 10, 0);
      assertThat(pool.come("b").waits()).isTrue();
      assertThat(pool.reclaimTarget).as("nobody may be told").isZero();
    }
  }

  @Nested
  class WithoutTheGate {

    @Test
    void everything_goes_on_but_what_may_be_shed_while_the_pool_is_saturated() {
      given(FlowSettings.DEFAULT, 2);
      pool.scrape(0, 5, 0);
      pool.scrape(1, 4, 0);
      assertThat(pool.come("a", -1).running).as("0.9").isTrue();
      pool.scrape(1, 5, 0);
      assertThat(pool.come("b", -1).dropped).isEqualTo(FlowOutcome.SHED);
      assertThat(pool.admission.passes(0)).isTrue();
      assertThat(pool.admission.passes(-1)).isFalse();
      assertThat(pool.come("c", 0).running).isTrue();
    }

    @Test
    void used_kv_cache_saturates_too() {
      given(FlowSettings.DEFAULT, 1);
      pool.scrape(0, 0, 0.8);
      assertThat(pool.come("a", -1).dropped).isEqualTo(FlowOutcome.SHED);
    }

    @Test
    void an_admitter_refuses_with_a_probability_that_grows_with_the_load() {
      var admitter = new ProbabilisticAdmitter(5, 0.8, 5, 300);
      given(FlowPool.admitting(admitter), 1);
      pool.scrape(0, 0, 0);
      assertThat(pool.refusal(admitter)).isZero();
      pool.scrape(0, 1, 0);
      assertThat(pool.refusal(admitter)).isCloseTo(300 * Math.pow(0.2, 5), within(1e-9));
      int denied = 0;
      for (int i = 0; i < 1_000; i++) {
        denied += pool.come("r" + i, -1).dropped == FlowOutcome.DENIED ? 1 : 0;
      }
      assertThat(denied).isBetween(60, 140);
      assertThat(pool.come("important", 0).running).isTrue();
      pool.scrape(0, 4, 0);
      assertThat(pool.come("sure", -1).dropped).isEqualTo(FlowOutcome.DENIED);
    }

    @Test
    void who_only_encodes_is_no_part_of_the_load_and_may_be_silent() {
      var admitter = new ProbabilisticAdmitter(5, 0.8, 1, 1);
      given(FlowPool.admitting(admitter), 1);
      pool.add(1, Role.ENCODE);
      pool.scrape(0, 1, 0);

      assertThat(pool.refusal(admitter)).isCloseTo(0.2, within(1e-9));
      var saturation =
          new Saturation(
              pool.signals,
              pool.inFlight,
              EndpointHealth.ALL_HEALTHY,
              FlowSettings.DEFAULT_DETECTOR);
      saturation.pool(pool.pool.snapshot(), pool.now);
      assertThat(saturation.stale(pool.now)).isZero();
      pool.add(1, Role.DECODE);
      saturation.pool(pool.pool.snapshot(), pool.now);
      assertThat(saturation.stale(pool.now)).isOne();
    }

    @Test
    void the_policy_may_refuse_what_has_a_negative_priority_with_the_gate_and_without() {
      for (var settings : List.of(FlowSettings.DEFAULT, concurrency(1))) {
        given(settings, 1);
        pool.refuses = true;
        assertThat(pool.come("a", -1).dropped).isEqualTo(FlowOutcome.DENIED);
        assertThat(pool.come("b", 0).running).isTrue();
        assertThat(pool.counts().of(FlowOutcome.DENIED)).isOne();
      }
    }
  }

  @Nested
  class OtherSettings {

    @Test
    void whoever_waits_goes_on_to_wait_in_the_new_order() {
      var first = pool.come("first");
      pool.come("a", 0);
      pool.come("b", 5);
      pool.admission.settings(
          band(concurrency(1), new Fairness.RoundRobin(), Ordering.SLO_DEADLINE));
      assertThat(pool.counts().waiting()).isEqualTo(2);
      first.end();
      assertThat(pool.wentOn).containsExactly("first", "b");
    }

    @Test
    void more_room_lets_them_go_on_at_once_and_so_does_no_gate() {
      for (int i = 0; i < 6; i++) {
        pool.come("r" + i);
      }
      assertThat(pool.wentOn).hasSize(1);
      pool.admission.settings(concurrency(3));
      assertThat(pool.wentOn).hasSize(3);
      pool.admission.settings(FlowSettings.DEFAULT);
      assertThat(pool.wentOn).hasSize(6);
      assertThat(pool.counts().waiting()).isZero();
    }

    @Test
    void eviction_that_is_switched_on_is_for_what_is_in_flight_already_too() {
      given(concurrency(2), 1);
      var batch = pool.come("batch", -1);
      pool.come("usual", 0);
      pool.come("high", 10);
      assertThat(batch.evicted).isFalse();

      pool.admission.settings(with(concurrency(2), Map.of(), new UsageLimit.Fixed(1), true));

      assertThat(batch.evicted).isTrue();
    }

    @Test
    void eviction_that_is_switched_off_is_for_nobody() {
      given(with(concurrency(1), Map.of(), new UsageLimit.Fixed(1), true), 1);
      var batch = pool.come("batch", -1);

      pool.admission.settings(concurrency(1));
      pool.come("high", 10);

      assertThat(batch.evicted).isFalse();
    }

    @Test
    void nobody_waits_for_a_gate_that_closes_down() {
      pool.come("runs");
      var waiting = pool.come("a");
      pool.admission.close();
      assertThat(waiting.dropped).isEqualTo(FlowOutcome.EVICTED_SHUTDOWN);
      assertThat(pool.come("b").dropped).isEqualTo(FlowOutcome.EVICTED_SHUTDOWN);
    }
  }
}
