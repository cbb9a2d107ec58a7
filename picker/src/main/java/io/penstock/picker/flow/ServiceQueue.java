package io.penstock.picker.flow;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The flow that has had the least service and waits the longest goes next: {@link
 * Fairness.ProgramAware}.
 *
 * <p>Service counts half after the same time for every flow, so that between two services neither
 * the order of flows by it nor their distances in proportion change; and all waits grow alike. So
 * flows are kept in order by either. A choice looks at the first of both orders, the second of
 * both, and so on, until no flow further on can score more: mostly at a few. It takes O(log n), and
 * at most {@link #MOST_LOOKED_AT} steps in each order; what scores best among so many goes then.
 *
 * <p>Of at most {@link #MOST_REMEMBERED} flows is remembered what they had, those that had
 * something last.
 */
final class ServiceQueue implements BandQueue {

  static final int MOST_REMEMBERED = 10_000;
  static final int MOST_LOOKED_AT = 64;
  static final int MOST_SHOWN = 1_000;

  private static final double NO_SERVICE = Double.NEGATIVE_INFINITY;
  private static final double LOG_2 = Math.log(2);

  private final Fairness.ProgramAware policy;
  private final Map<String, Waiting> waiting = new HashMap<>();
  private final TreeSet<Waiting> byService =
      new TreeSet<>(
          Comparator.<Waiting>comparingDouble(each -> each.level).thenComparing(each -> each.flow));
  private final TreeSet<Waiting> byWait =
      new TreeSet<>(
          Comparator.<Waiting>comparingLong(each -> each.headNanos)
              .thenComparing(each -> each.flow));

  /** The one that had something the longest ago first. */
  private final LinkedHashMap<String, Program> programs = new LinkedHashMap<>();

  /** A flow in which something waits. */
  private static final class Waiting {
    final String flow;
    final TicketHeap heap = new TicketHeap();

    /** Of its service, see {@link #level}. */
    double level;

    /** When its first request came. */
    long headNanos;

    Waiting(String flow, double level) {
      this.flow = flow;
      this.level = level;
    }
  }

  /** What a flow had until a moment. */
  private static final class Program {
    double cost;
    long atNanos;
    long usedNanos;
    long wentOn;
    double waitNanos;
  }

  ServiceQueue(Fairness.ProgramAware policy) {
    this.policy = policy;
  }

  @Override
  public void add(Ticket ticket) {
    var flow = waiting.get(ticket.flow());
    if (flow == null) {
      flow = new Waiting(ticket.flow(), level(programs.get(ticket.flow())));
      waiting.put(flow.flow, flow);
      byService.add(flow);
    } else {
      byWait.remove(flow);
    }
    flow.heap.add(ticket);
    enlist(flow);
  }

  @Override
  public void remove(Ticket ticket) {
    var flow = waiting.get(ticket.flow());
    if (flow == null) {
      throw new IllegalStateException("flow " + ticket.flow() + " has nothing that waits");
    }
    flow.heap.remove(ticket);
    byWait.remove(flow);
    enlist(flow);
  }

  /** Puts a flow that is not in the order of waits back there, if something waits in it. */
  private void enlist(Waiting flow) {
    var head = flow.heap.peek();
    if (head == null) {
      byService.remove(flow);
      waiting.remove(flow.flow);
      return;
    }
    flow.headNanos = head.queuedNanos;
    byWait.add(flow);
  }

  @Override
  public @Nullable Ticket poll(long nowNanos) {
    var flow = best();
    var ticket = flow == null ? null : flow.heap.poll();
    if (flow == null || ticket == null) {
      return null;
    }
    byWait.remove(flow);
    enlist(flow);
    var program = remember(flow.flow, nowNanos);
    program.wentOn++;
    program.waitNanos += nowNanos - ticket.queuedNanos;
    return ticket;
  }

  private @Nullable Waiting best() {
    if (waiting.isEmpty()) {
      return null;
    }
    var scale = new Scale(byService, byWait);
    Waiting best = null;
    double bestScore = 0;
    var services = byService.iterator();
    var waits = byWait.iterator();
    for (int step = 0; step < MOST_LOOKED_AT && services.hasNext(); step++) {
      var served = services.next();
      var waited = waits.next();
      for (var each : List.of(served, waited)) {
        double score = score(scale, each.level, each.headNanos);
        if (best == null
            || score > bestScore
            || (score == bestScore && each.flow.compareTo(best.flow) < 0)) {
          best = each;
          bestScore = score;
        }
      }
      if (score(scale, served.level, waited.headNanos) < bestScore) {
        break;
      }
    }
    return best;
  }

  private double score(Scale scale, double level, long headNanos) {
    return policy.weightService() * (1 - scale.ofService(level))
        + policy.weightHeadWait() * scale.ofWait(headNanos);
  }

  /** The ranges of service and wait over all flows in which something waits. */
  private record Scale(double mostLevel, double leastShare, long firstNanos, long lastNanos) {

    Scale(TreeSet<Waiting> byService, TreeSet<Waiting> byWait) {
      this(
          byService.last().level,
          share(byService.first().level, byService.last().level),
          byWait.first().headNanos,
          byWait.last().headNanos);
    }

    /** Part of the most service, 0 to 1. */
    private static double share(double level, double most) {
      return level == most ? 1 : Math.pow(2, level - most);
    }

    /** Between 0 and 1 of the range; one half where there is no range. */
    double ofService(double level) {
      return leastShare < 1 ? (share(level, mostLevel) - leastShare) / (1 - leastShare) : 0.5;
    }

    double ofWait(long headNanos) {
      return lastNanos > firstNanos
          ? (lastNanos - headNanos) / (double) (lastNanos - firstNanos)
          : 0.5;
    }
  }

  /**
   * What orders flows by their service at any one moment: its logarithm to the base of 2, and the
   * half-lives that had passed when it counted in full.
   */
  private double level(@Nullable Program program) {
    if (program == null || program.cost <= 0) {
      return NO_SERVICE;
    }
    double halfLives =
        policy.halfLifeNanos() == 0 ? 0 : program.atNanos / (double) policy.halfLifeNanos();
    return Math.log(program.cost) / LOG_2 + halfLives;
  }

  private void relevel(String flow, double level) {
    var moved = waiting.get(flow);
    if (moved != null && moved.level != level) {
      byService.remove(moved);
      moved.level = level;
      byService.add(moved);
    }
  }

  /** Service had, as it counts now. */
  double service(String flow, long nowNanos) {
    var had = programs.get(flow);
    return had == null ? 0 : service(had, nowNanos);
  }

  private double service(Program had, long nowNanos) {
    return had.cost * decay(nowNanos - had.atNanos);
  }

  private double decay(long nanos) {
    return policy.halfLifeNanos() == 0
        ? 1
        : Math.pow(0.5, Math.max(0, nanos) / (double) policy.halfLifeNanos());
  }

  @Override
  public void served(String flow, double cost, long nowNanos) {
    var had = remember(flow, nowNanos);
    had.cost = service(had, nowNanos) + cost;
    had.atNanos = nowNanos;
    relevel(flow, level(had));
  }

  private Program remember(String flow, long nowNanos) {
    var program = programs.computeIfAbsent(flow, name -> new Program());
    program.usedNanos = nowNanos;
    programs.putLast(flow, program);
    if (programs.size() > MOST_REMEMBERED) {
      relevel(programs.pollFirstEntry().getKey(), NO_SERVICE);
    }
    return program;
  }

  @Override
  public void sweep(long nowNanos) {
    var oldest = programs.entrySet().iterator();
    while (oldest.hasNext()) {
      var program = oldest.next();
      if (nowNanos - program.getValue().usedNanos <= policy.forgetNanos()) {
        return;
      }
      oldest.remove();
      relevel(program.getKey(), NO_SERVICE);
    }
  }

  @Override
  public List<ProgramService.Program> programs(long nowNanos) {
    List<ProgramService.Program> shown = new ArrayList<>();
    for (var each : programs.sequencedEntrySet().reversed()) {
      if (shown.size() == MOST_SHOWN) {
        break;
      }
      var program = each.getValue();
      shown.add(
          new ProgramService.Program(
              each.getKey(),
              program.wentOn == 0 ? 0 : program.waitNanos / program.wentOn,
              service(program, nowNanos)));
    }
    return shown;
  }
}
