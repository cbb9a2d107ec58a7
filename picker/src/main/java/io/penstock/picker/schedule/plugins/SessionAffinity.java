package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;
import java.util.List;

/**
 * Keeps the requests of a session together: as a scorer 1 for the endpoint that the session is
 * bound to and 0 for the others, as a filter only that endpoint where it is a candidate and else
 * all.
 *
 * <p>A session is bound to what was picked for it, and bound anew only when its endpoint was no
 * candidate; each leg of a request that is divided by itself. The bindings are this process's own,
 * and bounded.
 */
public final class SessionAffinity implements Filter, Scorer {

  /** Type in configuration of the scorer. */
  public static final String SCORER = "session-affinity-scorer";

  /** Type in configuration of the filter. */
  public static final String FILTER = "session-affinity-filter";

  /** Odd, so that legs of one session are far from each other. */
  private static final long APART = 0x9e3779b97f4a7c15L;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final String type;
  private final List<SessionId> sources;
  private final SessionBindings bindings;

  /**
   * The plugin.
   *
   * @param type which of the two it is
   * @param sources of the session's id; the first that a request has counts
   * @param ttlSeconds after which a session that is not seen is forgotten, 1 to 1,000,000
   */
  public SessionAffinity(String type, List<SessionId> sources, long ttlSeconds) {
    this.type = type;
    this.sources = List.copyOf(sources);
    this.bindings = new SessionBindings(ttlSeconds);
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    int bound = bound(context, candidates);
    for (int i = 0; bound >= 0 && i < candidates.count(); i++) {
      if (i != bound) {
        candidates.drop(i);
      }
    }
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    int bound = bound(context, candidates);
    if (bound >= 0) {
      scores[bound] = 1;
    }
  }

  @Override
  public void picked(SchedulingContext context, Candidates candidates) {
    long session = session(context, candidates);
    if (session != SessionId.NONE) {
      int bound = bound(context, candidates);
      int kept = bound >= 0 ? bound : candidates.ranked(0);
      bindings.bind(session, candidates.slot(kept), context.nowNanos() / NANOS_PER_SECOND);
    }
  }

  /** The candidate that the request's session is bound to, -1 if there is none. */
  private int bound(SchedulingContext context, Candidates candidates) {
    long session = session(context, candidates);
    int slot =
        session == SessionId.NONE
            ? SessionBindings.NONE
            : bindings.slot(session, context.nowNanos() / NANOS_PER_SECOND);
    for (int i = 0; slot >= 0 && i < candidates.count(); i++) {
      if (candidates.slot(i) == slot) {
        return i;
      }
    }
    return -1;
  }

  private long session(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < sources.size(); i++) {
      long session = sources.get(i).hash(context);
      if (session != SessionId.NONE) {
        return ofLeg(session, context.leg(candidates));
      }
    }
    return SessionId.NONE;
  }

  private static long ofLeg(long session, int leg) {
    long own = session + leg * APART;
    return own == SessionId.NONE ? APART : own;
  }
}
