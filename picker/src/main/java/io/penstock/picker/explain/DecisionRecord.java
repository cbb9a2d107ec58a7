package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Weighing;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one decision was made of: the best candidates with each term of their score, who was dropped
 * by what, and the attempts that followed with what was predicted and what came. Columns are copied
 * from the run; everything for people is made when somebody reads.
 *
 * <p>Attempts are added by the request's event loop; the rest is immutable. About 1 KB.
 */
public final class DecisionRecord {

  private final long id;
  private final String requestId;
  private final long timeMillis;
  private final String model;
  private final int promptTokens;
  private final String pool;
  private final Decision decision;
  private final @Nullable Course course;

  private final @Nullable Weighing weighing;
  private final Ranking ranking;
  private final @Nullable Ranking prefills;
  private final @Nullable RunnerUp runnerUp;
  private final List<Endpoint> encoders;

  private volatile List<Attempt> attempts = List.of();

  /** The record of a decision for a request of whose course nothing is known. */
  public DecisionRecord(
      String requestId, long timeMillis, SchedulingContext context, Decision decision) {
    this(requestId, timeMillis, context, decision, null);
  }

  /**
   * The record of a decision.
   *
   * @param timeMillis when, since the epoch
   * @param context as the decision left it; the run of the first profile that ran for those who can
   *     answer is shown, and that of those who prefill where there was one
   * @param course how the request goes, where the front end says so
   */
  public DecisionRecord(
      String requestId,
      long timeMillis,
      SchedulingContext context,
      Decision decision,
      @Nullable Course course) {
    this.id = context.decisionId();
    this.requestId = requestId;
    this.timeMillis = timeMillis;
    this.model = context.request().model();
    this.promptTokens = context.promptTokens();
    this.pool = context.snapshot().name();
    this.decision = decision;
    this.course = course;
    this.weighing = context.weighing();
    var run = context.result(context.firstRun());
    this.ranking = new Ranking(context, run);
    this.runnerUp =
        run != null && run.ranked() > 1 && decision instanceof Decision.Route
            ? new RunnerUp(
                run.endpoint(run.ranked(1)),
                context.costSeconds(run, 1),
                context.costSeconds(run, 0))
            : null;
    var second = context.prefillRun();
    this.prefills = second == null ? null : new Ranking(context, second);
    this.encoders = context.encoders();
  }

  /**
   * Notes that the request is sent to an endpoint. On the request's event loop.
   *
   * @return the runner-up, where the request goes to the one chosen before it, for the first time
   *     and as a whole
   */
  @Nullable RunnerUp add(Attempt attempt) {
    var before = attempts;
    if (before.isEmpty()) {
      attempts = List.of(attempt);
      boolean chosen =
          runnerUp != null
              && attempt.leg() == Attempt.Leg.WHOLE
              && attempt.endpoint().id().equals(ranking.endpoint(0).id());
      return chosen ? runnerUp : null;
    }
    List<Attempt> after = new ArrayList<>(before);
    after.add(attempt);
    attempts = List.copyOf(after);
    return null;
  }

  /** Id of the decision. */
  public long id() {
    return id;
  }

  /** Id of the request; several decisions of one request share it. */
  public String requestId() {
    return requestId;
  }

  /** When, in milliseconds since the epoch. */
  public long timeMillis() {
    return timeMillis;
  }

  /** The model asked for. */
  public String model() {
    return model;
  }

  /** Tokens of the prompt as estimated. */
  public int promptTokens() {
    return promptTokens;
  }

  /** Name of the pool that was decided about. */
  public String pool() {
    return pool;
  }

  /** How the request goes; null where the front end does not say. */
  public @Nullable Course course() {
    return course;
  }

  /** Whether neither the record nor the request's course changes any more. */
  public boolean ended() {
    return course == null || course.ended();
  }

  /** How the request ended or, where nobody says, how the last attempt stands. */
  public String outcome() {
    if (course != null) {
      return course.outcome();
    }
    var tried = attempts;
    return tried.isEmpty() ? "unknown" : tried.getLast().progress().label();
  }

  /** What was decided. */
  public Decision decision() {
    return decision;
  }

  /** Why it was divided between two endpoints or not; null where that was no question. */
  public @Nullable Weighing weighing() {
    return weighing;
  }

  /** The endpoints that could answer. */
  public Ranking ranking() {
    return ranking;
  }

  /** The endpoints that could compute the prompt for another; null where none were looked at. */
  public @Nullable Ranking prefills() {
    return prefills;
  }

  /** Endpoints that were to encode its images, audio and video; mostly none. */
  public List<Endpoint> encoders() {
    return encoders;
  }

  /** Where the request was sent, in order. */
  public List<Attempt> attempts() {
    return attempts;
  }

  /** The record as one JSON object. */
  public String toJson() {
    return DecisionJson.render(this);
  }

  /** What a line in a list shows of the record, as one JSON object of some 300 characters. */
  public String toSummaryJson() {
    return SummaryJson.render(this);
  }
}
