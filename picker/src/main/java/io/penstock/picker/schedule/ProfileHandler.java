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
   * Whether that profile is for endpoints that do something for those who answer, so that {@link
   * #decide} can do without its candidates; without those of any other there is no endpoint.
   */
  default boolean optional(int profile) {
    return false;
  }

  /**
   * Whether that profile, an optional one, is for endpoints that encode images, audio and video for
   * others.
   */
  default boolean encodes(int profile) {
    return false;
  }

  /**
   * Port of a pod that takes the requests of all its ranks, and is told by header which is meant; 0
   * where each rank is sent to directly.
   */
  default int primaryPort() {
    return 0;
  }

  /** The decision, made by {@link SchedulingContext#routes} of the profiles that ran. */
  Decision decide(SchedulingContext context);
}
