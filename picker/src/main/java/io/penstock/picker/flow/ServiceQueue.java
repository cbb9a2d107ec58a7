package io.penstock.picker.flow;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The flow that has had the least service and waits the longest goes next: {@link
 * Fairness.ProgramAware}. Choosing looks at every flow in which something waits.
 *
 * <p>Service had is remembered of at most {@link #MOST_REMEMBERED} flows, those that were served
 * last.
 */
final class ServiceQueue implements BandQueue {

  static final int MOST_REMEMBERED = 10_000;

  private final Fairness.ProgramAware policy;
  private final Map<String, TicketHeap> waiting = new HashMap<>();

  /** The one that was served the longest ago first. */
  private final LinkedHashMap<String, Service> services = new LinkedHashMap<>();

  /** What a flow was served until a moment. */
  private static final class Service {
    double cost;
    long atNanos;
  }

  ServiceQueue(Fairness.ProgramAware policy) {
    this.policy = policy;
  }

  @Override
  public void add(Ticket ticket) {
    waiting.computeIfAbsent(ticket.flow(), name -> new TicketHeap()).add(ticket);
  }

  @Override
  public void remove(Ticket ticket) {
    var heap = waiting.get(ticket.flow());
    if (heap == null) {
      throw new IllegalStateException("flow " + ticket.flow() + " has nothing that waits");
    }
    heap.remove(ticket);
    if (heap.isEmpty()) {
      waiting.remove(ticket.flow());
    }
  }

  @Override
  public @Nullable Ticket poll(long nowNanos) {
    double leastService = Double.POSITIVE_INFINITY;
    double mostService = 0;
    double leastWait = Double.POSITIVE_INFINITY;
    double mostWait = 0;
    for (var flow : waiting.entrySet()) {
      double service = service(flow.getKey(), nowNanos);
      double wait = headWait(flow.getValue(), nowNanos);
      leastService = Math.min(leastService, service);
      mostService = Math.max(mostService, service);
      leastWait = Math.min(leastWait, wait);
      mostWait = Math.max(mostWait, wait);
    }
    String best = null;
    double bestScore = 0;
    for (var flow : waiting.entrySet()) {
      double service = normal(service(flow.getKey(), nowNanos), leastService, mostService);
      double wait = normal(headWait(flow.getValue(), nowNanos), leastWait, mostWait);
      double score = policy.weightService() * (1 - service) + policy.weightHeadWait() * wait;
      boolean better =
          best == null
              || score > bestScore
              || (score == bestScore && flow.getKey().compareTo(best) < 0);
      if (better) {
        best = flow.getKey();
        bestScore = score;
      }
    }
    var heap = best == null ? null : waiting.get(best);
    if (heap == null) {
      return null;
    }
    var ticket = heap.poll();
    if (heap.isEmpty()) {
      waiting.remove(best);
    }
    return ticket;
  }

  private static double headWait(TicketHeap heap, long nowNanos) {
    var head = heap.peek();
    return head == null ? 0 : nowNanos - head.queuedNanos;
  }

  /** Between 0 and 1 of a range; one half where there is no range. */
  private static double normal(double value, double least, double most) {
    return most > least ? (value - least) / (most - least) : 0.5;
  }

  /** Service had, as it counts now. */
  double service(String flow, long nowNanos) {
    var had = services.get(flow);
    return had == null ? 0 : had.cost * decay(nowNanos - had.atNanos);
  }

  private double decay(long nanos) {
    return policy.halfLifeNanos() == 0
        ? 1
        : Math.pow(0.5, Math.max(0, nanos) / (double) policy.halfLifeNanos());
  }

  @Override
  public void served(String flow, double cost, long nowNanos) {
    var had = services.computeIfAbsent(flow, name -> new Service());
    had.cost = had.cost * decay(nowNanos - had.atNanos) + cost;
    had.atNanos = nowNanos;
    services.putLast(flow, had);
    if (services.size() > MOST_REMEMBERED) {
      services.pollFirstEntry();
    }
  }

  @Override
  public void sweep(long nowNanos) {
    services.values().removeIf(had -> nowNanos - had.atNanos > policy.forgetNanos());
  }
}
