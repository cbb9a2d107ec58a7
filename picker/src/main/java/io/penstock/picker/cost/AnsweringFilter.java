package io.penstock.picker.cost;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps endpoints that can answer a whole request: those whose role it is, and while the pool is
 * overflowing also those that else only prefill for others. Shared by all event loops.
 */
public final class AnsweringFilter implements Filter {

  private static final String TYPE = "answering-filter";

  private final CostModel model;

  /** A filter of that model's pool. */
  public AnsweringFilter(CostModel model) {
    this.model = model;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    if (context.allAnswerAlone()) {
      return;
    }
    boolean overflows = model.overflows();
    for (int i = 0; i < candidates.count(); i++) {
      var spec = candidates.endpoint(i).spec();
      if (!spec.role().answersAlone() && !(overflows && Overflow.canAnswer(spec))) {
        candidates.drop(i);
      }
    }
  }
}
