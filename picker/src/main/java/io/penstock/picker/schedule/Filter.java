package io.penstock.picker.schedule;

/** Takes endpoints out of the candidates. */
public interface Filter extends ProfilePlugin {

  /** Calls {@link Candidates#drop} for each candidate that must not be picked. */
  void filter(SchedulingContext context, Candidates candidates);

  /** What it means for a request that this filter leaves no candidate. */
  default Decision.Reason whenNoneIsLeft() {
    return Decision.Reason.FILTERED;
  }
}
