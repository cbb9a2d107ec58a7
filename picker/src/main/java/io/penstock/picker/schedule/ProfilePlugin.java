package io.penstock.picker.schedule;

/** What filters and scorers have in common; a class may be both. */
public interface ProfilePlugin {

  /** The plugin's type as configuration and decision records name it. */
  String type();

  /** The profile has ranked its candidates; for plugins that remember what was picked. */
  default void picked(SchedulingContext context, Candidates candidates) {}
}
