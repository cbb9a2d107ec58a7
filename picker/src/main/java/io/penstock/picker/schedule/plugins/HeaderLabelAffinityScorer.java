package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/** 1 for endpoints whose label has the value of a header of the request, else 0. */
public final class HeaderLabelAffinityScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "header-label-affinity-scorer";

  private final String header;
  private final String label;

  /**
   * A scorer.
   *
   * @param header in lower case
   */
  public HeaderLabelAffinityScorer(String header, String label) {
    this.header = header;
    this.label = label;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    var wanted = context.header(header);
    if (wanted == null) {
      return;
    }
    for (int i = 0; i < candidates.count(); i++) {
      if (wanted.equals(candidates.endpoint(i).spec().labels().get(label))) {
        scores[i] = 1;
      }
    }
  }
}
