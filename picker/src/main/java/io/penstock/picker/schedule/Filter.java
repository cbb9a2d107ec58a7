package io.penstock.picker.schedule;

/** Takes endpoints out of the candidates. */
public interface Filter {

  /** The plugin's type as configuration and decision records name it. */
  String type();

  /** Calls {@link Candidates#drop} for each candidate that must not be picked. */
  void filter(SchedulingContext context, Candidates candidates);
}
