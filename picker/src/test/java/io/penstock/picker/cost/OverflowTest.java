package io.penstock.picker.cost;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.plugins.RoleFilter;
import io.penstock.picker.signals.EngineSettings;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.Reservation;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One endpoint that prefills, slot 0, and one that answers, slot 1; 16,000 tokens fit into each.
 */
class OverflowTest {

  private static final long SECOND = 1_000_000_000L;
  private static final double SECONDS_PER_TOKEN = 1e-3;
  private static final int BLOCKS = 1_000;

  /** Ten requests a second of 100 tokens each. */
  private static final LoadPrice.Routed ROUTED = new LoadPrice.Routed(10, 100, SECONDS_PER_TOKEN);

  private final ArrayDeque<Reservation> awaited = new ArrayDeque<>();

  private final EngineSignals signals = new EngineSignals(Duration.ofSeconds(1));
  private final InFlight inFlight = new InFlight(1);
  private final ForeignLoad foreign = new ForeignLoad();
  private final Overflow overflow = new Overflow();
  private PoolSnapshot pool =
      pool(endpoint(0, Role.PREFILL, false), endpoint(1, Role.DECODE, false));
  private long now = SECOND;

  private static PoolSnapshot pool(Endpoint... endpoints) {
    return new PoolSnapshot("p", 1, List.of(endpoints));
  }

  private static Endpoint endpoint(int slot, Role role, boolean terminating) {
    return endpoint(slot, role, terminating, Map.of());
  }

  private static Endpoint endpoint(
      int slot, Role role, boolean terminating, Map<String, String> labels) {
    var name = "pod-" + slot;
    var spec =
        new EndpointSpec(new EndpointId(name), name, "10.0.0.1", 8000, role, labels, terminating);
    return new Endpoint(slot, spec, List.of());
  }

  /** So many seconds of prefill come to wait there. */
  private void waits(int slot, double seconds) {
    inFlight.add(0, slot, (int) Math.round(seconds / SECONDS_PER_TOKEN), 0);
  }

  /** Time goes by, ten looks a second, with that much of the caches in use. */
  private void pass(int seconds, double prefillUse, double answerUse, int blocks) {
    pass(seconds, prefillUse, answerUse, blocks, ROUTED);
  }

  private void pass(
      int seconds, double prefillUse, double answerUse, int blocks, LoadPrice.Routed routed) {
    for (int i = 0; i < seconds * 10; i++) {
      Metrics.put(signals, 0, 1, 0, prefillUse, blocks, now);
      Metrics.put(signals, 1, 1, 0, answerUse, blocks, now);
      overflow.tick(now, pool, signals, inFlight, foreign, routed);
      now += SECOND / 10;
    }
  }

  private void begin() {
    waits(0, 5);
    pass(60, 0.3, 0.8, BLOCKS);
    assertThat(overflow.active()).isTrue();
  }

  @Test
  void it_begins_where_prompts_wait_and_more_is_held_than_fits_where_requests_are_answered() {
    waits(0, 5);
    pass(15, 0.3, 0.8, BLOCKS);
    assertThat(overflow.active()).as("after 15 s").isFalse();

    pass(15, 0.3, 0.8, BLOCKS);
    assertThat(overflow.active()).as("after 30 s").isTrue();
  }

  @Test
  void looking_twice_at_once_changes_nothing() {
    waits(0, 5);
    for (int i = 0; i < 300; i++) {
      pass(1, 0.3, 0.8, BLOCKS);
      overflow.tick(now - SECOND / 10, pool, signals, inFlight, foreign, ROUTED);
      if (overflow.active()) {
        return;
      }
    }
    throw new AssertionError("it never began");
  }

  @Test
  void a_queue_alone_is_no_reason() {
    waits(0, 50);
    pass(120, 0.3, 0.65, BLOCKS);
    assertThat(overflow.active()).isFalse();
  }

  @Test
  void full_caches_alone_are_no_reason_unless_far_more_is_held_than_fits() {
    waits(0, 2.5);
    waits(1, 50);
    pass(120, 0.15, 1, BLOCKS);
    assertThat(overflow.active()).as("1.15 of it").isFalse();

    pass(60, 0.25, 1, BLOCKS);
    assertThat(overflow.active()).as("1.25 of it").isTrue();
  }

  @Test
  void prompts_that_are_computed_fill_nobody_who_answers() {
    waits(0, 50);
    pass(120, 0.9, 0.5, BLOCKS);
    assertThat(overflow.active()).isFalse();
  }

  @Test
  void it_lasts_until_what_all_hold_fits_where_requests_are_answered() {
    begin();
    pass(60, 0.5, 0.45, BLOCKS);
    assertThat(overflow.active()).as("0.95 of it").isTrue();

    pass(60, 0.4, 0.45, BLOCKS);
    assertThat(overflow.active()).as("0.85 of it").isFalse();

    pass(60, 0.4, 0.45, BLOCKS);
    assertThat(overflow.active()).as("the queue is still there, but there is room").isFalse();
  }

  /** So many requests are to be answered there whose prompts are computed elsewhere. */
  private void awaits(int requests) {
    for (int i = 0; i < requests; i++) {
      awaited.add(inFlight.reserveHandOver(0, 1, 10, 10));
    }
  }

