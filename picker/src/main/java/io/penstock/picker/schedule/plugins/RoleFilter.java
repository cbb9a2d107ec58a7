package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/** Keeps endpoints that can answer a whole request, prefill and decode. */
public final class RoleFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "answers-alone-filter";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < candidates.count(); i++) {
      if (!candidates.endpoint(i).spec().role().answersAlone()) {
        candidates.drop(i);
      }
    }
  }
}
