package io.penstock.controller.reconcile;

import java.time.Duration;

/** How one pass over a key ended. */
public sealed interface Pass {

  /** Nothing is to be done until something changes. */
  record Settled() implements Pass {}

  /** Look again after a while, even if nothing changes. */
  record Again(Duration after) implements Pass {}

  /** What was to be done could not be done; it is tried again, later each time. */
  record Failed(String why) implements Pass {}
}
