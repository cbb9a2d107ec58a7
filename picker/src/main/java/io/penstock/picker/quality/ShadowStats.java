package io.penstock.picker.quality;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Decision;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What a second policy would have done with a sample of the requests. Written by the control
 * thread, read by anyone.
 *
 * <p>It disagrees where it would have sent a request to another endpoint, or have divided what the
 * live policy did not, or the other way round. What that gains is told by the expected cost of both
 * endpoints as the live policy met them; of requests that either policy divided it is not told.
 */
public final class ShadowStats {

  private static final double NANOS = 1e9;

  private final String policy;
  private final double sample;
  private final AtomicLong sampled = new AtomicLong();
  private final AtomicLong skipped = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong disagreed = new AtomicLong();
  private final AtomicLong compared = new AtomicLong();
  private final AtomicLong liveNanos = new AtomicLong();
  private final AtomicLong shadowNanos = new AtomicLong();

  /**
   * Nothing is known yet.
   *
   * @param policy the second policy's name
   * @param sample share of the requests that are looked at, 0 to 1
   */
  public ShadowStats(String policy, double sample) {
    this.policy = policy;
    this.sample = sample;
  }

  /** Takes in how the second policy decided on what the live one had decided. Control thread. */
  public void decided(Decision live, Decision shadow) {
    add(sampled, 1);
    if (!same(live, shadow)) {
      add(disagreed, 1);
    }
  }

  /** Takes in what two routes of the same request were expected to cost. Control thread. */
  public void costs(double liveSeconds, double shadowSeconds) {
    add(compared, 1);
    add(liveNanos, Math.round(liveSeconds * NANOS));
    add(shadowNanos, Math.round(shadowSeconds * NANOS));
  }

  /** So many more requests of the sample came too fast to be looked at. Control thread. */
  public void skip(long requests) {
    add(skipped, requests);
  }

  /** The second policy could not decide on a request. Control thread. */
  public void fail() {
    add(failed, 1);
  }

  private static void add(AtomicLong to, long more) {
    to.setRelease(to.getPlain() + more);
  }

  private static boolean same(Decision live, Decision shadow) {
    return goesTo(prefill(live), prefill(shadow)) && goesTo(answers(live), answers(shadow));
  }

  private static boolean goesTo(@Nullable Endpoint one, @Nullable Endpoint other) {
    return one == null ? other == null : other != null && one.id().equals(other.id());
  }

  /** The endpoint that a decision has answer, null for none. */
  public static @Nullable Endpoint answers(Decision decision) {
    return switch (decision) {
      case Decision.Route route -> route.endpoint();
      case Decision.Disaggregated divided -> divided.decode().endpoint();
      case Decision.NoEndpoint _ -> null;
    };
  }

  private static @Nullable Endpoint prefill(Decision decision) {
    return decision instanceof Decision.Disaggregated divided ? divided.prefill() : null;
  }

  /** Name of the second policy. */
  public String policy() {
    return policy;
  }

  /** Share of the requests that are looked at. */
  public double sample() {
    return sample;
  }

  /** Requests on which both policies decided. */
  public long sampled() {
    return sampled.getAcquire();
  }

  /** Requests of the sample that came too fast. */
  public long skipped() {
    return skipped.getAcquire();
  }

  /** Requests of the sample that the second policy could not decide on. */
  public long failed() {
    return failed.getAcquire();
  }

  /** Those that the second policy would have sent elsewhere. */
  public long disagreed() {
    return disagreed.getAcquire();
  }

  /** Those whose expected costs under both policies are known. */
  public long compared() {
    return compared.getAcquire();
  }

  /** Expected cost of what the live policy chose, over all requests that were compared. */
  public double liveSeconds() {
    return liveNanos.getAcquire() / NANOS;
  }

  /** The same of what the second policy would have chosen. */
  public double shadowSeconds() {
    return shadowNanos.getAcquire() / NANOS;
  }

  /** Seconds of expected cost that the second policy would save a request; negative: lose. */
  public double gainSeconds() {
    long requests = compared();
    return requests == 0 ? 0 : (liveSeconds() - shadowSeconds()) / requests;
  }
}
