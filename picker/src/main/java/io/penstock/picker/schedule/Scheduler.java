package io.penstock.picker.schedule;

import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Picks endpoints: asks the profile handler which profile to run, runs it over the endpoints that
 * serve the model, until the handler decides. Immutable; shared by all event loops, each with its
 * own context.
 */
public final class Scheduler {

  /** Names in decision records, in place of a filter, what the request itself excludes. */
  public static final String TRIED = "tried";

  /** The same for endpoints outside of the subset that the request is confined to. */
  public static final String SUBSET = "subset";

  private final ProfileHandler handler;
  private final List<Profile> profiles;
  private final Forecast forecast;
  private final ModelRule modelRule;
  private final Set<String> assumedModels;

  private final List<Filter> guards;
  private final List<Admitter> admitters;

  /** By profile, what its plugins want named; empty where no profile has such. */
  private final List<List<SessionHeader>> sessionHeaders;

  /** A scheduler with the rule {@link ModelRule#LISTED}. */
  public Scheduler(
      ProfileHandler handler,
      List<Profile> profiles,
      Forecast forecast,
      Set<String> assumedModels) {
    this(handler, profiles, List.of(), List.of(), forecast, ModelRule.LISTED, assumedModels);
  }

  /**
   * A scheduler.
   *
   * @param profiles at least one
   * @param guards what every policy filters by; {@link #refuses} asks about those whom they leave
   * @param admitters asked by {@link #refuses}
   * @param modelRule which endpoints may get a request for a model
   * @param assumedModels models that endpoints serve as long as they have not listed theirs
   */
  public Scheduler(
      ProfileHandler handler,
      List<Profile> profiles,
      List<Filter> guards,
      List<Admitter> admitters,
      Forecast forecast,
      ModelRule modelRule,
      Set<String> assumedModels) {
    if (profiles.isEmpty()) {
      throw new IllegalArgumentException("a scheduler without profiles");
    }
    this.handler = handler;
    this.profiles = List.copyOf(profiles);
    this.guards = List.copyOf(guards);
    this.admitters = List.copyOf(admitters);
    this.forecast = forecast;
    this.modelRule = modelRule;
    this.assumedModels = Set.copyOf(assumedModels);
    this.sessionHeaders = sessionHeaders();
  }

  private List<List<SessionHeader>> sessionHeaders() {
    List<List<SessionHeader>> all = new ArrayList<>();
    for (int i = 0; i < profiles.size(); i++) {
      Set<SessionHeader> wanted = new LinkedHashSet<>();
      for (var plugin : profiles.get(i).plugins()) {
        var name = plugin.answerHeader();
        if (name != null && !handler.encodes(i)) {
          wanted.add(new SessionHeader(name, handler.optional(i)));
        }
      }
      all.add(List.copyOf(wanted));
    }
    return all.stream().allMatch(List::isEmpty) ? List.of() : List.copyOf(all);
  }

  /** Headers of the answer to what was decided last in that context, mostly none. */
  public List<SessionHeader> sessionHeaders(SchedulingContext context) {
    if (sessionHeaders.isEmpty()) {
      return List.of();
    }
    List<SessionHeader> wanted = new ArrayList<>();
    for (int i = 0; i < sessionHeaders.size(); i++) {
      if (context.result(i) != null) {
        wanted.addAll(sessionHeaders.get(i));
      }
    }
    // A name can say one endpoint: the one that answers.
    wanted.removeIf(
        each -> each.ofPrefill() && wanted.contains(new SessionHeader(each.name(), false)));
    return wanted;
  }

  /** Whether a profile is for endpoints that encode for others. */
  public boolean encodes() {
    for (int i = 0; i < profiles.size(); i++) {
      if (handler.encodes(i)) {
        return true;
      }
    }
    return false;
  }

  /** Type of what runs the profiles. */
  public String handlerType() {
    return handler.type();
  }

  /** See {@link ProfileHandler#primaryPort}. */
  public int primaryPort() {
    return handler.primaryPort();
  }

  /** Working memory for one event loop. */
  public SchedulingContext context(
      EngineSignals signals, InFlight inFlight, PrefixIndex index, RandomGenerator random) {
    return new SchedulingContext(signals, inFlight, index, forecast, random, profiles);
  }

  /** Whether {@link #refuses} may say so at all. */
  public boolean refusesSome() {
    return !admitters.isEmpty();
  }

  /**
   * Whether a request of negative priority is refused, after {@link SchedulingContext#begin}; one
   * that no endpoint could take is for {@link #schedule} to answer.
   */
  public boolean refuses(SchedulingContext context) {
    var view = context.view(modelRule, assumedModels);
    if (view.whyEmpty() != null) {
      return false;
    }
    var candidates = context.start(0, view, false);
    for (int i = 0; i < guards.size(); i++) {
      var guard = guards.get(i);
      guard.filter(context, candidates);
      candidates.removeDropped(guard.type());
    }
    for (int i = 0; i < admitters.size(); i++) {
      if (candidates.count() > 0 && admitters.get(i).refuses(context, candidates)) {
        return true;
      }
    }
    return false;
  }

  /** Decides, after {@link SchedulingContext#begin}. */
  public Decision schedule(SchedulingContext context) {
    var view = context.view(modelRule, assumedModels);
    var whyEmpty = view.whyEmpty();
    if (whyEmpty != null) {
      return new Decision.NoEndpoint(whyEmpty);
    }
    for (int next = handler.next(context); next >= 0; next = handler.next(context)) {
      boolean optional = handler.optional(next);
      var candidates =
          handler.encodes(next)
              ? context.startEncoding(next, view)
              : context.start(next, view, optional);
      if (candidates.count() > 0) {
        profiles.get(next).run(context, candidates);
      } else if (!optional) {
        return new Decision.NoEndpoint(Decision.Reason.ALL_EXCLUDED);
      }
    }
    return handler.decide(context);
  }
}
