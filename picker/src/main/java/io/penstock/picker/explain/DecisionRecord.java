package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.ArrayList;
import java.util.List;

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
  private final Decision decision;

  private final int candidates;
  private final Endpoint[] ranked;
  private final float[] scores;
  private final int[] cachedTokens;
  private final List<String> termNames;
  private final float[] terms;

  private final int dropped;
  private final Endpoint[] droppedEndpoints;
  private final String[] droppedBy;

  private volatile List<Attempt> attempts = List.of();

  /**
   * The record of a decision.
   *
   * @param timeMillis when, since the epoch
   * @param context as the decision left it
   * @param profile whose run is shown
   */
  public DecisionRecord(
      String requestId,
      long timeMillis,
      SchedulingContext context,
      Decision decision,
      int profile) {
    this.id = context.decisionId();
    this.requestId = requestId;
    this.timeMillis = timeMillis;
    this.model = context.request().model();
    this.promptTokens = context.promptTokens();
    this.decision = decision;
    var run = context.result(profile);
    this.candidates = run == null ? 0 : run.count();
    this.termNames = run == null ? List.of() : run.termNames();
    int count = run == null ? 0 : run.ranked();
    this.ranked = new Endpoint[count];
    this.scores = new float[count];
    this.cachedTokens = new int[count];
    this.terms = new float[count * termNames.size()];
    this.dropped = run == null ? 0 : run.droppedTotal();
    int remembered = run == null ? 0 : run.droppedRemembered();
    this.droppedEndpoints = new Endpoint[remembered];
    this.droppedBy = new String[remembered];
    if (run != null) {
      copyRanking(run, context);
      copyDropped(run);
    }
  }

  private void copyRanking(Candidates run, SchedulingContext context) {
    var scoreColumn = run.scores();
    for (int place = 0; place < ranked.length; place++) {
      int i = run.ranked(place);
      ranked[place] = run.endpoint(i);
      scores[place] = (float) scoreColumn[i];
      cachedTokens[place] = context.cachedTokens(run, i);
      for (int k = 0; k < termNames.size(); k++) {
        terms[place * termNames.size() + k] = (float) run.term(k)[i];
      }
    }
  }

  private void copyDropped(Candidates run) {
    for (int k = 0; k < droppedEndpoints.length; k++) {
      droppedEndpoints[k] = run.droppedEndpoint(k);
      droppedBy[k] = run.droppedBy(k);
    }
  }

  /** Notes that the request is sent to an endpoint. On the request's event loop. */
  public void add(Attempt attempt) {
    var before = attempts;
    if (before.isEmpty()) {
      attempts = List.of(attempt);
      return;
    }
    List<Attempt> after = new ArrayList<>(before);
    after.add(attempt);
    attempts = List.copyOf(after);
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

  /** What was decided. */
  public Decision decision() {
    return decision;
  }

  /** Candidates that the filters left; the best of them are ranked. */
  public int candidates() {
    return candidates;
  }

  /** Candidates that are shown, best first. */
  public int ranked() {
    return ranked.length;
  }

  /** The candidate at that place, 0 is the best. */
  public Endpoint endpoint(int place) {
    return ranked[place];
  }

  /** Its score, higher is better. */
  public double score(int place) {
    return scores[place];
  }

  /** Tokens of the prompt it was believed to hold. */
  public int cachedTokens(int place) {
    return cachedTokens[place];
  }

  /** Names of what made up the scores. */
  public List<String> termNames() {
    return termNames;
  }

  /** Term {@code k} of the candidate at that place. */
  public double term(int place, int k) {
    return terms[place * termNames.size() + k];
  }

  /** Endpoints dropped by filters or because the request tried them before. */
  public int dropped() {
    return dropped;
  }

  /** Dropped endpoints that are shown. */
  public int droppedShown() {
    return droppedEndpoints.length;
  }

  /** A dropped endpoint. */
  public Endpoint droppedEndpoint(int k) {
    return droppedEndpoints[k];
  }

  /** What dropped it: a filter's type, or {@code tried}. */
  public String droppedBy(int k) {
    return droppedBy[k];
  }

  /** Where the request was sent, in order. */
  public List<Attempt> attempts() {
    return attempts;
  }

  /** The record as one JSON object. */
  public String toJson() {
    return DecisionJson.render(this);
  }
}
