package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.cost.CostModel;
import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.cost.ModelRates;
import io.penstock.picker.explain.Course;
import io.penstock.picker.explain.DecisionLog;
import io.penstock.picker.explain.DecisionRecord;
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
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What an open page hears of decisions, turn by turn. */
class DecisionFeedTest {

  /** A request that the test ends. */
  private static final class TestCourse implements Course {
    private @Nullable String outcome;

    @Override
    public boolean ended() {
      return outcome != null;
    }

    @Override
    public String outcome() {
      return outcome == null ? "in_flight" : outcome;
    }

    @Override
    public int status() {
      return 0;
    }

    @Override
    public @Nullable String reason() {
      return null;
    }

    @Override
    public @Nullable String tenant() {
      return null;
    }

    @Override
    public long sinceArrivalNanos(long nanoTime) {
      return nanoTime;
    }

    @Override
    public void steps(StepListener listener) {}
  }

  private final DecisionLog log = new DecisionLog(2, 10_000);
  private final List<TestCourse> courses = new ArrayList<>();

  private DecisionFeed feed(Predicate<DecisionRecord> matching) {
    return new DecisionFeed(List.of(log), matching, decision -> true, () -> "[\"pods\"]");
  }

  private static Predicate<DecisionRecord> outcome(String wanted) {
    return decision -> decision.outcome().equals(wanted);
  }

  private void decide(int count) {
    for (int i = 0; i < count; i++) {
      var course = new TestCourse();
      int number = courses.size();
      courses.add(course);
      decide(log.nextId(number % 2), "r" + number, course);
    }
  }

  private static List<String> requests(String events) {
    return Pattern.compile("\"requestId\":\"(\\w+)\"")
        .matcher(events)
        .results()
        .map(match -> match.group(1))
        .toList();
  }

  @Test
  void a_decision_is_told_when_it_is_made_and_when_its_request_has_ended() {
    decide(1);
    var feed = feed(decision -> true);
    decide(2);

    var first = feed.next();
    assertThat(first).startsWith("event: pods\ndata: [\"pods\"]\n\nevent: decisions\ndata: {");
    assertThat(first).contains("\"made\":2,\"matched\":2,\"shown\":2").endsWith("}\n\n");
    assertThat(requests(first)).containsExactlyInAnyOrder("r1", "r2");
    assertThat(first).contains("\"outcome\":\"in_flight\",\"ended\":false");
    assertThat(feed.next()).isEmpty();

    courses.get(2).outcome = "completed";
    var ended = feed.next();
    assertThat(requests(ended)).containsExactly("r2");
    assertThat(ended).contains("\"outcome\":\"completed\",\"ended\":true", "\"made\":0");
    assertThat(feed.next()).isEmpty();
  }

  @Test
  void the_pods_are_told_every_tenth_turn() {
    var feed = feed(decision -> true);
    List<Integer> turns = new ArrayList<>();
    for (int turn = 0; turn < 25; turn++) {
      if (feed.next().contains("event: pods")) {
        turns.add(turn);
      }
    }
    assertThat(turns).containsExactly(0, 10, 20);
  }

  @Test
  void above_its_rate_it_takes_an_even_sample_and_says_of_how_many() {
    var feed = feed(decision -> true);
    decide(1_000);

    var events = feed.next();
    assertThat(events).contains("\"made\":1000,\"matched\":1000,\"shown\":25");
    assertThat(requests(events)).hasSize(DecisionFeed.MOST_SHOWN).doesNotHaveDuplicates();

    courses.forEach(course -> course.outcome = "completed");
    assertThat(requests(feed.next())).containsExactlyInAnyOrderElementsOf(requests(events));
  }

  @Test
  void who_asks_for_an_outcome_hears_of_decisions_once_they_have_it() {
    var feed = feed(outcome("failed"));
    decide(3);
    assertThat(requests(feed.next())).isEmpty();

    courses.get(0).outcome = "completed";
    courses.get(1).outcome = "failed";
    var events = feed.next();
    assertThat(requests(events)).containsExactly("r1");
    assertThat(events).contains("\"made\":0,\"matched\":1,\"shown\":1");
    courses.get(2).outcome = "failed";
    assertThat(requests(feed.next())).containsExactly("r2");
  }

  @Test
  void it_follows_a_bounded_number_of_open_requests_and_forgets_the_oldest() {
    var feed = feed(outcome("failed"));
    decide(DecisionFeed.MOST_OPEN + 10);
    assertThat(requests(feed.next())).isEmpty();

    courses.forEach(course -> course.outcome = "failed");
    assertThat(feed.next()).contains("\"matched\":" + DecisionFeed.MOST_OPEN + ",");
  }

  private void decide(long id, String requestId, Course course) {
    var spec = EndpointSpec.of("10.0.0.1", 8000, Role.BOTH);
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
    context.begin(
        id,
        request,
        new PoolSnapshot("p", 1, List.of(new Endpoint(0, spec, List.of()))),
        new Exclusions(),
        0);
    log.add(requestId, id, context, scheduler.schedule(context), course);
  }
}
