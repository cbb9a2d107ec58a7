package io.penstock.tools.replay.trace;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Requests in the order of their arrival. Immutable.
 *
 * @param name for people
 * @param requests numbered from 0, arrivals not falling
 */
public record Trace(String name, List<TraceRequest> requests) {

  private static final long MOST_SPREAD_NANOS = 3_000_000_000L;

  /** Which part of a trace is replayed. */
  public enum Half {
    /** All of it. */
    WHOLE,
    /** What arrives in the first half of its time: to choose parameters on. */
    FIRST,
    /** What arrives in the second half of its time: to judge them on. */
    SECOND
  }

  /** Copies the list. */
  public Trace {
    requests = List.copyOf(requests);
    if (requests.isEmpty()) {
      throw new IllegalArgumentException("the trace " + name + " has no requests");
    }
  }

  /** From the first arrival to the last. */
  public long durationNanos() {
    return requests.getLast().arrivalNanos() - requests.getFirst().arrivalNanos();
  }

  /** Most tokens of a request, prompt and output together. */
  public int longestTokens() {
    return requests.stream()
        .mapToInt(request -> request.promptTokens() + request.outputTokens())
        .max()
        .orElseThrow();
  }

  /** That half, its first request at time 0. */
  public Trace half(Half half) {
    if (half == Half.WHOLE) {
      return this;
    }
    long middle = requests.getFirst().arrivalNanos() + durationNanos() / 2;
    var kept =
        requests.stream()
            .filter(request -> request.arrivalNanos() < middle == (half == Half.FIRST))
            .toList();
    long start = kept.isEmpty() ? 0 : kept.getFirst().arrivalNanos();
    List<TraceRequest> moved = new ArrayList<>();
    for (var request : kept) {
      moved.add(request.at(moved.size(), request.arrivalNanos() - start));
    }
    return new Trace(name, moved);
  }

  /** Only the first {@code most} requests. */
  public Trace limit(int most) {
    return new Trace(name, requests.subList(0, Math.min(most, requests.size())));
  }

  /** The same requests arriving {@code times} as fast. */
  public Trace faster(double times) {
    List<TraceRequest> scaled = new ArrayList<>();
    for (var request : requests) {
      scaled.add(request.at(scaled.size(), Math.round(request.arrivalNanos() / times)));
    }
    return new Trace(name, scaled);
  }

  /**
   * Undoes coarse timestamps: requests that share one are spread at random over the time to the
   * next, 3 s at most. A request that has its timestamp for itself stays.
   */
  public Trace spread(long seed) {
    var random = new SplittableRandom(seed);
    List<Long> arrivals = new ArrayList<>();
    for (int i = 0; i < requests.size(); ) {
      long at = requests.get(i).arrivalNanos();
      int end = i;
      while (end < requests.size() && requests.get(end).arrivalNanos() == at) {
        end++;
      }
      long next = end < requests.size() ? requests.get(end).arrivalNanos() : at;
      long room = Math.min(next - at, MOST_SPREAD_NANOS);
      boolean alone = end - i == 1;
      for (; i < end; i++) {
        arrivals.add(alone || room == 0 ? at : at + random.nextLong(room));
      }
    }
    arrivals.sort(Comparator.naturalOrder()); // keeps the trace's order
    List<TraceRequest> spread = new ArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      spread.add(requests.get(i).at(i, arrivals.get(i)));
    }
    return new Trace(name, spread);
  }
}
