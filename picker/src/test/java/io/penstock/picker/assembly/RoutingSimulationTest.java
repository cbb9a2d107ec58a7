package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.engine.EngineProfile;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The expected-cost policy over simulated engines, in virtual time. */
class RoutingSimulationTest {

  @ParameterizedTest
  @CsvSource({
    "8b, 200, 0", "8b, 200, 2", "8b, 1000, 0", "8b, 1000, 0.5", "8b, 4000, 10",
    "70b, 200, 0.5", "70b, 1000, 0", "70b, 4000, 2", "instant, 1000, 0", "instant, 1000, 1"
  })
  void conversations_over_shared_system_prompts_find_what_one_infinite_cache_would(
      String profile, int systemTokens, double thinkSeconds) {
    for (long seed = 1; seed <= 3; seed++) {
      var pool = new SimulatedPool(pods(4, profile), seed);
      var load = new Conversations(pool, seed, 4, systemTokens, 10, thinkSeconds);

      load.run(20, thinkSeconds);

      assertThat((double) pool.cachedTokens / load.possible())
          .as("seed %s", seed)
          .isGreaterThan(0.9);
      assertThat(pool.picker.inFlight().total()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void a_busy_pool_stays_balanced_and_answers_sooner_than_by_turns(long seed) {
    var picked = new SimulatedPool(pods(4, "8b"), seed);
    var byTurns = new SimulatedPool(pods(4, "8b"), seed, new ByTurns()::next);

    new Conversations(picked, seed, 12, 3000, 6, 1).run(160, 1);
    new Conversations(byTurns, seed, 12, 3000, 6, 1).run(160, 1);

    assertThat(picked.cachedTokens).isGreaterThan(byTurns.cachedTokens);
    assertThat(mean(picked.ttftSeconds)).isLessThan(mean(byTurns.ttftSeconds) / 2);
    var work =
        picked.engines.stream().mapToLong(e -> e.stats().generationTokens()).summaryStatistics();
    assertThat(work.getMax()).isLessThan(2 * work.getMin());
  }

  /** Round robin, in place of the picker's choice. */
  private static final class ByTurns {
    private int turn;

    Decision.Route next(SimulatedPool pool, InferenceRequest request) {
      var picked = pool.picked(request);
      var endpoints = pool.picker.snapshot().endpoints();
      return new Decision.Route(
          picked.decisionId(),
          endpoints.get(turn++ % endpoints.size()),
          0,
          picked.promptTokens(),
          picked.predictedTtftNanos());
    }
  }

  private static List<EngineConfig> pods(int count, String profile) {
    return Collections.nCopies(count, EngineConfig.builder(EngineProfile.named(profile)).build());
  }

  private static double mean(List<Double> seconds) {
    return seconds.stream().mapToDouble(s -> s).average().orElseThrow();
  }
}
