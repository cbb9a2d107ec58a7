package io.penstock.picker.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.plugins.SingleProfileHandler;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DecisionLogTest {

  @Test
  void keeps_the_newest_of_each_column_and_finds_them_by_id() {
    var log = new DecisionLog(4, 40);
    List<Long> all = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      all.add(decide(log, i % 4, "request " + i, i, 3));
    }
    assertThat(all).doesNotHaveDuplicates();

    assertThat(ids(log.newest(1000))).isEqualTo(all.subList(160, 200).reversed());
    assertThat(ids(log.newest(3))).isEqualTo(all.subList(197, 200).reversed());
    assertThat(log.find(all.get(199)).requestId()).isEqualTo("request 199");
    assertThat(log.find(all.get(160)).requestId()).isEqualTo("request 160");
    assertThat(log.find(all.get(159))).isNull();
    assertThat(log.find(0)).isNull();
    assertThat(log.find(-5)).isNull();
    assertThat(log.find(Long.MAX_VALUE)).isNull();
  }

  @Test
  void a_column_alone_has_no_more_than_its_share() {
    var log = new DecisionLog(4, 40);
    for (int i = 0; i < 40; i++) {
      decide(log, 0, "request " + i, i, 3);
    }

    assertThat(log.newest(1000)).hasSize(10);
  }

  @Test
  void finds_the_latest_decision_of_a_request() {
    var log = new DecisionLog(2, 10);
    decide(log, 0, "a", 5, 1);
    long second = decide(log, 1, "a", 6, 1);
    decide(log, 0, "b", 7, 1);

    assertThat(log.findByRequest("a").id()).isEqualTo(second);
    assertThat(log.findByRequest("c")).isNull();
  }

  @Test
  void finds_the_latest_decision_by_which_a_request_was_sent() {
    var log = new DecisionLog(2, 10);
    long first = decide(log, 0, "a", 5, 1);
    var to = log.find(first).ranking().endpoint(0);
    log.attempted(first, attempt(Attempt.Leg.WHOLE, to));
    long second = decide(log, 0, "a", 6, 1);
    assertThat(log.findByRequest("a").id()).isEqualTo(first);

    log.attempted(second, attempt(Attempt.Leg.WHOLE, to));
    assertThat(log.findByRequest("a").id()).isEqualTo(second);
  }

  @Test
  void a_reader_goes_on_from_where_it_was_and_hears_how_many_it_missed() {
    var log = new DecisionLog(2, 8);
    decide(log, 0, "before", 0, 1);
    var position = log.position();
    List<DecisionRecord> heard = new ArrayList<>();
    assertThat(log.after(position, heard)).isZero();
    assertThat(heard).isEmpty();

    long first = decide(log, 0, "a", 1, 1);
    long second = decide(log, 1, "b", 2, 1);
    assertThat(log.after(position, heard)).isEqualTo(2);
    assertThat(ids(heard)).containsExactly(first, second);

    heard.clear();
    for (int i = 0; i < 10; i++) {
      decide(log, 0, "c" + i, 3 + i, 1);
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
    long second = decide(log, 0, "a", 6, 1);
    decide(log, 0, "b", 5, 1);
    long first = decide(log, 1, "a", 5, 1);

    assertThat(ids(log.allOfRequest("a"))).containsExactly(first, second);
  }

  @Test
  void keeps_nothing_when_told_so() {
    var log = new DecisionLog(2, 0);
    assertThat(log.keeps()).isFalse();
    decide(log, 0, "a", 5, 1);

    assertThat(log.newest(10)).isEmpty();
    assertThat(log.find(2)).isNull();
    assertThat(log.findByRequest("a")).isNull();
  }

  @Test
  void a_record_that_was_read_stays_as_it_is_when_its_place_is_written_again() {
    var log = new DecisionLog(1, 1);
    long first = decide(log, 0, "first", 1, 5);
    var read = log.find(first);
    var attempt = attempt(Attempt.Leg.WHOLE, read.ranking().endpoint(0));
    log.attempted(first, attempt);
    var json = read.toJson();
    assertThat(read.attempts()).as("they go on").containsExactly(attempt);

    long second = decide(log, 0, "second", 2, 3);
    log.attempted(first, attempt(Attempt.Leg.WHOLE, read.ranking().endpoint(0)));

    assertThat(read.toJson()).isEqualTo(json);
    assertThat(log.find(first)).isNull();
    assertThat(log.find(second).attempts()).isEmpty();
    assertThat(log.find(second).ranking().ranked()).isEqualTo(3);
    assertThat(read.ranking().ranked()).isEqualTo(5);
  }

  @Test
  void of_a_request_that_is_over_the_log_says_the_same_and_holds_nothing() throws Exception {
    var log = new DecisionLog(1, 4);
    long id = decide(log, 0, "name-of-the-request", 1, 3);
    var endpoints = log.find(id).ranking();
    var failed = attempt(Attempt.Leg.WHOLE, endpoints.endpoint(0));
    log.attempted(id, failed);
    var good = attempt(Attempt.Leg.WHOLE, endpoints.endpoint(1));
    log.attempted(id, good);
    failed.failed(FailureKind.CONNECT, 5);
    log.ended(id);
    assertThat(log.find(id).attempts()).as("one of them runs").containsExactly(failed, good);

    good.transferred(3);
    good.firstByte(7);
    good.completed(100, 48, 12, 9);
    var before = log.find(id);
    var json = before.toJson();
    log.ended(id);
    log.ended(id);

    var after = log.find(id);
    assertThat(after.toJson()).isEqualTo(json).contains("name-of-the-request");
    assertThat(after.attempts()).hasSize(2).doesNotContain(failed, good);
    assertThat(log.findByRequest("name-of-the-request").id()).isEqualTo(id);
    assertThat(before.attempts()).as("who read before has what he read").contains(failed, good);

    long next = decide(log, 0, "next", 2, 3);
    log.ended(id + 1_000);
    assertThat(log.find(next).attempts()).isEmpty();
    assertThat(log.find(id).toJson()).isEqualTo(json);
    for (int i = 0; i < 4; i++) {
      decide(log, 0, "r" + i, 3 + i, 3);
    }
    log.ended(id);
    assertThat(log.find(id)).isNull();
    assertThat(log.newest(9)).allSatisfy(kept -> assertThat(kept.attempts()).isEmpty());
  }

  @Test
  void a_course_that_ended_is_kept_as_it_was_and_its_request_is_not() {
    var log = new DecisionLog(1, 1);
    var deciding = new Deciding(3);
    var course = new EndedCourse();
    long id = deciding.decide(log, 0, "a", 1, course);
    var json = log.find(id).toJson();
    log.ended(id);
    course.status = 500;

    var kept = log.find(id);
    assertThat(kept.toJson()).isEqualTo(json);
    assertThat(kept.course()).isNotSameAs(course);
    assertThat(kept.ended()).isTrue();
    assertThat(kept.course().sinceArrivalNanos(1_000)).isEqualTo(400);
    long next = deciding.decide(log, 0, "b", 2, null);
    log.ended(next);
    assertThat(log.find(next).course()).isNull();
  }

  /** Of a request that came at 600 and is over. */
  private static final class EndedCourse implements Course {
    int status = 200;

    @Override
    public boolean ended() {
      return true;
    }

    @Override
    public String outcome() {
      return "completed";
    }

    @Override
    public int status() {
      return status;
    }

    @Override
    public String reason() {
      return "why";
    }

    @Override
    public String tenant() {
      return "whose";
    }

    @Override
    public long sinceArrivalNanos(long nanoTime) {
      return nanoTime - 600;
    }

    @Override
    public void steps(StepListener listener) {
      for (int i = 0; i < 30; i++) {
        listener.step("step" + i, i);
      }
    }
  }

  @Test
  void hindsight_has_a_runner_up_for_the_first_attempt_at_the_endpoint_that_was_chosen() {
    var log = new DecisionLog(1, 4);
    long id = decide(log, 0, "a", 1, 3);
    var ranking = log.find(id).ranking();

    var runnerUp = log.attempted(id, attempt(Attempt.Leg.WHOLE, ranking.endpoint(0)));
    assertThat(runnerUp.endpoint()).isEqualTo(ranking.endpoint(1));
    assertThat(runnerUp.seconds()).isCloseTo(-ranking.score(1), within(1e-6));
    assertThat(runnerUp.chosenSeconds()).isCloseTo(-ranking.score(0), within(1e-6));
    assertThat(log.attempted(id, attempt(Attempt.Leg.WHOLE, ranking.endpoint(0)))).isNull();

    long elsewhere = decide(log, 0, "b", 2, 3);
    var other = log.find(elsewhere).ranking().endpoint(1);
    assertThat(log.attempted(elsewhere, attempt(Attempt.Leg.WHOLE, other))).isNull();
    long alone = decide(log, 0, "c", 3, 1);
    var only = log.find(alone).ranking().endpoint(0);
    assertThat(log.attempted(alone, attempt(Attempt.Leg.WHOLE, only))).isNull();
    long part = decide(log, 0, "d", 4, 3);
    var best = log.find(part).ranking().endpoint(0);
    assertThat(log.attempted(part, attempt(Attempt.Leg.DECODE, best))).isNull();
    assertThat(log.attempted(part + 1, attempt(Attempt.Leg.WHOLE, best))).isNull();
  }

  /**
   * Two kinds of decisions take turns in each of three places; no reader may see a part of each.
   */
  @Test
  void readers_see_whole_decisions_while_their_places_are_written_again_and_again()
      throws Exception {
    var log = new DecisionLog(1, 3);
    var running = new AtomicBoolean(true);
    var seen = new AtomicLong();
    Callable<Void> reader =
        () -> {
          var position = log.position();
          List<DecisionRecord> read = new ArrayList<>();
          while (running.get()) {
            read.clear();
            log.after(position, read);
            read.addAll(log.newest(3));
            read.forEach(DecisionLogTest::assertWhole);
            seen.addAndGet(read.size());
          }
          return null;
        };
    try (var readers = Executors.newFixedThreadPool(2)) {
      var first = readers.submit(reader);
      var second = readers.submit(reader);
      var small = new Deciding(3);
      var large = new Deciding(40);
      for (int n = 0; (n < 20_000 || seen.get() < 10_000) && !failed(first, second); n++) {
        var kind = n % 2 == 0 ? small : large;
        long id = kind.decide(log, 0, "r" + n, n);
        var attempt = attempt(Attempt.Leg.WHOLE, kind.chosen);
        log.attempted(id, attempt);
        if (n % 3 > 0) {
          attempt.aborted(3);
          log.ended(id);
        }
      }
      running.set(false);
      first.get();
      second.get();
    }
    assertThat(log.newest(3)).hasSize(3).allSatisfy(DecisionLogTest::assertWhole);
  }

  private static boolean failed(Future<?>... readers) {
    return Stream.of(readers).anyMatch(Future::isDone);
  }

  private static Attempt attempt(Attempt.Leg leg, Endpoint endpoint) {
    return new Attempt(leg, endpoint, 0, 1, 2);
  }

  private static void assertWhole(DecisionRecord read) {
    boolean small = read.timeMillis() % 2 == 0;
    assertThat(read.requestId()).isEqualTo("r" + read.timeMillis());
    assertThat(read.id()).isEqualTo(read.timeMillis() + 1);
    assertThat(read.ranking().candidates()).isEqualTo(small ? 3 : 40);
    assertThat(read.ranking().ranked()).isEqualTo(small ? 3 : 16);
    var route = (Decision.Route) read.decision();
    assertThat(route.decisionId()).isEqualTo(read.id());
    assertThat(read.ranking().endpoint(0)).isEqualTo(route.endpoint());
    for (int place = 0; place < read.ranking().ranked(); place++) {
      assertThat(read.ranking().endpoint(place)).isNotNull();
    }
    assertThat(read.attempts()).hasSizeLessThan(2);
    for (var attempt : read.attempts()) {
      assertThat(attempt.endpoint()).isEqualTo(route.endpoint());
    }
  }

  @Test
  void shows_the_best_sixteen_candidates_and_counts_the_others() {
    var decision = decision("a", 0, 100);

    assertThat(decision.ranking().candidates()).isEqualTo(100);
    assertThat(decision.ranking().ranked()).isEqualTo(16);
    assertThat(decision.ranking().termNames())
        .containsExactly("pendingPrefill", "prefill", "decode", "eviction", "overflow");
  }

  @Test
  void json_is_escaped() {
    var json = decision("a\"b\\c\n\ud800é", 0, 1).toJson();

    assertThat(json).contains("\"requestId\":\"a\\\"b\\\\c\\u000a\\ud800é\"");
    assertThat(json).startsWith("{").endsWith("}");
    assertThat(json.chars().filter(c -> c == '{').count())
        .isEqualTo(json.chars().filter(c -> c == '}').count());
  }

  private static DecisionRecord decision(String requestId, long timeMillis, int endpoints) {
    var log = new DecisionLog(1, 1);
    return log.find(decide(log, 0, requestId, timeMillis, endpoints));
  }

  private static List<Long> ids(List<DecisionRecord> records) {
    return records.stream().map(DecisionRecord::id).toList();
  }

  private static long decide(
      DecisionLog log, int column, String requestId, long timeMillis, int endpoints) {
    return new Deciding(endpoints).decide(log, column, requestId, timeMillis);
  }

  /** A pool of so many endpoints, and what decides about it. */
  private static final class Deciding {
    private final InferenceRequest request =
        InferenceRequest.builder(ApiKind.CHAT, "m").promptBytes(4000).build();
    private final PoolSnapshot snapshot;
    private final Scheduler scheduler;
    private final SchedulingContext context;
    private Endpoint chosen;

    Deciding(int endpoints) {
      List<Endpoint> pool = new ArrayList<>();
      for (int slot = 0; slot < endpoints; slot++) {
        var spec = EndpointSpec.of("10.0.0." + (slot + 1), 8000, Role.BOTH);
        pool.add(new Endpoint(slot, spec, List.of()));
      }
      snapshot = new PoolSnapshot("p", 1, pool);
      var costs = new CostModel(1, ModelRates.PRIOR);
      var picker = new ExpectedCostPicker(costs, CostWeights.DEFAULT);
      var profile = new Profile("default", List.of(), List.of(), picker);
      scheduler = new Scheduler(new SingleProfileHandler(), List.of(profile), costs, Set.of("m"));
      context =
          scheduler.context(
              new EngineSignals(Duration.ofSeconds(1)),
              new InFlight(1),
              new PrefixIndex(new PrefixIndexConfig(128, 16, 1 << 20, 16, 0)),
              new SplittableRandom(1));
    }

    long decide(DecisionLog log, int column, String requestId, long timeMillis) {
      return decide(log, column, requestId, timeMillis, null);
    }

    long decide(
        DecisionLog log, int column, String requestId, long timeMillis, @Nullable Course course) {
      context.begin(log.nextId(column), request, snapshot, new Exclusions(), 0);
      var route = (Decision.Route) scheduler.schedule(context);
      log.add(requestId, timeMillis, context, route, course);
      chosen = route.endpoint();
      return route.decisionId();
    }
  }
}
