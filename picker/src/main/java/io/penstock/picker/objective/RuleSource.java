package io.penstock.picker.objective;

import java.util.function.Consumer;

/**
 * Tells which objectives and rewrites a pool has. {@link #start} and {@link #close} are called once
 * each, on the control thread.
 */
public interface RuleSource extends AutoCloseable {

  /**
   * Begins to tell. All of them each time, on the control thread, never two at once and none after
   * {@link #close}.
   */
  void start(Consumer<RuleObjects> told);

  /**
   * Whether all of them have been told that can be. On the control thread, after {@link #start};
   * what it was once it stays.
   */
  boolean known();

  /** What is wrong with the source now, one sentence; empty while all is well. Any thread. */
  String problem();

  @Override
  void close();
}
