package io.penstock.picker.flow;

/**
 * Which of the requests of a flow goes first: the least of two numbers that are fixed when it comes
 * to wait. Pure functions.
 */
public enum Ordering {
  /** First come, first served. */
  FCFS("fcfs-ordering-policy"),
  /** The earliest end of the time that it may wait; those without one last. */
  EDF("edf-ordering-policy"),
  /** The earliest time by which its client wants the first token; those who did not say last. */
  SLO_DEADLINE("slo-deadline-ordering-policy");

  private final String type;

  Ordering(String type) {
    this.type = type;
  }

  /** Type in configuration. */
  public String type() {
    return type;
  }

  /**
   * What is compared first.
   *
   * @param nowNanos when it comes to wait
   * @param ttlNanos how long it may wait, 0 for ever
   */
  long key(FlowRequest request, long nowNanos, long ttlNanos) {
    return switch (this) {
      case FCFS -> nowNanos;
      case EDF -> ttlNanos == 0 ? Long.MAX_VALUE : nowNanos + ttlNanos;
      case SLO_DEADLINE ->
          request.ttftSloNanos() == 0
              ? Long.MAX_VALUE
              : request.receivedNanos() + request.ttftSloNanos();
    };
  }

  /** What is compared among equals. */
  long tie(FlowRequest request, long nowNanos) {
    return this == SLO_DEADLINE ? request.receivedNanos() : nowNanos;
  }
}
