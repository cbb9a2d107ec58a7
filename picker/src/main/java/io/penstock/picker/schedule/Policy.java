package io.penstock.picker.schedule;

import java.util.List;

/**
 * How a pool's requests are routed: the profiles and what runs them. Made for one pool, since its
 * plugins may remember what they picked; shared by all event loops.
 *
 * @param profiles at least one
 * @param admitters asked about requests of negative priority
 */
public record Policy(ProfileHandler handler, List<Profile> profiles, List<Admitter> admitters) {

  /** Copies the lists and checks that there is a profile. */
  public Policy {
    profiles = List.copyOf(profiles);
    admitters = List.copyOf(admitters);
    if (profiles.isEmpty()) {
      throw new IllegalArgumentException("a policy without profiles");
    }
  }
}
