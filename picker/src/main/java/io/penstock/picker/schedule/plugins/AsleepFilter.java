package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/** Keeps endpoints whose engines are awake, as far as fresh signals say; all if none is. */
public final class AsleepFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "asleep-filter";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    var signals = context.signals();
    if (!signals.everAsleep()) {
      return;
    }
    for (int i = 0; i < candidates.count(); i++) {
      int slot = candidates.slot(i);
      if (signals.asleep(slot) && context.fresh(slot)) {
        candidates.drop(i);
      }
    }
    if (candidates.remaining() == 0) {
      candidates.keepAll();
    }
  }
}
