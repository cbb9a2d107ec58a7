package io.penstock.picker.cost;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps endpoints that can answer a whole request: those whose role it is, and while the pool
 * overflows also those that else only prefill for others. Stateless; shared by all event loops.
 */
public final class AnsweringFilter implements Filter {

  private static final String TYPE = "answering-filter";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    if (context.allAnswerAlone()) {
      return;
    }
    for (int i = 0; i < candidates.count(); i++) {
      var spec = candidates.endpoint(i).spec();
      if (!spec.role().answersAlone() && !(context.overflows() && Overflow.canAnswer(spec))) {
        candidates.drop(i);
      }
    }
  }
}
