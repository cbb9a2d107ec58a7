package io.penstock.picker.flow;

/**
 * Who waits for a request's turn. Called on the request's own event loop; not any more once the
 * {@link Ticket} was ended.
 */
public interface FlowListener {

  /** Its turn has come: it is to be scheduled now. */
  void admitted();

  /** It waited in vain; the ticket has ended. */
  void dropped(FlowOutcome outcome);

  /** It was admitted and must make room for one of more importance: it is to end now. */
  void evicted();
}
