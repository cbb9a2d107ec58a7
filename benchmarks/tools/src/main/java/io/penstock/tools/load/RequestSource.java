package io.penstock.tools.load;

/** What the next request contains. Confined to the run's event loop once the run has started. */
public interface RequestSource extends AutoCloseable {

  /** The next body; valid until the next call. */
  OutgoingBody next();

  /**
   * The next body is to be that of an arrival of an open loop, counted from 0: those in front of it
   * were sent or given up. A source whose requests belong to no times goes on as it would.
   */
  default void skipTo(long arrival) {}

  /** Gives the prepared bodies up. */
  @Override
  void close();
}
