package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;

/** Says whether a request's prompt is to be computed on another endpoint. Shared by all loops. */
@FunctionalInterface
public interface DisaggregationDecider {

  /** Type in configuration of {@link #ALWAYS}. */
  String ALWAYS_TYPE = "always-disagg-pd-decider";

  /** Type in configuration of {@link #MULTIMODAL}. */
  String MULTIMODAL_TYPE = "always-disagg-multimodal-decider";

  /** Every prompt is. */
  DisaggregationDecider ALWAYS = (context, decode) -> true;

  /** Prompts with images, audio or video are. */
  DisaggregationDecider MULTIMODAL = (context, decode) -> context.request().mediaTokens() > 0;

  /**
   * The answer for one request.
   *
   * @param decode the endpoints that can answer, ranked; the first is the one that will
   */
  boolean divides(SchedulingContext context, Candidates decode);
}
