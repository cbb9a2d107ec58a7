package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Runs the one profile over the ranks of the pods; a gateway then sends to one port of the pod,
 * where a sidecar learns from a header which rank is meant.
 */
public final class DataParallelProfileHandler implements ProfileHandler {

  /** Type in configuration. */
  public static final String TYPE = "data-parallel-profile-handler";

  private final int primaryPort;

  /** A handler for sidecars that listen on that port. */
  public DataParallelProfileHandler(int primaryPort) {
    this.primaryPort = primaryPort;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public int primaryPort() {
    return primaryPort;
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