  /** They have begun. */
  private void begun() {
    while (!awaited.isEmpty()) {
      awaited.remove().firstToken();
    }
  }

  @Test
  void it_begins_where_computed_prompts_wait_for_those_who_answer() {
    awaits(29);
    pass(120, 0.1, 0.5, BLOCKS);
    assertThat(overflow.active()).as("2.9 s").isFalse();

    awaits(10);
    pass(1, 0.1, 0.5, BLOCKS);
    assertThat(overflow.active()).as("3.9 s, for 1 s").isFalse();
    pass(3, 0.1, 0.5, BLOCKS);
    assertThat(overflow.active()).as("3.9 s, for 4 s").isTrue();
  }

  @Test
  void a_few_that_wait_where_next_to_nothing_is_asked_are_no_reason() {
    awaits(1);
    pass(60, 0.1, 0.5, BLOCKS, new LoadPrice.Routed(0, 100, SECONDS_PER_TOKEN));
    assertThat(overflow.active()).isFalse();
  }

  @Test
  void prompts_that_are_still_computed_wait_for_nobody_else() {
    awaits(40);
    for (int i = 0; i < 40; i++) {
      inFlight.add(0, 0, 1, 10);
    }
    pass(120, 0.1, 0.5, BLOCKS);
    assertThat(overflow.active()).as("at those who prefill").isFalse();

    for (int i = 0; i < 40; i++) {
      inFlight.add(0, 1, 1, 10);
    }
    pass(120, 0.1, 0.5, BLOCKS);
    assertThat(overflow.active()).as("where they are answered").isFalse();

    pool =
        pool(
            endpoint(0, Role.PREFILL, true),
            endpoint(1, Role.DECODE, false),
            endpoint(2, Role.PREFILL, false));
    pass(120, 0.1, 0.5, BLOCKS);
    assertThat(overflow.active()).as("at one that leaves").isFalse();
  }

  @Test
  void a_trial_goes_on_where_all_are_full() {
    awaits(100);
    passUntil(true, 60);
    begun();
    pass(90, 0.5, 0.8, BLOCKS);
    assertThat(overflow.active()).as("1.3 of it").isTrue();
    pass(60, 0.3, 0.5, BLOCKS);
    assertThat(overflow.active()).as("0.8 of it").isFalse();
  }

  @Test
  void what_began_because_of_the_hand_over_is_tried_for_a_minute_and_each_time_for_twice_as_long() {
    for (int seconds : new int[] {60, 120, 240}) {
      awaits(100);
      passUntil(true, 60);
      begun();
      assertThat(passUntil(false, 300)).isBetween(seconds - 1, seconds + 1);
    }

    pass(481, 0.1, 0.5, BLOCKS);
    awaits(100);
    passUntil(true, 60);
    begun();
    assertThat(passUntil(false, 300)).as("after a calm of twice as long").isBetween(59, 61);
  }

  /** Seconds until it is so. */
  private int passUntil(boolean active, int most) {
    for (int seconds = 0; seconds < most; seconds++) {
      if (overflow.active() == active) {
        return seconds;
      }
      pass(1, 0.5, 0.5, BLOCKS); // what all hold would fit, barely
    }
    throw new AssertionError("not within " + most + " s");
  }

  @Test
  void what_others_sent_counts() {
    for (int i = 0; i < 300; i++) {
      Metrics.put(signals, 0, 1, 60, 0.2, BLOCKS, now); // 100 tokens each: 6 s
      Metrics.put(signals, 1, 1, 0, 0.9, BLOCKS, now);
      foreign.observe(0, signals, inFlight);
      overflow.tick(now, pool, signals, inFlight, foreign, ROUTED);
      now += SECOND / 10;
    }
    assertThat(overflow.active()).isTrue();
  }

  @Test
  void of_caches_of_unknown_size_nothing_is_said() {
    waits(0, 50);
    pass(120, 0.9, 1, 0);
    assertThat(overflow.active()).isFalse();
  }

  @Test
  void it_ends_at_once_with_the_last_endpoint_that_prefills() {
    begin();
    pool = pool(endpoint(0, Role.PREFILL, true), endpoint(1, Role.DECODE, false));
    pass(1, 0.3, 0.8, BLOCKS);
    assertThat(overflow.active()).as("it terminates").isFalse();

    pool = pool(endpoint(0, Role.PREFILL, false), endpoint(1, Role.DECODE, false));
    pass(5, 0.3, 0.8, BLOCKS);
    assertThat(overflow.active()).as("another one begins anew").isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {EngineSettings.LABEL, EngineSettings.OLDER_LABEL})
  void prefill_servers_of_sglang_cannot_answer(String label) {
    var sglang = endpoint(0, Role.PREFILL, false, Map.of(label, "sglang"));
    assertThat(RoleFilter.answersInOverflow(sglang.spec())).isFalse();
    assertThat(
            RoleFilter.answersInOverflow(
                endpoint(1, Role.DECODE, false, Map.of(label, "sglang")).spec()))
        .isTrue();

    pool = pool(sglang, endpoint(1, Role.DECODE, false));
    waits(0, 50);
    pass(120, 0.1, 0.9, BLOCKS);
    assertThat(overflow.active()).isFalse();
  }
}
