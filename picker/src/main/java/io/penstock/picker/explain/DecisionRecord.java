package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Weighing;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one decision was made of: the best candidates with each term of their score, who was dropped
 * by what, and the attempts that followed with what was predicted and what came. Made for whoever
 * reads the {@link DecisionLog}, and his own.
 *
 * <p>Attempts, and how the request goes, are what they are when they are asked for; the rest is
 * immutable. About 1 KB.
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
  private final List<Endpoint> encoders;

  private final AttemptList attempts;

  DecisionRecord(
      long id,
      String requestId,
      long timeMillis,
      String model,
      int promptTokens,
      String pool,
      Decision decision,
      @Nullable Course course,
      @Nullable Weighing weighing,
      Ranking ranking,
      @Nullable Ranking prefills,
      List<Endpoint> encoders,
      AttemptList attempts) {
    this.id = id;
    this.requestId = requestId;
    this.timeMillis = timeMillis;
    this.model = model;
    this.promptTokens = promptTokens;
    this.pool = pool;
    this.decision = decision;
    this.course = course;
    this.weighing = weighing;
    this.ranking = ranking;
    this.prefills = prefills;
    this.encoders = encoders;
    this.attempts = attempts;
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
    var tried = attempts.all();
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
    return attempts.all();
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
