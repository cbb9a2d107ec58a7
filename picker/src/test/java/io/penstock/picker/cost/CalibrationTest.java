package io.penstock.picker.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.SplittableRandom;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class CalibrationTest {

  private static final ModelRates PRIOR = ModelRates.PRIOR;

  @Test
  void the_rates_of_another_engine_are_found_from_its_times_to_first_token() {
    for (double times : new double[] {0.1, 0.5, 2.3, 8}) {
      var random = new SplittableRandom(1);
      var calibration = new ModelCalibration(PRIOR);
      double c = times * 32e-6;
      double a = times * 2e-9;

      for (int i = 0; i < 600; i++) {
        double tokens = 200 + random.nextInt(12_000);
        double cached = random.nextInt(20_000);
        double pairs = tokens * (cached + tokens / 2);
        double exact = times * 6e-3 + c * Math.max(0, tokens - 192) + a * pairs;
        double noise = Math.exp(0.2 * random.nextGaussian());
        boolean outlier = random.nextInt(50) == 0;
        calibration.firstToken(outlier ? 60 : exact * noise, tokens, pairs);
      }
      calibration.publish();

      var rates = calibration.rates();
      for (int tokens : new int[] {2_000, 10_000}) {
        assertThat(rates.prefillSeconds(tokens, 8_000))
            .as("%s times the prior, %s tokens", times, tokens)
            .isCloseTo(
                c * tokens + a * tokens * (8_000 + tokens / 2.0), Percentage.withPercentage(25));
      }
    }
  }

  @Test
  void the_rates_of_decode_are_found_from_token_intervals() {
    var random = new SplittableRandom(2);
    var calibration = new ModelCalibration(PRIOR);
    for (int i = 0; i < 500; i++) {
      double context = random.nextInt(400_000);
      double exact = 17e-3 + 31e-9 * context;
      calibration.interval(exact * Math.exp(0.1 * random.nextGaussian()), context);
    }
    calibration.publish();

    assertThat(calibration.rates().decodeSecondsPerToken())
        .isCloseTo(31e-9, Percentage.withPercentage(15));
    assertThat(calibration.rates().stepSeconds()).isCloseTo(17e-3, Percentage.withPercentage(10));
  }

  @Test
  void short_prompts_say_nothing_of_the_prefill_rate() {
    var calibration = new ModelCalibration(PRIOR);
    for (int i = 0; i < 500; i++) {
      assertThat(calibration.firstToken(0.1, 100, 5_000)).isZero();
    }
    calibration.publish();

    assertThat(calibration.rates().prefillSecondsPerToken())
        .isCloseTo(32e-6, Percentage.withPercentage(1));
    assertThat(calibration.rates().firstTokenSeconds())
        .isCloseTo(0.1, Percentage.withPercentage(10));
  }

  @Test
  void one_outlier_moves_little_and_nothing_leaves_the_bounds() {
    var calibration = new ModelCalibration(PRIOR);
    for (int i = 0; i < 50; i++) {
      calibration.firstToken(10e-3 + 32e-6 * (4000 - 192), 4000, 0);
    }
    calibration.firstToken(1e6, 4000, 0);
    calibration.publish();
    assertThat(calibration.rates().prefillSecondsPerToken()).isLessThan(1.3 * 32e-6);

    for (int i = 0; i < 1000; i++) {
      calibration.firstToken(1e9, 4000, 8e6);
      calibration.interval(1e9, 100_000);
      calibration.prompt(1e9, 1);
      calibration.output(1e12);
    }
    calibration.publish();
    assertThat(calibration.rates().prefillSecondsPerToken()).isLessThanOrEqualTo(30 * 32e-6);
    assertThat(calibration.rates().bytesPerToken()).isLessThanOrEqualTo(16);

    for (int i = 0; i < 1000; i++) {
      calibration.firstToken(0, 4000, 8e6);
      calibration.interval(0, 100_000);
      calibration.prompt(1, 1e9);
      calibration.output(0);
    }
    calibration.publish();
    assertThat(calibration.rates().prefillSecondsPerToken()).isGreaterThanOrEqualTo(0.01 * 32e-6);
    assertThat(calibration.rates().decodeSecondsPerToken()).isGreaterThan(0);
    assertThat(calibration.rates().bytesPerToken()).isGreaterThanOrEqualTo(1);
    assertThat(calibration.rates().outputTokens()).isGreaterThanOrEqualTo(1);
  }

  @Test
  void bytes_per_token_and_output_follow_what_is_counted() {
    var calibration = new ModelCalibration(PRIOR);
    for (int i = 0; i < 300; i++) {
      calibration.prompt(3000, 1000);
      calibration.output(80);
    }
    calibration.publish();

    assertThat(calibration.rates().bytesPerToken()).isCloseTo(3, within(0.02));
    assertThat(calibration.rates().outputTokens()).isCloseTo(80, within(2.0));
  }

  @Test
  void what_is_cached_may_be_denser_than_the_rest_and_the_engines_counts_tell() {
    var calibration = new ModelCalibration(PRIOR);
    var random = new SplittableRandom(4);
    int steps = 0;
    while (Math.abs(calibration.rates().cachedDensity() - 1.3) > 0.03) {
      double share = 500 + random.nextInt(8_000);
      double predicted = share * calibration.rates().cachedDensity();
      calibration.cached(1.3 * share * Math.exp(0.05 * random.nextGaussian()), predicted);
      calibration.publish();
      steps++;
    }
    assertThat(steps).isLessThan(250);
    for (int i = 0; i < 500; i++) {
      // Another prefix, none, and one that is too short to tell.
      calibration.cached(0, 4_000);
      calibration.cached(9_000, 4_000);
      calibration.cached(100, 90);
    }
    calibration.publish();
    assertThat(calibration.rates().cachedDensity()).isCloseTo(1.3, within(0.03));
    assertThat(calibration.rates().cachedBytesPerToken()).isCloseTo(4 / 1.3, within(0.1));

    for (int i = 0; i < 5_000; i++) {
      calibration.cached(1_400, 1_000);
    }
    calibration.publish();
    assertThat(calibration.rates().cachedDensity()).isEqualTo(2);
    for (int i = 0; i < 5_000; i++) {
      calibration.cached(700, 1_000);
    }
    calibration.publish();
    assertThat(calibration.rates().cachedDensity()).isEqualTo(0.5);
  }

  @Test
  void a_slow_endpoint_is_told_from_equal_ones_and_chance_from_neither() {
    var speeds = new EndpointSpeeds();
    var random = new SplittableRandom(3);
    for (int i = 0; i < 4000; i++) {
      int slot = random.nextInt(4);
      speeds.observe(slot, (slot == 3 ? 3 : 1) * Math.exp(0.3 * random.nextGaussian()));
    }

    assertThat(speeds.factor(3) / speeds.factor(0)).isBetween(1.6, 3.2);
    assertThat(speeds.factor(0)).isCloseTo(speeds.factor(1), Percentage.withPercentage(12));
    speeds.reset(3);
    assertThat(speeds.factor(3)).isEqualTo(1);
    assertThat(speeds.factor(9)).isEqualTo(1);
  }

  @Test
  void a_prior_that_is_wrong_for_all_makes_no_endpoint_look_fast() {
    var speeds = new EndpointSpeeds();
    for (int i = 0; i < 1000; i++) {
      speeds.observe(0, 0.05);
    }

    assertThat(speeds.factor(0)).isEqualTo(1);
  }

  @Test
  void models_beyond_the_bound_share_what_all_start_with() {
    var model = new CostModel(1, PRIOR);
    for (int i = 0; i < 1000; i++) {
      model.calibration("model " + i);
    }

    assertThat(model.calibration("model 7")).isSameAs(model.calibration("model 7"));
    assertThat(model.calibration("model 900")).isSameAs(model.calibration("model 901"));
  }

  @Test
  void names_that_no_engine_answers_take_no_rates_from_those_that_come_later() {
    var model = new CostModel(1, PRIOR);
    var observer = model.observer(0);
    var inFlight = new InFlight(1);
    for (int i = 0; i < 300; i++) {
      observer.sent(request("junk " + i), 0, inFlight, 100, 0);
    }
    for (int i = 0; i < 100; i++) {
      observer.output(observer.sent(request("real"), 0, inFlight, 100, 0), 20);
    }
    tick(model, inFlight);

    assertThat(model.rates("real").outputTokens()).isLessThan(PRIOR.outputTokens() / 2);
    assertThat(model.rates("junk 7").outputTokens()).isEqualTo(PRIOR.outputTokens());
    assertThat(model.rates("not seen")).isEqualTo(model.rates("junk 7"));
  }

  @Test
  void a_model_beyond_the_bound_has_the_rates_that_its_answers_teach() {
    var model = new CostModel(1, PRIOR);
    var observer = model.observer(0);
    var inFlight = new InFlight(1);
    for (int i = 0; i < 400; i++) {
      observer.output(observer.sent(request("model " + i), 0, inFlight, 100, 0), 20);
    }
    tick(model, inFlight);

    assertThat(model.rates("model 399").outputTokens()).isLessThan(PRIOR.outputTokens() / 2);
    assertThat(model.rates("model 399")).isEqualTo(model.rates("model 398"));
    assertThat(model.rates("model 7").outputTokens()).isGreaterThan(PRIOR.outputTokens() / 2);
  }

  private static void tick(CostModel model, InFlight inFlight) {
    model.tick(1, PoolSnapshot.empty("test"), new EngineSignals(Duration.ofSeconds(1)), inFlight);
  }

  private static InferenceRequest request(String model) {
    return InferenceRequest.builder(ApiKind.CHAT, model).build();
  }

  @Test
  void no_number_of_observations_overflows() {
    int count = 0;
    for (int i = 1; i <= 100; i++) {
      count = ObservationCount.next(count);
      assertThat(count).isEqualTo(i);
    }
    for (int i = 0; i < 10_000; i++) {
      count = ObservationCount.next(count);
    }

    assertThat(count).isEqualTo(1_000);
    assertThat(ObservationCount.next(Integer.MAX_VALUE)).isEqualTo(1_000);
  }

  @Test
  void a_full_queue_of_observations_drops_and_counts() {
    var model = new ModelCalibration(PRIOR);
    var observations = new Observations();
    for (int i = 0; i < 1500; i++) {
      observations.add(Observations.Kind.OUTPUT, model, 0, i, 0, 0);
    }
    int[] taken = new int[1];
    observations.drain((kind, m, slot, y, x, z) -> assertThat(y).isEqualTo(taken[0]++));

    assertThat(taken[0]).isEqualTo(1024);
    assertThat(observations.dropped()).isEqualTo(1500 - 1024);
  }
}
