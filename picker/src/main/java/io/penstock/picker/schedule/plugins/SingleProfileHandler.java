package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.SchedulingContext;

/** Runs the one profile; its best candidate is the route. */
public final class SingleProfileHandler implements ProfileHandler {

  /** Type in configuration. */
  public static final String TYPE = "single-profile-handler";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public int next(SchedulingContext context) {
    return context.result(0) == null ? 0 : -1;
  }

  @Override
  public Decision decide(SchedulingContext context) {
    return context.routes().to(0);
  }
}
