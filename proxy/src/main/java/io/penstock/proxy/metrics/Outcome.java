package io.penstock.proxy.metrics;

/** How an accepted request ended; every one ends in exactly one of these. */
public enum Outcome {
  /** The pod's answer, of whatever status, reached the client whole. */
  COMPLETED("completed"),
  /** The client left, or stopped reading, before that. */
  CLIENT_CANCELLED("client_cancelled"),
  /** A pod was chosen and it did not come to a whole answer. */
  FAILED("failed"),
  /** The gateway answered without choosing a pod. */
  REJECTED("rejected");

  private final String label;

  Outcome(String label) {
    this.label = label;
  }

  /** As it is written in logs. */
  public String label() {
    return label;
  }
}
