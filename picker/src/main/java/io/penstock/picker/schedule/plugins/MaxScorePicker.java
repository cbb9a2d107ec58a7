package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Picker;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Picks the greatest weighted sum; among equals the endpoint with the fewest requests in flight
 * from here, and among those one at random. One pass for the ranking, one for the equals.
 */
public final class MaxScorePicker implements Picker {

  /** Type in configuration. */
  public static final String TYPE = "max-score-picker";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void pick(SchedulingContext context, Candidates candidates, int firstTerm) {
    candidates.rankByScore();
    candidates.promote(leastBusyOfTheBest(context, candidates));
  }

  private static int leastBusyOfTheBest(SchedulingContext context, Candidates candidates) {
    var scores = candidates.scores();
    var inFlight = context.inFlight();
    int chosen = candidates.ranked(0);
    double best = scores[chosen];
    int least = Integer.MAX_VALUE;
    int equals = 0;
    for (int i = 0; i < candidates.count(); i++) {
      if (scores[i] != best) {
        continue;
      }
      int requests = inFlight.requests(candidates.slot(i));
      if (requests < least) {
        least = requests;
        equals = 0;
      }
      if (requests == least && (++equals == 1 || context.random().nextInt(equals) == 0)) {
        chosen = i;
      }
    }
    return chosen;
  }
}
