package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import java.util.List;

/**
 * What one profile came to: the best candidates with each term of their score, and who was dropped
 * by what. Immutable.
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

  /** A ranking of these columns, which nobody else has. */
  Ranking(
      int candidates,
      Endpoint[] ranked,
      float[] scores,
      int[] cachedTokens,
      List<String> termNames,
      float[] terms,
      int dropped,
      Endpoint[] droppedEndpoints,
      String[] droppedBy) {
    this.candidates = candidates;
    this.ranked = ranked;
    this.scores = scores;
    this.cachedTokens = cachedTokens;
    this.termNames = termNames;
    this.terms = terms;
    this.dropped = dropped;
    this.droppedEndpoints = droppedEndpoints;
    this.droppedBy = droppedBy;
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
