package io.penstock.picker.schedule;

import io.penstock.picker.schedule.Weighing.Reason;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** How often requests that could be divided were, and why not. Thread-safe. */
public final class DisaggregationCounts {

  private final Map<Reason, LongAdder> whole = counters();
  private final Map<Reason, LongAdder> divided = counters();

  private static Map<Reason, LongAdder> counters() {
    var made = new EnumMap<Reason, LongAdder>(Reason.class);
    for (var reason : Reason.values()) {
      made.put(reason, new LongAdder());
    }
    return made;
  }

  /** Counts the decision that the context came to; where dividing was no question, nothing. */
  public void add(SchedulingContext context, Decision decision) {
    var why = context.weighing();
    if (why == null) {
      return;
    }
    var counter = (decision instanceof Decision.Disaggregated ? divided : whole).get(why.reason());
    if (counter != null) {
      counter.increment();
    }
  }

  /** Decisions of that kind so far. */
  public long count(boolean disaggregated, Reason reason) {
    var counter = (disaggregated ? divided : whole).get(reason);
    return counter == null ? 0 : counter.sum();
  }
}
