package io.penstock.picker.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The flow that scores best goes next: against the formula over every flow. */
class ServiceQueueTest {

  private static final long SECOND = 1_000_000_000;

  /** {@code 0.8·(1 − norm(service)) + 0.2·norm(wait)}, looked at anew for each choice. */
  private static final class Naive {
    final Map<String, List<Ticket>> waiting = new TreeMap<>();
    final Map<String, Double> cost = new HashMap<>();
    final Map<String, Long> at = new HashMap<>();
    final Fairness.ProgramAware policy;

    Naive(Fairness.ProgramAware policy) {
      this.policy = policy;
    }

    double service(String flow, long now) {
      double halfLives =
          policy.halfLifeNanos() == 0
              ? 0
              : (now - at.getOrDefault(flow, now)) / (double) policy.halfLifeNanos();
      return cost.getOrDefault(flow, 0.0) * Math.pow(0.5, halfLives);
    }

    void served(String flow, double more, long now) {
      cost.put(flow, service(flow, now) + more);
      at.put(flow, now);
    }

    Map<String, Double> scores(long now) {
      Map<String, Double> services = new HashMap<>();
      Map<String, Double> waits = new HashMap<>();
      waiting.forEach(
          (flow, tickets) -> {
            services.put(flow, service(flow, now));
            waits.put(flow, (double) (now - tickets.getFirst().queuedNanos));
          });
      Map<String, Double> scores = new HashMap<>();
      for (var flow : waiting.keySet()) {
        scores.put(
            flow,
            policy.weightService() * (1 - normal(flow, services))
                + policy.weightHeadWait() * normal(flow, waits));
      }
      return scores;
    }

    private static double normal(String flow, Map<String, Double> values) {
      double least = values.values().stream().min(Comparator.naturalOrder()).orElseThrow();
      double most = values.values().stream().max(Comparator.naturalOrder()).orElseThrow();
      return most > least ? (values.get(flow) - least) / (most - least) : 0.5;
    }
  }

  private final SplittableRandom random = new SplittableRandom(11);
  private final List<Ticket> all = new ArrayList<>();
  private long now = 1_000 * SECOND;

  private Ticket ticket(String flow) {
    var ticket = new Ticket(null, new FlowRequest(0, flow, "m", "m", 1, 0, 0), Runnable::run, null);
    ticket.queuedNanos = now;
    ticket.key = now;
    ticket.number = all.size();
    all.add(ticket);
    return ticket;
  }

  @ParameterizedTest
  @CsvSource({"0.8, 0.2, 60", "0.5, 0.5, 1", "0.8, 0.2, 0", "0, 1, 60", "1, 0, 60"})
  void is_chosen_whatever_comes_leaves_and_is_served(
      double weightService, double weightWait, long halfLifeSeconds) {
    var policy =
        new Fairness.ProgramAware(
            weightService, weightWait, halfLifeSeconds * SECOND, 3_600 * SECOND);
    var queue = new ServiceQueue(policy);
    var naive = new Naive(policy);
    for (int i = 0; i < 20_000; i++) {
      now += random.nextLong(SECOND / 10);
      var flow = "f" + random.nextInt(40);
      switch (random.nextInt(5)) {
        case 0, 1 -> {
          var ticket = ticket(flow);
          queue.add(ticket);
          naive.waiting.computeIfAbsent(flow, name -> new ArrayList<>()).add(ticket);
        }
        case 2 -> {
          double cost = random.nextInt(10_000);
          queue.served(flow, cost, now);
          naive.served(flow, cost, now);
        }
        case 3 -> {
          var tickets = naive.waiting.get(flow);
          if (tickets != null) {
            var ticket = tickets.remove(random.nextInt(tickets.size()));
            queue.remove(ticket);
            if (tickets.isEmpty()) {
              naive.waiting.remove(flow);
            }
          }
        }
        default -> checkNext(queue, naive);
      }
    }
    assertThat(naive.waiting).isNotEmpty();
    while (!naive.waiting.isEmpty()) {
      checkNext(queue, naive);
    }
    assertThat(queue.poll(now)).isNull();
  }

  private void checkNext(ServiceQueue queue, Naive naive) {
    var scores = naive.scores(now);
    var next = queue.poll(now);
    if (scores.isEmpty()) {
      assertThat(next).isNull();
      return;
    }
    double best = scores.values().stream().max(Comparator.naturalOrder()).orElseThrow();
    assertThat(scores.get(next.flow())).isCloseTo(best, within(1e-9));
    var tickets = naive.waiting.get(next.flow());
    assertThat(next).isSameAs(tickets.removeFirst());
    if (tickets.isEmpty()) {
      naive.waiting.remove(next.flow());
    }
  }

  @Test
  void of_very_many_is_one_of_the_best() {
    var policy = new Fairness.ProgramAware(0.8, 0.2, 0, 3_600 * SECOND);
    var queue = new ServiceQueue(policy);
    var naive = new Naive(policy);
    for (int i = 0; i < 1_000; i++) {
      now += random.nextLong(SECOND);
      var flow = "f" + i;
      double cost = random.nextInt(1_000_000);
      queue.served(flow, cost, now);
      naive.served(flow, cost, now);
      var ticket = ticket(flow);
      queue.add(ticket);
      naive.waiting.put(flow, new ArrayList<>(List.of(ticket)));
    }
    for (int i = 0; i < 20; i++) {
      var scores = naive.scores(now);
      var next = queue.poll(now);
      double best = scores.values().stream().max(Comparator.naturalOrder()).orElseThrow();
      assertThat(scores.get(next.flow())).isGreaterThan(best - 0.05);
      naive.waiting.remove(next.flow());
    }
  }

  @Test
  void of_equals_is_the_first_by_name() {
    var queue = new ServiceQueue(new Fairness.ProgramAware(0.8, 0.2, SECOND, 3_600 * SECOND));
    for (var flow : List.of("c", "a", "b")) {
      queue.add(ticket(flow));
    }
    assertThat(queue.poll(now).flow()).isEqualTo("a");
    assertThat(queue.poll(now).flow()).isEqualTo("b");
  }

  @Test
  void that_is_forgotten_counts_as_never_served_while_it_waits() {
    var queue = new ServiceQueue(new Fairness.ProgramAware(1, 0, 0, 10 * SECOND));
    queue.served("greedy", 1_000, now);
    now += 5 * SECOND;
    queue.served("modest", 10, now);
    queue.add(ticket("greedy"));
    queue.add(ticket("modest"));
    now += 6 * SECOND;
    queue.sweep(now);

    assertThat(queue.poll(now).flow()).isEqualTo("greedy");
    assertThat(queue.programs(now))
        .extracting(ProgramService.Program::flow)
        .containsExactly("greedy", "modest");
  }
}
