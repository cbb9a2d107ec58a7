package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/** Keeps endpoints by what they are there for. */
public enum RoleFilter implements Filter {
  /** Those that can answer a whole request, prefill and decode. */
  ANSWERS_ALONE("answers-alone-filter"),
  /** Those that compute prompts for others. */
  PREFILLS_FOR_OTHERS("prefills-for-others-filter");

  private final String type;

  RoleFilter(String type) {
    this.type = type;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    if (this == ANSWERS_ALONE && context.allAnswerAlone()) {
      return;
    }
    for (int i = 0; i < candidates.count(); i++) {
      if (!keeps(candidates.endpoint(i).spec().role())) {
        candidates.drop(i);
      }
    }
  }

  private boolean keeps(Role role) {
    return this == ANSWERS_ALONE ? role.answersAlone() : role == Role.PREFILL;
  }
}
