package io.penstock.picker.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.cost.CostModel;
import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.cost.ModelRates;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.plugins.SingleProfileHandler;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DecisionLogTest {

  @Test
  void keeps_the_newest_of_each_column_and_finds_them_by_id() {
    var log = new DecisionLog(4, 40);
    List<DecisionRecord> all = new ArrayList<>();
    Set<Long> ids = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      var decision = decision(log.nextId(i % 4), "request " + i, i, 3);
      assertThat(ids.add(decision.id())).isTrue();
      log.add(decision);
      all.add(decision);
    }

    assertThat(log.newest(1000)).isEqualTo(all.subList(160, 200).reversed());
    assertThat(log.newest(3)).isEqualTo(all.subList(197, 200).reversed());
    assertThat(log.find(all.get(199).id())).isSameAs(all.get(199));
    assertThat(log.find(all.get(160).id())).isSameAs(all.get(160));
    assertThat(log.find(all.get(159).id())).isNull();
    assertThat(log.find(0)).isNull();
    assertThat(log.find(-5)).isNull();
    assertThat(log.find(Long.MAX_VALUE)).isNull();
  }

  @Test
  void finds_the_latest_decision_of_a_request() {
    var log = new DecisionLog(2, 10);
    log.add(decision(log.nextId(0), "a", 5, 1));
    var second = decision(log.nextId(1), "a", 6, 1);
    log.add(second);
    log.add(decision(log.nextId(0), "b", 7, 1));

    assertThat(log.findByRequest("a")).isSameAs(second);
    assertThat(log.findByRequest("c")).isNull();
  }

  @Test
  void a_reader_goes_on_from_where_it_was_and_hears_how_many_it_missed() {
    var log = new DecisionLog(2, 8);
    log.add(decision(log.nextId(0), "before", 0, 1));
    var position = log.position();
    List<DecisionRecord> heard = new ArrayList<>();
    assertThat(log.after(position, heard)).isZero();
    assertThat(heard).isEmpty();

    var first = decision(log.nextId(0), "a", 1, 1);
    var second = decision(log.nextId(1), "b", 2, 1);
    log.add(first);
    log.add(second);
    assertThat(log.after(position, heard)).isEqualTo(2);
    assertThat(heard).containsExactly(first, second);

    heard.clear();
    for (int i = 0; i < 10; i++) {
      log.add(decision(log.nextId(0), "c" + i, 3 + i, 1));
    }
    assertThat(log.after(position, heard)).isEqualTo(10);
    assertThat(heard).extracting(DecisionRecord::requestId).containsExactly("c6", "c7", "c8", "c9");
    heard.clear();
    assertThat(log.after(position, heard)).isZero();
    assertThat(heard).isEmpty();
  }

  @Test
  void the_decisions_of_a_request_are_told_oldest_first() {
    var log = new DecisionLog(2, 10);
    var first = decision(log.nextId(1), "a", 5, 1);
    var second = decision(log.nextId(0), "a", 6, 1);
    log.add(second);
    log.add(decision(log.nextId(0), "b", 5, 1));
    log.add(first);

    assertThat(log.allOfRequest("a")).containsExactly(first, second);
  }

  @Test
  void keeps_nothing_when_told_so() {
    var log = new DecisionLog(2, 0);
    assertThat(log.keeps()).isFalse();
    log.add(decision(log.nextId(0), "a", 5, 1));

    assertThat(log.newest(10)).isEmpty();
    assertThat(log.find(2)).isNull();
    assertThat(log.findByRequest("a")).isNull();
  }

  @Test
  void shows_the_best_sixteen_candidates_and_counts_the_others() {
    var decision = decision(1, "a", 0, 100);

    assertThat(decision.ranking().candidates()).isEqualTo(100);
    assertThat(decision.ranking().ranked()).isEqualTo(16);
    assertThat(decision.ranking().termNames())
        .containsExactly("pendingPrefill", "prefill", "decode", "eviction", "overflow");
  }

  @Test
  void json_is_escaped() {
    var json = decision(1, "a\"b\\c\n\ud800é", 0, 1).toJson();

    assertThat(json).contains("\"requestId\":\"a\\\"b\\\\c\\u000a\\ud800é\"");
    assertThat(json).startsWith("{").endsWith("}");
    assertThat(json.chars().filter(c -> c == '{').count())
        .isEqualTo(json.chars().filter(c -> c == '}').count());
  }

  private static DecisionRecord decision(
      long id, String requestId, long timeMillis, int endpoints) {
    List<Endpoint> pool = new ArrayList<>();
    for (int slot = 0; slot < endpoints; slot++) {
      var spec = EndpointSpec.of("10.0.0." + (slot + 1), 8000, Role.BOTH);
      pool.add(new Endpoint(slot, spec, List.of()));
    }
    var costs = new CostModel(1, ModelRates.PRIOR);
    var picker = new ExpectedCostPicker(costs, CostWeights.DEFAULT);
    var profile = new Profile("default", List.of(), List.of(), picker);
    var scheduler = new Scheduler(new SingleProfileHandler(), List.of(profile), costs, Set.of("m"));
    var context =
        scheduler.context(
            new EngineSignals(Duration.ofSeconds(1)),
            new InFlight(1),
            new PrefixIndex(new PrefixIndexConfig(128, 16, 1 << 20, 16, 0)),
            new SplittableRandom(1));
    var request = InferenceRequest.builder(ApiKind.CHAT, "m").promptBytes(4000).build();
    context.begin(id, request, new PoolSnapshot("p", 1, pool), new Exclusions(), 0);
    return new DecisionRecord(requestId, timeMillis, context, scheduler.schedule(context));
  }
}
