package io.penstock.picker.flow;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The waiting requests of one band, in flows. Owned by the gate, like all of its tickets. */
sealed interface BandQueue permits MergedQueue, RoundRobinQueue, ServiceQueue {

  /** Takes in a ticket whose keys are set. O(log n). */
  void add(Ticket ticket);

  /** Takes out a ticket that is in. O(log n). */
  void remove(Ticket ticket);

  /** Takes out the one whose turn it is; null when none waits. */
  @Nullable Ticket poll(long nowNanos);

  /** A flow was served so much: tokens of prompts, and tokens generated, which count double. */
  default void served(String flow, double cost, long nowNanos) {}

  /** What flows have had, where that counts; else none. */
  default List<ProgramService.Program> programs(long nowNanos) {
    return List.of();
  }

  /** Forgets what is too old to matter. */
  default void sweep(long nowNanos) {}
}
