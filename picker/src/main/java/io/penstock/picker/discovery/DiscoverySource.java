package io.penstock.picker.discovery;

import io.penstock.picker.pool.PoolDelta;
import java.util.function.Consumer;

/**
 * Tells which endpoints a pool has. {@link #start} and {@link #close} are called once each, on the
 * control thread.
 */
public interface DiscoverySource extends AutoCloseable {

  /**
   * Begins to tell. The first delta may come within the call; later ones come on the control
   * thread, never two at once and none after {@link #close}.
   *
   * @throws DiscoveryException when the source can never work as it is configured
   */
  void start(Consumer<PoolDelta> deltas);

  /** What is wrong with the source now, one sentence; empty while all is well. Any thread. */
  String problem();

  @Override
  void close();
}
