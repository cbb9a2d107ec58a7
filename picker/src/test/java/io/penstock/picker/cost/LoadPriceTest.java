package io.penstock.picker.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is routed, on average. */
class LoadPriceTest {

  private final LoadPrice price = new LoadPrice();
  private long now;

  private void pass(long seconds) {
    for (long i = 0; i < seconds; i++) {
      now += TimeUnit.SECONDS.toNanos(1);
      price.tick(now, 1);
    }
  }

  @Test
  void a_request_has_its_tokens_and_a_token_its_seconds() {
    pass(1);
    price.add(0.2, 100);
    price.add(0.4, 200);
    pass(1);

    var routed = price.routed();
    assertThat(routed.perSecond()).isEqualTo(2);
    assertThat(routed.tokensPerRequest()).isCloseTo(150, within(1e-9));
    assertThat(routed.secondsPerToken()).isCloseTo(0.002, within(1e-9));
  }

  @Test
  void what_other_replicas_route_counts_in_the_load_at_the_price_of_a_token_here() {
    pass(1);
    price.addOthers(500);
    pass(1);
    assertThat(price.load()).as("before a token has a price").isZero();

    var alone = new LoadPrice();
    alone.tick(now, 1);
    price.add(0.2, 100);
    price.addOthers(300);
    alone.add(0.8, 400);
    pass(1);
    alone.tick(now, 1);

    assertThat(price.load()).isCloseTo(alone.load(), within(1e-9)).isPositive();
    assertThat(price.routed().perSecond()).isEqualTo(1);
  }

  @Test
  void what_is_taken_back_late_takes_nothing_off_what_came_since() {
    pass(1);
    double early = price.averagedSeconds();
    price.add(600, 1_000_000);
    for (int i = 0; i < 100; i++) {
      price.add(0.2, 100);
      if (i == 40) {
        price.takeBack(600, 1_000_000, early);
      }
      pass(1);
    }

    assertThat(price.routed().tokensPerRequest()).isCloseTo(100, within(1e-6));
    assertThat(price.routed().secondsPerToken()).isCloseTo(0.002, within(1e-9));
  }

  @Test
  void what_other_replicas_take_back_counts_no_more() {
    pass(1);
    price.add(0.2, 100);
    pass(1);
    double load = price.load();

    price.addOthers(1_000);
    price.takeBackOthers(1_000, price.averagedSeconds());
    pass(1);

    assertThat(price.load()).isPositive().isLessThan(load);
  }

  @Test
  void after_many_idle_hours_nothing_is_left_that_could_be_divided() {
    pass(1);
    price.add(0.032, 1_000);
    pass(60);
    assertThat(price.routed().secondsPerToken()).isCloseTo(32e-6, within(1e-9));

    for (int hour = 0; hour < 24; hour++) {
      pass(TimeUnit.HOURS.toSeconds(1));
      assertThat(price.routed()).isEqualTo(new LoadPrice.Routed(0, 0, 0));
    }
  }
}
