package io.penstock.picker.flow;

/**
 * How the requests of one priority wait. Immutable.
 *
 * @param maxBytes of bodies that wait together, at least 1
 * @param maxRequests that wait together, at least 1
 */
public record BandSettings(long maxBytes, long maxRequests, Fairness fairness, Ordering ordering) {

  /** Bodies of one band that wait together, where the configuration says nothing. */
  public static final long DEFAULT_MAX_BYTES = 1_000_000_000;

  /** Requests of one band that wait together, where the configuration says nothing. */
  public static final long DEFAULT_MAX_REQUESTS = 5_000;

  /** What a band gets of which the configuration says nothing. */
  public static final BandSettings DEFAULT =
      new BandSettings(
          DEFAULT_MAX_BYTES, DEFAULT_MAX_REQUESTS, new Fairness.GlobalStrict(), Ordering.FCFS);

  /** Checks the bounds. */
  public BandSettings {
    if (maxBytes < 1 || maxRequests < 1) {
      throw new IllegalArgumentException(
          "a band of " + maxBytes + " bytes and " + maxRequests + " requests; allowed: 1 or more");
    }
  }
}
