package io.penstock.picker.assembly;

import io.penstock.picker.quality.PoolQuality;
import io.penstock.picker.schedule.Scheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * What each event loop has of a picker, and the scheduler that all of them pick by. Thread-safe:
 * what {@link #of} gives is for the column's event loop alone.
 */
final class PickerLoops {

  private static final String RANDOM = "L64X128MixRandom";

  private final List<PickerLoop> loops;
  private volatile Scheduler scheduler;

  /**
   * As many loops as there are columns.
   *
   * @param seed each column draws from generators of its own
   */
  PickerLoops(int columns, long seed, Scheduler scheduler, PoolState state, PoolQuality quality) {
    this.scheduler = scheduler;
    List<PickerLoop> made = new ArrayList<>();
    for (int column = 0; column < columns; column++) {
      var random =
          RandomGeneratorFactory.<RandomGenerator.SplittableGenerator>of(RANDOM)
              .create(seed + column);
      made.add(
          new PickerLoop(
              column,
              scheduler,
              from -> state.context(from, random),
              state.costs().observer(column),
              RandomGeneratorFactory.of(RANDOM).create(~seed - column),
              quality.ended(column)));
    }
    this.loops = List.copyOf(made);
  }

  /** The loop of a column. */
  PickerLoop of(int column) {
    return loops.get(column);
  }

  /** What is picked by now; one volatile read. */
  Scheduler scheduler() {
    return scheduler;
  }

  /** Picks by another scheduler from now on, on every loop. */
  void scheduler(Scheduler next) {
    scheduler = next;
  }
}
