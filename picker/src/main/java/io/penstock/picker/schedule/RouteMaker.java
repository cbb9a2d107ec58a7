package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes the decision of the rankings that a request's profiles left, for the {@link ProfileHandler}
 * that says of which. Confined to the event loop of its context and reused from request to request.
 */
public final class RouteMaker {

  private final SchedulingContext context;
  private final Endpoint[] alternatives = new Endpoint[Decision.Route.MAX_ALTERNATIVES];
  private List<Endpoint> encoders = List.of();
  private Decision.@Nullable Route answer;

  RouteMaker(SchedulingContext context) {
    this.context = context;
  }

  /** Forgets the request before. */
  void begin() {
    encoders = List.of();
    answer = null;
  }

  /** Has the decision to come fill that route, if it is a whole one; null: it makes one. */
  public void fill(Decision.@Nullable Route route) {
    answer = route;
  }

  /** The route to the first of that profile's ranking, or why there is none. */
  public Decision to(int profile) {
    var candidates = context.candidates(profile);
    if (context.result(profile) == null || candidates.ranked() == 0) {
      return new Decision.NoEndpoint(candidates.whyNone());
    }
    return route(candidates, 0, null, answer == null ? new Decision.Route() : answer);
  }

  /**
   * Prefill and decode apart, at those places of two profiles' rankings.
   *
   * @param transferNanos from the end of the prefill to the first token
   */
  public Decision.Disaggregated disaggregate(
      int decodeProfile,
      int decodePlace,
      int prefillProfile,
      int prefillPlace,
      long transferNanos,
      Weighing why) {
    context.weigh(why);
    var decodes = context.candidates(decodeProfile);
    var prefills = context.candidates(prefillProfile);
    var answers = decodes.endpoint(decodes.ranked(decodePlace));
    var prefill = route(prefills, prefillPlace, answers, new Decision.Route());
    return new Decision.Disaggregated(
        route(decodes, decodePlace, prefill.endpoint(), new Decision.Route()),
        prefill.endpoint(),
        prefill.alternatives(),
        prefill.cachedTokens(),
        prefill.predictedTtftNanos(),
        prefill.predictedTtftNanos() + transferNanos,
        why);
  }

  private Decision.Route route(
      Candidates candidates, int place, @Nullable Endpoint other, Decision.Route into) {
    int chosen = candidates.ranked(place);
    int cached = context.cachedTokens(candidates, chosen);
    int prompt = context.promptTokens();
    long ttftNanos = context.forecast().ttftNanos(context, candidates.slot(chosen), prompt, cached);
    into.fill(context.decisionId(), candidates.endpoint(chosen), cached, prompt, ttftNanos);
    into.alternatives(alternatives, takeAlternatives(candidates, place, other));
    return into;
  }

  /**
   * Puts the best but the one at that place, and the one that takes the other leg, into {@link
   * #alternatives}; their number.
   */
  private int takeAlternatives(Candidates candidates, int without, @Nullable Endpoint other) {
    int found = 0;
    for (int place = 0; place < candidates.ranked() && found < alternatives.length; place++) {
      var endpoint = candidates.endpoint(candidates.ranked(place));
      if (place != without && (other == null || !other.id().equals(endpoint.id()))) {
        alternatives[found++] = endpoint;
      }
    }
    return found;
  }

  /**
   * Takes the best of a profile's ranking for encoders, without the endpoint that answers.
   *
   * @param most how many at most
   */
  public void encodeOn(int profile, int most, int decodeProfile) {
    var candidates = context.result(profile);
    var decodes = context.result(decodeProfile);
    if (candidates == null || decodes == null || decodes.ranked() == 0) {
      return;
    }
    var answers = decodes.endpoint(decodes.ranked(0));
    List<Endpoint> best = new ArrayList<>(most);
    for (int place = 0; place < candidates.ranked() && best.size() < most; place++) {
      var endpoint = candidates.endpoint(candidates.ranked(place));
      if (!endpoint.id().equals(answers.id())) {
        best.add(endpoint);
      }
    }
    encoders = List.copyOf(best);
  }

  /** Endpoints that encode the request's images, audio and video for it; mostly none. */
  public List<Endpoint> encoders() {
    return encoders;
  }
}
