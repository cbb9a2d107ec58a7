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

  /** Ten of them hold 0.8 of what fits. */
  private static final int CONTEXT = 1_280;

  private final ArrayDeque<Reservation> waiting = new ArrayDeque<>();
  private final ArrayDeque<Reservation> awaited = new ArrayDeque<>();

  private final EngineSignals signals = new EngineSignals(Duration.ofSeconds(1));
  private final InFlight inFlight = InFlight.besideReplicas(1);
  private final ForeignLoad foreign = new ForeignLoad();
  private Overflow overflow = new Overflow();
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
      tick(routed);
    }
  }

  private void tick(LoadPrice.Routed routed) {
    overflow.tick(now, pool, signals, inFlight, foreign, routed);
    now += SECOND / 10;
  }

  /**
   * Those that answer: ten requests, which hold 0.8 of what fits, and so many more, each as long,
   * that are still to begin there.
   */
  private void answers(int toBegin) {
    for (int i = 0; i < 10; i++) {
      inFlight.reserve(0, 1, 0, CONTEXT).firstToken();
    }
    toBegin(toBegin);
  }

  private void toBegin(int requests) {
    for (int i = 0; i < requests; i++) {
      waiting.add(inFlight.reserve(0, 1, 0, CONTEXT));
    }
  }

  private void theyLeave(int requests) {
    for (int i = 0; i < requests; i++) {
      waiting.remove().end();
    }
  }

  private void begin() {
    answers(6);
    pass(60, 0.3, 0.8, BLOCKS);
    assertThat(overflow.active()).isTrue();
  }

  @Test
  void it_begins_where_those_who_answer_are_spoken_for_by_far_more_than_fits() {
    answers(4);
    pass(120, 0.9, 0.8, BLOCKS);
    assertThat(overflow.active()).as("1.12 of it").isFalse();

    toBegin(2);
    pass(5, 0.9, 0.8, BLOCKS);
    assertThat(overflow.active()).as("1.28 of it, for 5 s").isFalse();
    pass(3, 0.9, 0.8, BLOCKS);
    assertThat(overflow.active()).as("1.28 of it, for 8 s").isTrue();
  }

  @Test
  void looking_twice_at_once_changes_nothing() {
    answers(6);
    int once = passUntil(true, 60, 0.8);
    overflow = new Overflow();
    int twice = 0;
    while (!overflow.active()) {
      pass(1, 0.3, 0.8, BLOCKS);
      overflow.tick(now - SECOND / 10, pool, signals, inFlight, foreign, ROUTED);
      twice++;
    }
    assertThat(twice).isEqualTo(once).isGreaterThan(10);
  }

  @Test
  void it_lasts_until_it_fits() {
    begin();
    theyLeave(3);
    pass(60, 0.9, 0.8, BLOCKS);
    assertThat(overflow.active()).as("1.04 of it").isTrue();

    theyLeave(1);
    pass(60, 0.9, 0.8, BLOCKS);
    assertThat(overflow.active()).as("0.96 of it, 1.7 with the others").isFalse();
  }

  @Test
  void where_computed_prompts_waited_it_lasts_until_what_all_hold_fits() {
    awaits(20);
    begin();
    answered();
    theyLeave(6);
    pass(60, 0.2, 0.75, BLOCKS);
    assertThat(overflow.active()).as("0.8 of it, 1.0 with the others").isTrue();

    pass(60, 0.05, 0.8, BLOCKS);
    assertThat(overflow.active()).as("0.85 with the others").isFalse();

    toBegin(6);
    pass(60, 0.3, 0.8, BLOCKS);
    assertThat(overflow.active()).isTrue();
    theyLeave(6);
    pass(60, 0.3, 0.75, BLOCKS);
    assertThat(overflow.active()).as("nobody waited since it began").isFalse();
  }

  @Test
  void prompts_that_are_computed_fill_nobody_who_answers() {
    waits(0, 14);
    pass(120, 0.9, 0.5, BLOCKS);
    assertThat(overflow.active()).isFalse();
  }

  @Test
  void where_prompts_wait_for_those_who_prefill_it_is_tried() {
    waits(0, 30);
    pass(60, 0.3, 0.5, BLOCKS);
    assertThat(overflow.active()).as("one that is computed").isFalse();

    waits(0, 1);
    pass(60, 0.3, 0.5, BLOCKS);
    assertThat(overflow.active()).as("15.5 s, or 1 s: taken as equally long").isTrue();
    inFlight.removePrefilling(0, 0, (int) Math.round(30 / SECONDS_PER_TOKEN), 0);
    assertThat(passUntil(false, 90)).isBetween(10, 60);
    waits(0, 30);
    waits(0, 30);
    passUntil(true, 60);
    inFlight.removePrefilling(0, 0, (int) Math.round(60 / SECONDS_PER_TOKEN), 0);
    assertThat(passUntil(false, 200)).as("soon again").isBetween(110, 121);
  }

  @Test
  void where_caches_are_not_measured_nobody_counts_twice() {
    answers(4);
    pass(1, 0.3, 0.8, BLOCKS);
    for (int i = 0; i < 600; i++) {
      tick(ROUTED);
    }
    assertThat(overflow.active()).as("1.12 of it, as when it is measured").isFalse();
  }

  @Test
  void who_answers_from_a_cache_of_unknown_size_fills_no_other() {
    pool =
        pool(
            endpoint(0, Role.PREFILL, false),
            endpoint(1, Role.DECODE, false),
            endpoint(2, Role.DECODE, false));
    for (int i = 0; i < 30; i++) {
      inFlight.reserve(0, 2, 0, CONTEXT);
    }
    for (int i = 0; i < 600; i++) {
      Metrics.put(signals, 2, 1, 0, 0.5, 0, now);
      Metrics.put(signals, 0, 1, 0, 0.3, BLOCKS, now);
      Metrics.put(signals, 1, 1, 0, 0.5, BLOCKS, now);
      tick(ROUTED);
    }
    assertThat(overflow.active()).isFalse();
  }

  /** So many requests are to be answered there whose prompts are computed elsewhere. */
  private void awaits(int requests) {
    for (int i = 0; i < requests; i++) {
      awaited.add(inFlight.reserveHandOver(0, 1, 10, 10));
    }
  }

  /** They are. */
  private void answered() {
    while (!awaited.isEmpty()) {
      awaited.remove().end();
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
  void prompts_of_other_replicas_are_not_held_against_the_rate_of_this_one() {
    awaits(29);
    for (int i = 0; i < 87; i++) {
      inFlight.reserveHandOver(1, 1, 10, 10);
    }
    pass(120, 0.1, 0.5, BLOCKS);
    assertThat(overflow.active()).as("2.9 s, at four replicas").isFalse();

    awaits(10);
    pass(10, 0.1, 0.5, BLOCKS);
    assertThat(overflow.active()).as("3.9 s").isTrue();
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
    answered();
    answers(6);
    pass(90, 0.5, 0.8, BLOCKS);
    assertThat(overflow.active()).as("1.28 of it").isTrue();
    theyLeave(6);
    pass(60, 0.05, 0.8, BLOCKS);
    assertThat(overflow.active()).as("0.85 of it").isFalse();

    awaits(100);
    passUntil(true, 60);
    answered();
    assertThat(passUntil(false, 300)).as("soon after its end").isBetween(119, 121);
  }

  @Test
  void what_began_because_of_the_hand_over_is_tried_for_a_minute_and_each_time_for_twice_as_long() {
    for (int seconds : new int[] {60, 120, 240, 480, 960, 960}) {
      awaits(100);
      passUntil(true, 60);
      answered();
      assertThat(passUntil(false, 1_000)).isBetween(seconds - 1, seconds + 1);
    }

    pass(2 * 960 + 1, 0.1, 0.5, BLOCKS);
    awaits(100);
    passUntil(true, 60);
    answered();
    assertThat(passUntil(false, 300)).as("after a calm of twice as long").isBetween(59, 61);
  }

  /** Seconds until it is so. */
  private int passUntil(boolean active, int most) {
    return passUntil(active, most, 0.5);
  }

  private int passUntil(boolean active, int most, double answerUse) {
    for (int seconds = 0; seconds < most; seconds++) {
      if (overflow.active() == active) {
        return seconds;
      }
      pass(1, 0.3, answerUse, BLOCKS);
    }
    throw new AssertionError("not within " + most + " s");
  }

  @Test
  void what_others_sent_counts() {
    for (int i = 0; i < 300; i++) {
      Metrics.put(signals, 0, 1, 200, 0.2, BLOCKS, now); // 100 tokens each: 20 s
      Metrics.put(signals, 1, 1, 0, 0.9, BLOCKS, now);
      foreign.observe(0, signals, inFlight);
      tick(ROUTED);
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
