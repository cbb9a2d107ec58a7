package io.penstock.picker.config;

import java.util.List;

/**
 * A scheduling profile of a configuration. Immutable.
 *
 * @param plugins filters and scorers in order, and exactly one picker
 * @param origin where it is from: file and line, or the rule that added it
 */
public record ProfileConfig(String name, List<Member> plugins, String origin) {

  /** Copies the list. */
  public ProfileConfig {
    plugins = List.copyOf(plugins);
  }

  /**
   * A plugin of the profile.
   *
   * @param weight of a scorer
   * @param weightGiven whether the file gave it
   */
  public record Member(Plugin plugin, double weight, boolean weightGiven, String origin) {}
}
