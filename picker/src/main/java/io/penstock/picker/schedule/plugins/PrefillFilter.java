package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/** Keeps endpoints that are there to compute prompts for others. */
public final class PrefillFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "prefills-for-others-filter";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < candidates.count(); i++) {
      if (candidates.endpoint(i).spec().role() != Role.PREFILL) {
        candidates.drop(i);
      }
    }
  }
}
