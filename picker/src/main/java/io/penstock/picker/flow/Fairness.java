package io.penstock.picker.flow;

/** Which of the flows of a band goes next. Immutable. */
public sealed interface Fairness {

  /** One order over all flows, as if they were one. */
  record GlobalStrict() implements Fairness {
    /** Type in configuration. */
    public static final String TYPE = "global-strict-fairness-policy";
  }

  /** One request of each flow in turn, in the order of the flows' names. */
  record RoundRobin() implements Fairness {
    /** Type in configuration. */
    public static final String TYPE = "round-robin-fairness-policy";
  }

  /**
   * The flow that has had the least service of late and waits the longest.
   *
   * @param weightService of the service had, the less the better
   * @param weightHeadWait of the wait of its first request
   * @param halfLifeNanos in which service had counts half
   * @param forgetNanos after which a flow that does nothing is forgotten
   */
  record ProgramAware(
      double weightService, double weightHeadWait, long halfLifeNanos, long forgetNanos)
      implements Fairness {
    /** Type in configuration. */
    public static final String TYPE = "program-aware-fairness";
  }

  /** As configuration calls it. */
  default String type() {
    return switch (this) {
      case GlobalStrict _ -> GlobalStrict.TYPE;
      case RoundRobin _ -> RoundRobin.TYPE;
      case ProgramAware _ -> ProgramAware.TYPE;
    };
  }

  /** Empty queues that follow it. */
  default BandQueue queue() {
    return switch (this) {
      case GlobalStrict _ -> new MergedQueue();
      case RoundRobin _ -> new RoundRobinQueue();
      case ProgramAware policy -> new ServiceQueue(policy);
    };
  }
}
