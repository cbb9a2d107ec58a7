package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one profile came to: the best candidates with each term of their score, and who was dropped
 * by what. Immutable; columns are copied from the run.
 */
public final class Ranking {

  private final int candidates;
  private final Endpoint[] ranked;
  private final float[] scores;
  private final int[] cachedTokens;
  private final List<String> termNames;
  private final float[] terms;

  private final int dropped;
  private final Endpoint[] droppedEndpoints;
  private final String[] droppedBy;

  /** Copies a run as it was left; null is one that did not come about. */
  Ranking(SchedulingContext context, @Nullable Candidates run) {
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
}
