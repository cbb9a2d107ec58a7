package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps endpoints whose predicted latencies are within what the request asks for. Now and then the
 * others instead, so that one that has recovered is noticed. Where only one of the two groups has
 * endpoints, all stay.
 */
public final class SloHeadroomTierFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "slo-headroom-tier-filter";

  private final LatencyHeadroom headroom;
  private final double explorationProbability;

  /**
   * A filter.
   *
   * @param explorationProbability how often the others stay instead, 0 to 1
   */
  public SloHeadroomTierFilter(LatencyHeadroom headroom, double explorationProbability) {
    this.headroom = headroom;
    this.explorationProbability = explorationProbability;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    double askedTtft = LatencyHeadroom.askedTtft(context);
    double askedTpot = headroom.askedTpot(context);
    boolean explores =
        explorationProbability > 0 && context.random().nextDouble() < explorationProbability;
    for (int i = 0; i < candidates.count(); i++) {
      boolean within =
          LatencyHeadroom.ttft(context, candidates, i, askedTtft) >= 0
              && headroom.tpot(context, candidates, i, askedTpot) >= 0;
      if (within == explores) {
        candidates.drop(i);
      }
    }
    if (candidates.remaining() == 0) {
      candidates.keepAll();
    }
  }
}
