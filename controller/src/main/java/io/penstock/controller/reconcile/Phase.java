package io.penstock.controller.reconcile;

/** Where a service is on its way, in one word for people. */
enum Phase {
  /** Pods are created, or wait for a node. */
  PENDING("Pending"),
  /** A pod brings its model. */
  DOWNLOADING("Downloading"),
  /** An engine runs and reads its model. */
  LOADING("Loading"),
  /** Pods of the newest template replace others that still serve, or more are added. */
  ROLLING("Rolling"),
  READY("Ready"),
  /** It serves, with less than what is desired. */
  DEGRADED("Degraded"),
  STOPPED("Stopped"),
  /** It does not serve and will not without a change. */
  FAILED("Failed");

  private final String text;

  Phase(String text) {
    this.text = text;
  }

  /** As {@code status.phase} has it. */
  String text() {
    return text;
  }
}
