package io.penstock.tools.conform;

import java.util.List;

/**
 * One requirement of the endpoint picker protocol, and how it is examined. Immutable.
 *
 * @param id the protocol's number, and after a dot the part of it
 * @param level how binding it is
 * @param title what a picker must do
 * @param needs ids of earlier requirements without which this one cannot be told; where one of them
 *     failed, this one is skipped
 * @param check examines it
 */
public record Requirement(String id, Level level, String title, List<String> needs, Check check) {

  /** How binding a requirement is. */
  public enum Level {
    /** The protocol's own words, or what Envoy enforces. */
    MUST,
    /** What gateways, pods or operators run into where it is not kept. */
    SHOULD
  }

  /** Examines a requirement over a gateway of its own streams. */
  @FunctionalInterface
  interface Check {
    /**
     * The outcome; whatever the picker does, it returns within a few timeouts.
     *
     * @throws InterruptedException if the run is given up
     */
    Verdict examine(Gateway gateway) throws InterruptedException;
  }

  static Requirement must(String id, String title, Check check) {
    return new Requirement(id, Level.MUST, title, List.of(), check);
  }

  static Requirement should(String id, String title, Check check) {
    return new Requirement(id, Level.SHOULD, title, List.of(), check);
  }

  /** The same, which cannot be told where one of these is not met. */
  Requirement needs(String... ids) {
    return new Requirement(id, level, title, List.of(ids), check);
  }
}
