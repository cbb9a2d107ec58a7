package io.penstock.tools.load;

/** What the next request contains. Confined to the run's event loop once the run has started. */
public interface RequestSource extends AutoCloseable {

  /** The next body; valid until the next call. */
  OutgoingBody next();

  /** Gives the prepared bodies up. */
  @Override
  void close();
}
