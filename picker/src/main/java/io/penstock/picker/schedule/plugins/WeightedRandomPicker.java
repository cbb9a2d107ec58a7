package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Picker;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.List;

/**
 * Picks with a probability in proportion to the score. A score of 0 or less is never picked while
 * another is above; when none is, all are as likely.
 *
 * <p>Weighted sampling without replacement by exponential keys (Efraimidis and Spirakis, 2006): the
 * greatest of {@code u^(1/score)} wins, compared here by their logarithms.
 */
public final class WeightedRandomPicker implements Picker {

  /** Type in configuration. */
  public static final String TYPE = "weighted-random-picker";

  private static final List<String> TERMS = List.of("draw");

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public List<String> terms() {
    return TERMS;
  }

  @Override
  public void pick(SchedulingContext context, Candidates candidates, int firstTerm) {
    var scores = candidates.scores();
    var draws = candidates.term(firstTerm);
    boolean any = false;
    for (int i = 0; i < candidates.count(); i++) {
      any |= scores[i] > 0;
    }
    for (int i = 0; i < candidates.count(); i++) {
      double draw = Math.log(1 - context.random().nextDouble());
      double score = any ? scores[i] : 1;
      draws[i] = score > 0 ? draw / score : Double.NEGATIVE_INFINITY;
    }
    candidates.rankBy(draws);
  }
}
