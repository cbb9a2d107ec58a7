package io.penstock.picker.flow;

import io.penstock.picker.schedule.plugins.UtilizationDetector;
import java.util.List;
import java.util.Map;

/**
 * How a pool admits requests. Immutable.
 *
 * @param gate whether requests wait in queues while the pool is saturated; without it those of
 *     negative priority are shed then, and all others go on
 * @param detector says how busy the pool is
 * @param maxBytes of all bodies that wait, 0 for no bound beyond those of the bands
 * @param maxRequests that wait, 0 likewise
 * @param ttlNanos how long a request waits while there are endpoints, 0 for no bound
 * @param noEndpointTtlNanos the same while there are none
 * @param bands those that are configured, by priority
 * @param defaultBand of every other priority from 0 on
 * @param defaultNegativeBand of every other priority below 0
 * @param limit up to which saturation each band may go on
 * @param eviction whether requests of negative priority that are in flight make room for others
 * @param identityHeaders names in lower case: the first of them that a request has names its flow,
 *     where it does not say so itself
 * @param admitters asked about requests of negative priority
 */
public record FlowSettings(
    boolean gate,
    Detector detector,
    long maxBytes,
    long maxRequests,
    long ttlNanos,
    long noEndpointTtlNanos,
    Map<Integer, BandSettings> bands,
    BandSettings defaultBand,
    BandSettings defaultNegativeBand,
    UsageLimit limit,
    boolean eviction,
    List<String> identityHeaders,
    List<ProbabilisticAdmitter> admitters) {

  /** How long a request waits where the configuration says nothing. */
  public static final long DEFAULT_TTL_NANOS = 60_000_000_000L;

  private static final long BACKSTOP_NANOS = 2_000_000_000;

  /** llm-d's default detector. */
  public static final Detector DEFAULT_DETECTOR =
      new Detector.Utilization(5, 0.8, 200_000_000, UtilizationDetector.Staleness.IN_FLIGHT);

  /** No gate: llm-d's legacy admission, by its default detector. */
  public static final FlowSettings DEFAULT =
      new FlowSettings(
          false,
          DEFAULT_DETECTOR,
          0,
          0,
          DEFAULT_TTL_NANOS,
          DEFAULT_TTL_NANOS,
          Map.of(),
          BandSettings.DEFAULT,
          BandSettings.DEFAULT,
          new UsageLimit.Fixed(1),
          false,
          List.of(),
          List.of());

  /** Copies the collections. */
  public FlowSettings {
    bands = Map.copyOf(bands);
    identityHeaders = List.copyOf(identityHeaders);
    admitters = List.copyOf(admitters);
  }

  /** The same with the gate, by another detector. */
  public FlowSettings gated(Detector by) {
    return new FlowSettings(
        true,
        by,
        maxBytes,
        maxRequests,
        ttlNanos,
        noEndpointTtlNanos,
        bands,
        defaultBand,
        defaultNegativeBand,
        limit,
        eviction,
        identityHeaders,
        admitters);
  }

  /** How requests of a priority wait. */
  public BandSettings band(int priority) {
    var own = bands.get(priority);
    return own != null ? own : priority < 0 ? defaultNegativeBand : defaultBand;
  }

  /** The longest that any request waits, 0 for no bound: a pool may come and go meanwhile. */
  long backstopNanos() {
    return ttlNanos == 0 || noEndpointTtlNanos == 0
        ? 0
        : Math.max(ttlNanos, noEndpointTtlNanos) + BACKSTOP_NANOS;
  }
}
