package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Picker;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.List;

/** Picks any candidate, each as likely; scores count for nothing. */
public final class RandomPicker implements Picker {

  /** Type in configuration. */
  public static final String TYPE = "random-picker";

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
    var draws = candidates.term(firstTerm);
    for (int i = 0; i < candidates.count(); i++) {
      draws[i] = context.random().nextDouble();
    }
    candidates.rankBy(draws);
  }
}
