package io.penstock.proxy.exchange;

import io.penstock.picker.explain.Course;
import io.penstock.proxy.metrics.Outcome;
import io.penstock.proxy.metrics.Timeline;
import org.jspecify.annotations.Nullable;

/**
 * What decision records say of their request: a small part of it that may outlive the exchange, so
 * without its head and body. Written on the exchange's event loop, read by anyone.
 */
final class RequestCourse implements Course {

  private final Timeline timeline;
  private final @Nullable String tenant;
  private int status;
  private @Nullable String reason;
  // Written last and read first, so that what belongs to an outcome is seen with it.
  private volatile @Nullable Outcome outcome;

  RequestCourse(Timeline timeline, @Nullable String tenant) {
    this.timeline = timeline;
    this.tenant = tenant;
  }

  /** The exchange is over; once. */
  void end(RequestFacts facts) {
    status = facts.status();
    reason = facts.reason();
    outcome = facts.outcome();
  }

  @Override
  public boolean ended() {
    return outcome != null;
  }

  @Override
  public String outcome() {
    var known = outcome;
    return known == null ? "in_flight" : known.label();
  }

  @Override
  public int status() {
    return ended() ? status : 0;
  }

  @Override
  public @Nullable String reason() {
    return ended() ? reason : null;
  }

  @Override
  public @Nullable String tenant() {
    return tenant;
  }

  @Override
  public long sinceArrivalNanos(long nanoTime) {
    return timeline.sinceReceived(nanoTime);
  }

  @Override
  public void steps(StepListener listener) {
    timeline.steps(listener);
  }
}
