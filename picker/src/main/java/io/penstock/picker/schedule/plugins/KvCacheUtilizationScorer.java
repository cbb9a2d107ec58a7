package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/** The emptier the KV cache, the better: {@code 1 − use}. */
public final class KvCacheUtilizationScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "kv-cache-utilization-scorer";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    for (int i = 0; i < candidates.count(); i++) {
      scores[i] = 1 - EngineView.kvUsage(context, candidates.slot(i));
    }
  }
}
