package io.penstock.tools.beside;

import java.util.Map;

/**
 * What one target did in one round. Immutable.
 *
 * @param parts what each of its processes took, by name
 * @param perSecond units of work
 * @param p50Micros latency of a request, or time to the first event of a stream
 * @param failures requests that went wrong, how many and how; empty if none did
 * @param neighbourShare share of a core that others used, of the worse of the two cores, 0..1
 */
record Sample(
    Map<String, Cost> parts,
    double perSecond,
    double p50Micros,
    String failures,
    double neighbourShare) {

  /**
   * What a process took.
   *
   * @param cpuMicros CPU time per unit of work
   * @param residentBytes memory at the end
   */
  record Cost(double cpuMicros, long residentBytes) {

    /** Both together. */
    Cost plus(Cost other) {
      return new Cost(cpuMicros + other.cpuMicros, residentBytes + other.residentBytes);
    }
  }

  /** Copies the parts. */
  Sample {
    parts = Map.copyOf(parts);
  }

  /** What its processes took together. */
  Cost whole() {
    return parts.values().stream().reduce(new Cost(0, 0), Cost::plus);
  }

  /** Why this sample cannot be used; empty if it can. */
  String objection(Workload workload, double mostNeighbourShare) {
    if (!failures.isEmpty()) {
      return failures;
    }
    if (perSecond <= 0) {
      return "nothing answered";
    }
    if (whole().cpuMicros() <= 0 && !(workload instanceof Workload.Idle)) {
      return "less CPU than one tick";
    }
    return neighbourShare > mostNeighbourShare ? "busy neighbour" : "";
  }
}
