package io.penstock.picker.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.cost.CostModel;
import io.penstock.picker.cost.ModelRates;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.plugins.SingleProfileHandler;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The best of many candidates, held to a sort of all of them. */
class RankingTest {

  private final SplittableRandom chance = new SplittableRandom(3);

  /** Ranks by numbers of which many are equal. */
  private final class ByChance implements Picker {

    private double[] best = {};
    private int[] ranking = {};
    private double[] ranked = {};

    @Override
    public String type() {
      return "by-chance";
    }

    @Override
    public void pick(SchedulingContext context, Candidates candidates, int firstTerm) {
      int count = candidates.count();
      for (int i = 0; i < count; i++) {
        candidates.scores()[i] = chance.nextInt(40);
      }
      candidates.rankByScore();
      best = Arrays.copyOf(candidates.scores(), count);
      Arrays.sort(best);
      ranking = IntStream.range(0, candidates.ranked()).map(candidates::ranked).toArray();
      ranked = Arrays.stream(ranking).mapToDouble(i -> candidates.scores()[i]).toArray();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 15, 16, 17, 40, 200})
  void the_sixteen_greatest_come_first_the_greatest_ahead(int endpoints) {
    var picker = new ByChance();
    var scheduler =
        new Scheduler(
            new SingleProfileHandler(),
            List.of(new Profile("default", List.of(), List.of(), picker)),
            new CostModel(1, ModelRates.PRIOR),
            Set.of("m"));
    var index = new PrefixIndex(new PrefixIndexConfig(256, 1024, 8 << 20, 1 << 14, 0));
    var context =
        scheduler.context(
            new EngineSignals(Duration.ofSeconds(1)),
            new InFlight(1),
            index,
            new SplittableRandom(4));
    var request = InferenceRequest.builder(ApiKind.CHAT, "m").promptBytes(100).build();
    for (int times = 0; times < 50; times++) {
      scheduler.schedule(context.begin(times, request, pool(endpoints), new Exclusions(), 1));

      int most = Math.min(endpoints, Candidates.MAX_RANKED);
      assertThat(picker.ranking).hasSize(most).doesNotHaveDuplicates();
      for (int place = 0; place < most; place++) {
        assertThat(picker.ranked[place])
            .as("place " + place)
            .isEqualTo(picker.best[endpoints - 1 - place]);
      }
    }
  }

  private static PoolSnapshot pool(int endpoints) {
    return new PoolSnapshot(
        "p",
        1,
        IntStream.range(0, endpoints)
            .mapToObj(
                slot ->
                    new Endpoint(
                        slot, EndpointSpec.of("10.0.0." + slot, 8000, Role.BOTH), List.of()))
            .toList());
  }
}
