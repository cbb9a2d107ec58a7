package io.penstock.picker.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ForeignShareTest {

  private final EngineSignals signals = new EngineSignals(Duration.ofSeconds(1));
  private final InFlight inFlight = new InFlight(1);
  private final ForeignShare foreign = new ForeignShare();
  private final PoolSnapshot pool =
      new PoolSnapshot(
          "p",
          1,
          IntStream.range(0, 2)
              .mapToObj(
                  slot ->
                      new Endpoint(
                          slot, EndpointSpec.of("10.0.0." + slot, 8000, Role.BOTH), List.of()))
              .toList());
  private long now = 1;

  private void seconds(int count, int running, int waiting) {
    for (int i = 0; i < count; i++) {
      now += 1_000_000_000L;
      Metrics.put(signals, 0, running, waiting, 0, 0, now);
      Metrics.put(signals, 1, running, waiting, 0, 0, now);
      foreign.tick(now, pool, signals, inFlight);
    }
  }

  private void send(int each) {
    for (int i = 0; i < each; i++) {
      inFlight.add(0, 0, 10, 10);
      inFlight.add(0, 1, 10, 10);
    }
  }

  @Test
  void who_is_alone_shares_with_nobody_even_where_samples_are_late() {
    send(95);
    seconds(60, 70, 30);

    assertThat(foreign.share()).isZero();
  }

  @Test
  void what_engines_count_beyond_our_own_is_others() {
    send(25);
    seconds(60, 70, 30);

    assertThat(foreign.share()).isCloseTo(0.75, within(1e-9));
  }

  @Test
  void a_change_is_seen_within_a_minute_or_two() {
    send(25);
    seconds(300, 50, 0);
    seconds(30, 100, 0);
    assertThat(foreign.share()).isBetween(0.6, 0.7);
    seconds(90, 100, 0);
    assertThat(foreign.share()).isBetween(0.7, 0.75);
  }

  @Test
  void stale_samples_and_single_requests_say_nothing() {
    seconds(5, 1, 0);
    assertThat(foreign.share()).isZero();

    now += 60_000_000_000L;
    foreign.tick(now, pool, signals, inFlight);

    assertThat(foreign.share()).isZero();
  }
}
