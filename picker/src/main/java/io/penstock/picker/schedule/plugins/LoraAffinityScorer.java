package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/**
 * Prefers endpoints that have the request's adapter: 1 where it is loaded; else 0.8 where there is
 * room for one more; else 0.6 where requests wait for it; else 0.
 */
public final class LoraAffinityScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "lora-affinity-scorer";

  private static final double ROOM = 0.8;
  private static final double AWAITED = 0.6;

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    var model = context.request().model();
    for (int i = 0; i < candidates.count(); i++) {
      var adapters = context.signals().loraAdapters(candidates.slot(i));
      if (adapters.running().contains(model)) {
        scores[i] = 1;
      } else if (adapters.running().size() + adapters.waiting().size() < adapters.max()) {
        scores[i] = ROOM;
      } else if (adapters.waiting().contains(model)) {
        scores[i] = AWAITED;
      }
    }
  }
}
