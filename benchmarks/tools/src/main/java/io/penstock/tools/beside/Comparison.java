package io.penstock.tools.beside;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** All rounds of one workload. Confined to the driver's thread. */
final class Comparison {

  private final Workload workload;
  private final List<Round> rounds = new ArrayList<>();
  private final Map<String, Integer> thrownAway = new TreeMap<>();

  /**
   * Both proxies, one after the other.
   *
   * @param directP50Micros latency without a proxy, 0 where it was not measured
   */
  record Round(Sample gateway, Sample haproxy, double directP50Micros) {}

  /** Median and extremes of some numbers; all NaN of none. */
  record Spread(double median, double min, double max) {

    static Spread of(List<Double> values) {
      if (values.isEmpty()) {
        return new Spread(Double.NaN, Double.NaN, Double.NaN);
      }
      var sorted = values.stream().sorted().toList();
      int middle = sorted.size() / 2;
      double median =
          sorted.size() % 2 == 1
              ? sorted.get(middle)
              : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
      return new Spread(median, sorted.getFirst(), sorted.getLast());
    }
  }

  Comparison(Workload workload) {
    this.workload = workload;
  }

  Workload workload() {
    return workload;
  }

  /** Takes a round if both its samples are sound; says whether it did. */
  boolean add(Round round, double mostNeighbourShare) {
    for (var sample : List.of(round.gateway, round.haproxy)) {
      String objection = sample.objection(mostNeighbourShare);
      if (!objection.isEmpty()) {
        thrownAway.merge(objection, 1, Integer::sum);
        return false;
      }
    }
    rounds.add(round);
    return true;
  }

  /** The rounds that count. */
  List<Round> rounds() {
    return List.copyOf(rounds);
  }

  /** How many rounds were thrown away, by reason. */
  Map<String, Integer> thrownAway() {
    return Map.copyOf(thrownAway);
  }

  /** CPU per unit of the gateway over that of HAProxy in the same round. */
  Spread ratio() {
    return spread(round -> round.gateway.cpuMicros() / round.haproxy.cpuMicros());
  }

  /** Any number of a round. */
  Spread spread(ToDoubleFunction<Round> number) {
    return Spread.of(rounds.stream().mapToDouble(number).boxed().toList());
  }
}
