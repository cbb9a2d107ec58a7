package io.penstock.picker.schedule;

/** Says which profiles run for a request, in which order, and what their results amount to. */
public interface ProfileHandler {

  /** The plugin's type as configuration and decision records name it. */
  String type();

  /**
   * The profile to run next.
   *
   * @return index into the scheduler's profiles, or -1 when {@link #decide} can be called
   */
  int next(SchedulingContext context);

  /**
   * Whether that profile is for endpoints that compute prompts for others, so that {@link #decide}
   * can do without its candidates; without those of any other there is no endpoint.
   */
  default boolean optional(int profile) {
    return false;
  }

  /** The decision, from {@link SchedulingContext#result} of the profiles that ran. */
  Decision decide(SchedulingContext context);
}
