package io.penstock.picker.flow;

/** Up to which saturation of the pool the requests of a band may go on. Pure functions. */
public sealed interface UsageLimit {

  /** The same for every band. */
  record Fixed(double threshold) implements UsageLimit {
    /** Type in configuration. */
    public static final String TYPE = "static-usage-limit-policy";
  }

  /**
   * Falls in a line from the most important band to the least.
   *
   * @param minCeiling of the least important one
   * @param maxCeiling of the most important one
   * @param byValue whether the line runs over the priorities themselves, rather than their ranks
   */
  record Holdback(double minCeiling, double maxCeiling, boolean byValue) implements UsageLimit {
    /** Type in configuration. */
    public static final String TYPE = "priority-holdback-policy";
  }

  /** The more saturated the pool, the lower for all but the most important band. */
  record SoftReflective() implements UsageLimit {
    /** Type in configuration. */
    public static final String TYPE = "soft-reflective-ceiling-policy";
  }

  /** As configuration calls it. */
  default String type() {
    return switch (this) {
      case Fixed _ -> Fixed.TYPE;
      case Holdback _ -> Holdback.TYPE;
      case SoftReflective _ -> SoftReflective.TYPE;
    };
  }

  /**
   * The saturation from which on a band is closed.
   *
   * @param rank 0 for the most important of {@code bands} bands
   * @param priority of the band
   * @param top the greatest priority of a band
   * @param bottom the least priority of a band
   */
  default double ceiling(
      int rank, int bands, int priority, int top, int bottom, double saturation) {
    return switch (this) {
      case Fixed(double threshold) -> threshold;
      case Holdback(double least, double most, boolean byValue) -> {
        double down =
            bands == 1 || top == bottom
                ? 0
                : byValue
                    ? ((double) top - priority) / ((double) top - bottom)
                    : (double) rank / (bands - 1);
        yield most - (most - least) * down;
      }
      case SoftReflective _ -> rank == 0 ? 1 : 1 - rank * saturation / (bands - 1);
    };
  }

  /**
   * Of so many chances that a closed band gets, it goes through with one all the same; 0 for never.
   */
  default long oneIn(double saturation) {
    return this instanceof SoftReflective && saturation < 1
        ? Math.max(1, Math.round(saturation / (1 - saturation)))
        : 0;
  }
}
