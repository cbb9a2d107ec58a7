package io.penstock.picker.flow;

/** What became of a request at the gate; every one comes to exactly one of these. */
public enum FlowOutcome {
  /** It went on to be scheduled. */
  DISPATCHED("Dispatched"),
  /** Its queue was full. */
  REJECTED_CAPACITY("RejectedCapacity"),
  /** Its queue was full, and there was nobody to work it off. */
  REJECTED_NO_ENDPOINTS("RejectedNoEndpoints"),
  /** It waited as long as it may. */
  EVICTED_TTL("EvictedTTL"),
  /** It waited as long as it may for an endpoint to appear. */
  EVICTED_NO_ENDPOINTS("EvictedNoEndpoints"),
  /** Its client left, or its caller gave up, while it waited. */
  EVICTED_CANCELLED("EvictedContextCancelled"),
  /** The picker stopped while it waited. */
  EVICTED_SHUTDOWN("EvictedOther"),
  /** It may be shed, and the pool is saturated. */
  SHED("RejectedSaturated"),
  /** A plugin did not admit it. */
  DENIED("RejectedAdmission");

  private final String label;

  FlowOutcome(String label) {
    this.label = label;
  }

  /** As llm-d's metrics call it, as far as llm-d has it. */
  public String label() {
    return label;
  }

  /** Whether it goes no further. */
  public boolean dropped() {
    return this != DISPATCHED;
  }
}
