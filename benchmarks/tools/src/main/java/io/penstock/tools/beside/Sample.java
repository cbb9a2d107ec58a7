package io.penstock.tools.beside;

/**
 * What one proxy did in one round. Immutable.
 *
 * @param cpuMicros CPU time of the proxy per unit of work
 * @param perSecond units of work
 * @param p50Micros latency of a request, or time to the first event of a stream
 * @param residentBytes memory of the proxy at the end
 * @param failed requests that went wrong
 * @param neighbourShare share of a core that others used, of the worse of the two cores, 0..1
 */
record Sample(
    double cpuMicros,
    double perSecond,
    double p50Micros,
    long residentBytes,
    long failed,
    double neighbourShare) {

  /** Why this sample cannot be used; empty if it can. */
  String objection(double mostNeighbourShare) {
    if (failed > 0) {
      return failed + " errors";
    }
    if (perSecond <= 0) {
      return "nothing answered";
    }
    if (cpuMicros <= 0) {
      return "less CPU than one tick";
    }
    return neighbourShare > mostNeighbourShare ? "busy neighbour" : "";
  }
}
