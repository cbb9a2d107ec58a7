package io.penstock.picker.scrape;

import java.time.Duration;

/**
 * How often and how patiently pods are scraped. Immutable.
 *
 * @param interval between two metrics pages of a pod that works; pauses are shortened by up to a
 *     fifth at random, never prolonged
 * @param idleInterval longest pause while nothing is in flight from here and the page does not
 *     change
 * @param maxBackoff longest pause after failures; it doubles from {@code interval}
 * @param modelsInterval between two reads of {@code /v1/models}; also read at once when a pod
 *     recovers
 * @param connectTimeout for the connection
 * @param headTimeout from the request to the head of the answer
 * @param bodyTimeout from the head to the end of the answer
 * @param maxPageBytes longest metrics page
 * @param maxModelsBytes longest list of models
 */
public record ScrapeConfig(
    Duration interval,
    Duration idleInterval,
    Duration maxBackoff,
    Duration modelsInterval,
    Duration connectTimeout,
    Duration headTimeout,
    Duration bodyTimeout,
    int maxPageBytes,
    int maxModelsBytes) {

  /** Checks each value; the message names it. */
  public ScrapeConfig {
    atLeast("interval", interval, Duration.ofMillis(10));
    atLeast("idleInterval", idleInterval, interval);
    atLeast("maxBackoff", maxBackoff, interval);
    atLeast("modelsInterval", modelsInterval, Duration.ofMillis(100));
    atLeast("connectTimeout", connectTimeout, Duration.ofMillis(1));
    atLeast("headTimeout", headTimeout, Duration.ofMillis(1));
    atLeast("bodyTimeout", bodyTimeout, Duration.ofMillis(1));
    if (maxPageBytes < 1 || maxModelsBytes < 1) {
      throw new IllegalArgumentException(
          "scrape size limits: %d and %d are not both at least 1"
              .formatted(maxPageBytes, maxModelsBytes));
    }
  }

  /** The defaults, with the interval that configuration names {@code scrape.interval}. */
  public static ScrapeConfig every(Duration interval) {
    return new ScrapeConfig(
        interval,
        longer(interval, Duration.ofSeconds(1)),
        longer(interval, Duration.ofSeconds(5)),
        Duration.ofSeconds(10),
        Duration.ofSeconds(1),
        Duration.ofSeconds(3),
        Duration.ofSeconds(3),
        4 << 20,
        1 << 20);
  }

  /** Every 200 ms. */
  public static ScrapeConfig defaults() {
    return every(Duration.ofMillis(200));
  }

  private static Duration longer(Duration a, Duration b) {
    return a.compareTo(b) > 0 ? a : b;
  }

  private static void atLeast(String name, Duration value, Duration least) {
    if (value.compareTo(least) < 0) {
      throw new IllegalArgumentException(
          "scrape.%s: %d ms is not at least %d ms"
              .formatted(name, value.toMillis(), least.toMillis()));
    }
  }
}
