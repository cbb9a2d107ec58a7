package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one profile came to, written over and over in the same arrays, which grow to what is needed
 * and stay. Written by one event loop; {@link #copy} may be called by anyone at any time, and is
 * worth something only if nothing was written meanwhile, which {@link DecisionSlot} knows.
 */
final class RankingColumns {

  private int candidates;
  private int ranked;
  private Endpoint[] endpoints = {};
  private float[] scores = {};
  private int[] cachedTokens = {};
  private List<String> termNames = List.of();
  private float[] terms = {};
  private int dropped;
  private int remembered;
  private Endpoint[] droppedEndpoints = {};
  private String[] droppedBy = {};

  /** Takes over a run as it was left; null is one that did not come about. */
  void take(SchedulingContext context, @Nullable Candidates run) {
    candidates = run == null ? 0 : run.count();
    ranked = run == null ? 0 : run.ranked();
    termNames = run == null ? List.of() : run.termNames();
    dropped = run == null ? 0 : run.droppedTotal();
    remembered = run == null ? 0 : run.droppedRemembered();
    if (run != null) {
      takeRanking(context, run);
      takeDropped(run);
    }
  }

  /** The endpoint at that place, on the loop that writes. */
  Endpoint endpoint(int place) {
    return endpoints[place];
  }

  private void takeRanking(SchedulingContext context, Candidates run) {
    int columns = termNames.size();
    if (endpoints.length < ranked) {
      endpoints = new Endpoint[ranked];
      scores = new float[ranked];
      cachedTokens = new int[ranked];
    }
    if (terms.length < ranked * columns) {
      terms = new float[ranked * columns];
    }
    var scoreColumn = run.scores();
    for (int place = 0; place < ranked; place++) {
      int i = run.ranked(place);
      endpoints[place] = run.endpoint(i);
      scores[place] = (float) scoreColumn[i];
      cachedTokens[place] = context.cachedTokens(run, i);
      for (int k = 0; k < columns; k++) {
        terms[place * columns + k] = (float) run.term(k)[i];
      }
    }
  }

  private void takeDropped(Candidates run) {
    if (droppedEndpoints.length < remembered) {
      droppedEndpoints = new Endpoint[remembered];
      droppedBy = new String[remembered];
    }
    for (int k = 0; k < remembered; k++) {
      droppedEndpoints[k] = run.droppedEndpoint(k);
      droppedBy[k] = run.droppedBy(k);
    }
  }

  /** The columns as they are now. Fails in no case, whatever is written meanwhile. */
  Ranking copy() {
    int count = ranked;
    int drops = remembered;
    var names = termNames;
    return new Ranking(
        candidates,
        Arrays.copyOf(endpoints, count),
        Arrays.copyOf(scores, count),
        Arrays.copyOf(cachedTokens, count),
        names,
        Arrays.copyOf(terms, count * names.size()),
        dropped,
        Arrays.copyOf(droppedEndpoints, drops),
        Arrays.copyOf(droppedBy, drops));
  }
}
