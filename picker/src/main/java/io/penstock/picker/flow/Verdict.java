package io.penstock.picker.flow;

import org.jspecify.annotations.Nullable;

/** What a request hears when it comes to the gate. Immutable. */
public sealed interface Verdict {

  /**
   * It goes on at once.
   *
   * @param ticket to be told of its placement and its end; null when nobody wants to know
   */
  record Admitted(@Nullable Ticket ticket) implements Verdict {
    static final Admitted FREE = new Admitted(null);
  }

  /**
   * It waits; the listener hears how that ends.
   *
   * @param ticket to be ended when the request gives up
   */
  record Queued(Ticket ticket) implements Verdict {}

  /** It goes no further. */
  record Shed(FlowOutcome outcome) implements Verdict {}
}
