package io.penstock.picker.quality;

import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.RunnerUp;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.PoolSnapshot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What one pool's decisions came to. Event loop i adds to {@link #ended} of column i; {@link
 * #takeIn} and {@link #forget} belong to the control thread; the rest may be read by anyone.
 *
 * <p>Bounded by the endpoints of the pool: each has errors for so many models, and one more for all
 * others.
 */
public final class PoolQuality {

  /** Stands for the models of an endpoint beyond those with errors of their own. */
  public static final String OTHER_MODELS = "_other";

  private static final int MODELS = 32;
  private static final double NANOS = 1e9;

  private static final Comparator<PredictionErrors> BY_SLOT =
      Comparator.<PredictionErrors>comparingInt(errors -> errors.endpoint().slot())
          .thenComparing(PredictionErrors::model);

  private final List<EndedAttempts> loops;
  private final Map<EndpointId, Map<String, PredictionErrors>> endpoints =
      new ConcurrentHashMap<>();
  private final Regret regret = new Regret();

  /** Nothing has ended yet. */
  public PoolQuality(int columns) {
    List<EndedAttempts> made = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      made.add(new EndedAttempts());
    }
    this.loops = List.copyOf(made);
  }

  /** Where the loop of that column puts its attempts. */
  public EndedAttempts ended(int column) {
    return loops.get(column);
  }

  /** Attempts that came too fast to be looked at. */
  public long dropped() {
    return loops.stream().mapToLong(EndedAttempts::dropped).sum();
  }

  /** Errors of every endpoint and model, in order of the endpoints. */
  public List<PredictionErrors> errors() {
    List<PredictionErrors> all = new ArrayList<>();
    endpoints.values().forEach(models -> all.addAll(models.values()));
    all.sort(BY_SLOT);
    return all;
  }

  /** How often the runner-up would have been better. */
  public Regret regret() {
    return regret;
  }

  /** Takes in what has ended since the last call. Control thread. */
  public void takeIn(PoolSnapshot snapshot) {
    for (var loop : loops) {
      loop.drain(
          (attempt, model, timed, runnerUp) -> ended(snapshot, attempt, model, timed, runnerUp));
    }
  }

  private void ended(
      PoolSnapshot snapshot,
      Attempt attempt,
      String model,
      boolean timed,
      @Nullable RunnerUp runnerUp) {
    var known = snapshot.bySlot(attempt.endpoint().slot());
    if (known == null || !known.id().equals(attempt.endpoint().id())) {
      return;
    }
    var errors = of(known, model);
    errors.ended();
    boolean whole = attempt.leg() != Attempt.Leg.DECODE;
    if (timed && whole) {
      errors.ttft().add(attempt.predictedTtftNanos() / NANOS, attempt.ttftNanos() / NANOS);
    }
    // Where a prompt was handed over, the engine counts what it was handed as cached.
    if (attempt.cachedTokens() >= 0 && whole) {
      errors.cachedTokens().add(attempt.predictedCachedTokens(), attempt.cachedTokens());
    }
    if (timed && runnerUp != null) {
      var models = endpoints.get(runnerUp.endpoint().id());
      regret.lookBack(attempt, runnerUp, models == null ? null : models.get(errors.model()));
    }
  }

  private PredictionErrors of(Endpoint endpoint, String model) {
    var models = endpoints.computeIfAbsent(endpoint.id(), id -> new ConcurrentHashMap<>());
    var found = models.get(model);
    if (found != null) {
      return found;
    }
    var name = models.size() < MODELS ? model : OTHER_MODELS;
    return models.computeIfAbsent(name, each -> new PredictionErrors(endpoint, each));
  }

  /** The endpoint has left the pool. Control thread. */
  public void forget(EndpointId id) {
    endpoints.remove(id);
  }
}
