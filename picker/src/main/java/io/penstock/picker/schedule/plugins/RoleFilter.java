package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.signals.EngineSettings;

/** Keeps endpoints by what they are there for. */
public enum RoleFilter implements Filter {
  /**
   * Those that can answer a whole request, prefill and decode: while the pool overflows also those
   * that else only prefill for others.
   */
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
      if (!keeps(context, candidates.endpoint(i).spec())) {
        candidates.drop(i);
      }
    }
  }

  private boolean keeps(SchedulingContext context, EndpointSpec spec) {
    if (this == PREFILLS_FOR_OTHERS) {
      return spec.role() == Role.PREFILL;
    }
    return context.overflows() ? answersInOverflow(spec) : spec.role().answersAlone();
  }

  /**
   * Whether the endpoint can answer where all do. SGLang's servers in prefill mode cannot: they
   * wait for a decode server.
   */
  public static boolean answersInOverflow(EndpointSpec spec) {
    if (spec.role() != Role.PREFILL) {
      return spec.role().answersAlone();
    }
    var labels = spec.labels();
    var older = labels.getOrDefault(EngineSettings.OLDER_LABEL, "");
    return !labels.getOrDefault(EngineSettings.LABEL, older).equals("sglang");
  }
}
