package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Has prompts computed elsewhere that are long, and of which much is missing where they will be
 * answered. Stateless.
 */
public final class PrefixBasedDecider implements DisaggregationDecider {

  /** Type in configuration. */
  public static final String TYPE = "prefix-based-pd-decider";

  private final PrefixMatch match;
  private final long nonCachedTokens;
  private final long promptTokens;

  /**
   * A decider.
   *
   * @param nonCachedTokens least number of tokens that must be missing; 0: nothing is divided
   * @param promptTokens least length of a prompt; 0: no bound
   */
  public PrefixBasedDecider(PrefixMatch match, long nonCachedTokens, long promptTokens) {
    this.match = match;
    this.nonCachedTokens = nonCachedTokens;
    this.promptTokens = promptTokens;
  }

  @Override
  public boolean divides(SchedulingContext context, Candidates decode) {
    int tokens = context.promptTokens();
    if (nonCachedTokens == 0 || tokens < promptTokens || tokens < nonCachedTokens) {
      return false;
    }
    int blocks = match.matched(decode, decode.ranked(0));
    int cached = context.forecast().cachedTokens(context.request(), blocks, tokens);
    return tokens - cached >= nonCachedTokens;
  }
}
