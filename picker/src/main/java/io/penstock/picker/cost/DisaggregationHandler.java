package io.penstock.picker.cost;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Weighing;
import io.penstock.picker.schedule.Weighing.Reason;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Decides between one endpoint and two: runs the profile of those that can answer, and where the
 * pool has prefill endpoints and the request can be divided, that of those that prefill; then the
 * cheaper way goes. Both profiles end with an {@link ExpectedCostPicker} and no scorers before it.
 * Shared by all event loops.
 *
 * <pre>
 * local(d)     = what the picker says of d
 * remote(p, d) = P_p + α·C_p + E_p + U_p                 the prompt on p
 *              + X_d + x_d + overhead + t_s              its cache to d, and the step that ends there
 *              + wq·max(0, P_d − (P_p + C_p + X_d + x_d))  prefills that d still has before it
 *              + decode_d + E_d + U_d                    as if it had been computed there
 * </pre>
 *
 * <p>x_d is the time of those tokens that d does not hold already; X_d that of half of what this
 * process has promised d before, whose link takes in one cache after the other: the other half was
 * sent while the prompt was computed. t_s is the time of a step, since times to first token have in
 * them what an answer waits for memory, one way or the other. The pair is picked together, among
 * the best of each profile. Remote goes where it is cheaper by a tenth; once it went for prompts of
 * a size, it goes on until it is dearer, so that equal costs do not swing. Sizes are powers of two
 * of uncached tokens; the memory is one int, read and written racily by all loops.
 *
 * <p>Where either kind does not keep up, all answer and nothing is divided ({@link
 * CostModel#overflows}).
 */
public final class DisaggregationHandler implements ProfileHandler {

  /** Type in decision records. */
  public static final String TYPE = "disaggregation-handler";

  /** The profile of endpoints that can answer. */
  public static final int DECODE = 0;

  /** The profile of endpoints that prefill for others. */
  public static final int PREFILL = 1;

  private static final int DECODE_CANDIDATES = 8;
  private static final int PREFILL_CANDIDATES = 4;
  private static final double HYSTERESIS = 0.1;

  /** Of the caches that were promised before, how much is still to be sent by then. */
  private static final double SENT_LATER = 0.5;

  private final CostModel model;
  private final CostWeights weights;
  private final DisaggregationPolicy policy;
  private final AtomicInteger remoteSizes = new AtomicInteger();

  /** A handler over that model. */
  public DisaggregationHandler(CostModel model, CostWeights weights, DisaggregationPolicy policy) {
    this.model = model;
    this.weights = weights;
    this.policy = policy;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public boolean optional(int profile) {
    return profile == PREFILL;
  }

  @Override
  public int next(SchedulingContext context) {
    var decode = context.result(DECODE);
    if (decode == null) {
      context.overflow(model.overflows());
      return DECODE;
    }
    if (context.result(PREFILL) != null || !context.prefillsApart()) {
      return -1;
    }
    if (decode.ranked() == 0) {
      if (context.overflows() || !policy.mayOverflow()) {
        return -1;
      }
      // Nobody answers who is there for it.
      context.overflow(true);
      return DECODE;
    }
    var refusal = refusal(context, decode);
    if (refusal != null) {
      context.weigh(Weighing.of(refusal));
      return -1;
    }
    if (context.overflows()) {
      context.weigh(Weighing.of(Reason.OVERFLOW));
      return -1;
    }
    return PREFILL;
  }

  private @Nullable Reason refusal(SchedulingContext context, Candidates decode) {
    if (policy.decider() == DisaggregationPolicy.Decider.NEVER) {
      return Reason.NEVER;
    }
    var whole = Weighing.whyWhole(context.request());
    if (whole != null) {
      return whole;
    }
    int cached = context.cachedTokens(decode, decode.ranked(0));
    boolean tooShort =
        context.promptTokens() < policy.promptTokens()
            || context.promptTokens() - cached < policy.nonCachedTokens();
    return tooShort ? Reason.BOUND : null;
  }

  @Override
  public Decision decide(SchedulingContext context) {
    var decode = context.result(DECODE);
    var prefill = context.result(PREFILL);
    if (decode == null || prefill == null) {
      return context.routes().to(DECODE);
    }
    if (prefill.ranked() == 0) {
      context.weigh(Weighing.of(Reason.NO_PREFILL_ENDPOINT));
      return context.routes().to(DECODE);
    }
    return weigh(context, decode, prefill);
  }

  private Decision weigh(SchedulingContext context, Candidates decode, Candidates prefill) {
    double least = Double.POSITIVE_INFINITY;
    int bestDecode = 0;
    int bestPrefill = 0;
    double bestTransfer = 0;
    var rates = model.rates(context.request().model());
    int decodes = Math.min(decode.ranked(), DECODE_CANDIDATES);
    int prefills = Math.min(prefill.ranked(), PREFILL_CANDIDATES);
    for (int d = 0; d < decodes; d++) {
      int to = decode.ranked(d);
      double transfer = transferSeconds(context, decode, to);
      for (int p = 0; p < prefills; p++) {
        int from = prefill.ranked(p);
        double there = -prefill.scores()[from];
        double computed = computedSeconds(context, prefill, from, rates);
        double ahead = ExpectedCostPicker.pending(decode, to) - computed - transfer;
        double cost =
            there
                + transfer
                + policy.overhead().toNanos() / 1e9
                + rates.stepSeconds()
                + weights.queueStall() * Math.max(0, ahead)
                + ExpectedCostPicker.decoding(decode, to);
        if (cost < least) {
          least = cost;
          bestDecode = d;
          bestPrefill = p;
          bestTransfer = transfer;
        }
      }
    }
    double alone = -decode.scores()[decode.ranked(0)];
    boolean always = policy.decider() == DisaggregationPolicy.Decider.ALWAYS;
    var why = new Weighing(always ? Reason.ALWAYS : Reason.COST, alone, least);
    if (!always && !cheaper(context, decode, alone, least)) {
      context.weigh(why);
      return context.routes().to(DECODE);
    }
    double rest = bestTransfer + policy.overhead().toNanos() / 1e9 + rates.stepSeconds();
    return context
        .routes()
        .disaggregate(DECODE, bestDecode, PREFILL, bestPrefill, Math.round(rest * 1e9), why);
  }

  /** Seconds until the prompt is computed there. */
  private double computedSeconds(
      SchedulingContext context, Candidates prefill, int i, ModelRates rates) {
    int cached = context.cachedTokens(prefill, i);
    double own = rates.prefillSeconds(context.promptTokens() - cached, cached);
    return ExpectedCostPicker.pending(prefill, i) + model.prefillFactor(prefill.slot(i)) * own;
  }

  /** From when the prompt is computed until it is there: X and x. */
  private double transferSeconds(SchedulingContext context, Candidates decode, int i) {
    double before = SENT_LATER * context.handOverTokens(decode.slot(i));
    return policy.transferSeconds(
        before + context.promptTokens() - context.cachedTokens(decode, i));
  }

  private boolean cheaper(
      SchedulingContext context, Candidates decode, double alone, double apart) {
    int uncached = context.promptTokens() - context.cachedTokens(decode, decode.ranked(0));
    int size = 1 << (31 - Integer.numberOfLeadingZeros(Math.max(1, uncached)));
    int sizes = remoteSizes.getOpaque();
    boolean remoteBefore = (sizes & size) != 0;
    boolean remoteNow = remoteBefore ? apart < alone : apart < alone * (1 - HYSTERESIS);
    if (remoteNow != remoteBefore) {
      remoteSizes.setOpaque(remoteNow ? sizes | size : sizes & ~size);
    }
    return remoteNow;
  }
}
