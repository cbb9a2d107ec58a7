package io.penstock.picker.assembly;

import io.penstock.picker.cost.LoopObserver;
import io.penstock.picker.quality.EndedAttempts;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/** What one event loop needs to pick and place. Confined to that loop. */
final class PickerLoop {

  private final int column;
  private final Function<Scheduler, SchedulingContext> contexts;
  private final LoopObserver observer;
  private final RandomGenerator random;
  private final EndedAttempts ended;

  /**
   * Placements in flight whose first token cannot be seen, each at its {@link Placement#place}.
   * Most end long before they are due, so nothing is ordered: all are looked at when the earliest
   * may be due.
   */
  private final List<Placement> unseen = new ArrayList<>();

  /** No placement is due before, by the ticker. */
  private long noneBeforeNanos;

  private Scheduler scheduler;
  private SchedulingContext context;

  PickerLoop(
      int column,
      Scheduler scheduler,
      Function<Scheduler, SchedulingContext> contexts,
      LoopObserver observer,
      RandomGenerator random,
      EndedAttempts ended) {
    this.column = column;
    this.scheduler = scheduler;
    this.contexts = contexts;
    this.context = contexts.apply(scheduler);
    this.observer = observer;
    this.random = random;
    this.ended = ended;
  }

  int column() {
    return column;
  }

  /** The working memory for that scheduler, made anew when it is another than the last. */
  @SuppressWarnings("ReferenceEquality") // another policy is another object, whatever it says
  SchedulingContext context(Scheduler current) {
    if (current != scheduler) {
      scheduler = current;
      context = contexts.apply(current);
    }
    return context;
  }

  LoopObserver observer() {
    return observer;
  }

  /** For what is refused by chance. */
  RandomGenerator random() {
    return random;
  }

  /** Where attempts go that ended well, to be compared with what was predicted. */
  EndedAttempts ended() {
    return ended;
  }

  /** From {@link Placement#prefilledByNanos} on the placement counts as decoding. */
  void watch(Placement placement) {
    long due = placement.prefilledByNanos();
    if (unseen.isEmpty() || due - noneBeforeNanos < 0) {
      noneBeforeNanos = due;
    }
    placement.place = unseen.size();
    unseen.add(placement);
  }

  /** The placement has ended or counts as decoding. */
  void unwatch(Placement placement) {
    var last = unseen.removeLast();
    if (last != placement) {
      last.place = placement.place;
      unseen.set(placement.place, last);
    }
    placement.place = Placement.UNWATCHED;
  }

  void releaseOverdue(long nowNanos) {
    if (unseen.isEmpty() || nowNanos - noneBeforeNanos < 0) {
      return;
    }
    long earliest = Long.MAX_VALUE;
    for (int i = unseen.size() - 1; i >= 0; i--) {
      var placement = unseen.get(i);
      long due = placement.prefilledByNanos();
      if (due <= nowNanos) {
        placement.prefilled();
        unwatch(placement);
      } else {
        earliest = Math.min(earliest, due);
      }
    }
    noneBeforeNanos = earliest;
  }
}
