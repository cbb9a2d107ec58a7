package io.penstock.picker.assembly;

import io.penstock.picker.cost.LoopObserver;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.Comparator;
import java.util.PriorityQueue;

/** What one event loop needs to pick and place. Confined to that loop. */
final class PickerLoop {

  private final int column;
  private final SchedulingContext context;
  private final LoopObserver observer;

  /** Placements whose first token cannot be seen, the one that is expected first at the head. */
  private final PriorityQueue<Placement> unseen =
      new PriorityQueue<>(Comparator.comparingLong(Placement::prefilledByNanos));

  PickerLoop(int column, SchedulingContext context, LoopObserver observer) {
    this.column = column;
    this.context = context;
    this.observer = observer;
  }

  int column() {
    return column;
  }

  SchedulingContext context() {
    return context;
  }

  LoopObserver observer() {
    return observer;
  }

  /** From {@link Placement#prefilledByNanos} on the placement counts as decoding. */
  void watch(Placement placement) {
    unseen.add(placement);
  }

  void releaseOverdue(long nowNanos) {
    var first = unseen.peek();
    while (first != null && first.prefilledByNanos() <= nowNanos) {
      first.prefilled();
      unseen.remove();
      first = unseen.peek();
    }
  }
}
