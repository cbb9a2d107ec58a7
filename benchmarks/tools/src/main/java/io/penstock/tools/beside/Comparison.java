package io.penstock.tools.beside;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** All rounds of one workload. Confined to the driver's thread. */
final class Comparison {

  private final Workload workload;
  private final List<Target> targets;
  private final @Nullable Target base;
  private final List<Round> rounds = new ArrayList<>();
  private final Map<String, Integer> thrownAway = new TreeMap<>();

  /**
   * All targets, one after the other.
   *
   * @param directP50Micros latency without a proxy, 0 where it was not measured
   */
  record Round(Map<Target, Sample> samples, double directP50Micros) {

    Sample of(Target target) {
      var sample = samples.get(target);
      if (sample == null) {
        throw new IllegalArgumentException(target.name() + " was not measured");
      }
      return sample;
    }
  }

  /**
   * A target, or one of its processes.
   *
   * @param part name of the process, empty for all of them together
   */
  record Subject(Target target, String part) {

    /** For tables. */
    String name() {
      return part.isEmpty() ? target.name() : "  its " + part;
    }

    /** What it took in a round. */
    Sample.Cost in(Round round) {
      var sample = round.of(target);
      return part.isEmpty() ? sample.whole() : sample.parts().getOrDefault(part, sample.whole());
    }
  }

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

  /**
   * No rounds yet.
   *
   * @param base what all are compared with, null: each with what is usual for it
   */
  Comparison(Workload workload, List<Target> targets, @Nullable Target base) {
    this.workload = workload;
    this.targets = List.copyOf(targets);
    this.base = base;
  }

  Workload workload() {
    return workload;
  }

  List<Target> targets() {
    return targets;
  }

  /** Takes a round if all its samples are sound; says whether it did. */
  boolean add(Round round, double mostNeighbourShare) {
    for (var target : targets) {
      String objection = round.of(target).objection(workload, mostNeighbourShare);
      if (!objection.isEmpty()) {
        thrownAway.merge(target.name() + ": " + objection, 1, Integer::sum);
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

  /** Every target, and where it has several processes each of them. */
  List<Subject> subjects() {
    List<Subject> all = new ArrayList<>();
    for (var target : targets) {
      all.add(new Subject(target, ""));
      if (target.parts().size() > 1) {
        target.parts().forEach(part -> all.add(new Subject(target, part)));
      }
    }
    return all;
  }

  /** What a target is compared with here; null: with nothing. */
  @Nullable Target baseOf(Target target) {
    var to = base == null ? target.usualBase() : base;
    return to == null || to.equals(target) || !targets.contains(to) ? null : to;
  }

  /** CPU per unit over that of the base in the same round; all NaN where there is no base. */
  Spread ratio(Subject subject) {
    var to = baseOf(subject.target());
    return to == null || workload instanceof Workload.Idle
        ? Spread.of(List.of())
        : spread(round -> subject.in(round).cpuMicros() / round.of(to).whole().cpuMicros());
  }

  /** Any number of a round. */
  Spread spread(ToDoubleFunction<Round> number) {
    return Spread.of(rounds.stream().mapToDouble(number).boxed().toList());
  }
}
