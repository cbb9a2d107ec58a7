package io.penstock.picker.schedule;

import java.util.List;

/**
 * How a pool's requests are routed: the profiles and what runs them. Made for one pool, since its
 * plugins may remember what they picked; shared by all event loops.
 *
 * @param profiles at least one
 */
public record Policy(ProfileHandler handler, List<Profile> profiles) {

  /** Copies the profiles and checks that there is one. */
  public Policy {
    profiles = List.copyOf(profiles);
    if (profiles.isEmpty()) {
      throw new IllegalArgumentException("a policy without profiles");
    }
  }
}
