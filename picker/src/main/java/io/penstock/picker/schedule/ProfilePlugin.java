package io.penstock.picker.schedule;

import org.jspecify.annotations.Nullable;

/** What filters and scorers have in common; a class may be both. */
public interface ProfilePlugin {

  /** The plugin's type as configuration and decision records name it. */
  String type();

  /**
   * Header of the answer, in lower case, that is to name the endpoint which the profile picked;
   * null for none.
   */
  default @Nullable String answerHeader() {
    return null;
  }

  /** The profile has ranked its candidates; for plugins that remember what was picked. */
  default void picked(SchedulingContext context, Candidates candidates) {}
}
