package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Weighing;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A place of the log, in which one decision after another is written without allocating anything.
 * Written by one event loop; {@link #read} may be called from anywhere and gives a record that is
 * whole, or none.
 *
 * <p>A sequence lock (Boehm, Can Seqlocks Get Along With Programming Language Memory Models?, MSPC
 * 2012): the version is odd while something is written, and a reader whose copy lies between two
 * different versions makes another. The writer never waits.
 *
 * <p>The list of attempts is not copied but shared with the records that were read, so that they go
 * on. It is made by whoever needs it first; a reader that puts one where another decision is being
 * written finds the version changed, and the list empty.
 */
final class DecisionSlot {

  private static final int TRIES = 16;

  private final AtomicLong version = new AtomicLong();
  private long id;
  private String requestId = "";
  private long timeMillis;
  private String model = "";
  private int promptTokens;
  private String pool = "";
  private Decision decision = new Decision.NoEndpoint(Decision.Reason.POOL_EMPTY);

  /** Where the decision is kept if it is a route, which its owner may have filled again. */
  private final Decision.Route route = new Decision.Route();

  private @Nullable Course course;
  private @Nullable Weighing weighing;
  private final RankingColumns ranking = new RankingColumns();
  private boolean hasRunnerUp;
  private double chosenSeconds;
  private double runnerUpSeconds;
  private boolean prefilled;
  private @Nullable RankingColumns prefills;
  private List<Endpoint> encoders = List.of();
  private final AtomicReference<@Nullable AttemptList> attempts = new AtomicReference<>();

  /** Writes a decision as its context was left. */
  void write(
      String request,
      long time,
      SchedulingContext context,
      Decision decided,
      @Nullable Course itsCourse) {
    long before = version.getPlain();
    version.setOpaque(before + 1);
    VarHandle.storeStoreFence();
    id = context.decisionId();
    requestId = request;
    timeMillis = time;
    model = context.request().model();
    promptTokens = context.promptTokens();
    pool = context.snapshot().name();
    decision = decided instanceof Decision.Route whole ? route.become(whole) : decided;
    course = itsCourse;
    weighing = context.weighing();
    rank(context);
    encoders = context.routes().encoders();
    attempts.setRelease(null);
    version.setRelease(before + 2);
  }

  private void rank(SchedulingContext context) {
    var run = context.result(context.firstRun());
    ranking.take(context, run);
    hasRunnerUp = run != null && run.ranked() > 1 && decision instanceof Decision.Route;
    if (run != null && hasRunnerUp) {
      chosenSeconds = context.costSeconds(run, 0);
      runnerUpSeconds = context.costSeconds(run, 1);
    }
    var second = context.prefillRun();
    prefilled = second != null;
    if (second != null) {
      prefills = prefills == null ? new RankingColumns() : prefills;
      prefills.take(context, second);
    }
  }

  /**
   * Adds to the attempts of a decision, if it still is here. On the loop that writes.
   *
   * @return as {@link DecisionLog#attempted} says
   */
  @Nullable RunnerUp attempted(long decisionId, Attempt attempt) {
    if (id != decisionId) {
      return null;
    }
    boolean first = attempts().add(attempt);
    return first
            && hasRunnerUp
            && attempt.leg() == Attempt.Leg.WHOLE
            && attempt.endpoint().id().equals(ranking.endpoint(0).id())
        ? new RunnerUp(ranking.endpoint(1), runnerUpSeconds, chosenSeconds)
        : null;
  }

  private AttemptList attempts() {
    var known = attempts.get();
    if (known != null) {
      return known;
    }
    var made = new AttemptList();
    var others = attempts.compareAndExchange(null, made);
    return others == null ? made : others;
  }

  /** Whether the decision may be one of that request; {@link #read} knows. */
  boolean mayBeOf(String request) {
    return requestId.equals(request);
  }

  /** The decision; null while none was written, or where it is overwritten again and again. */
  @Nullable DecisionRecord read() {
    for (int i = 0; i < TRIES; i++) {
      long before = version.getAcquire();
      if (before == 0) {
        return null;
      }
      if ((before & 1) == 0) {
        var copy = copy();
        VarHandle.loadLoadFence();
        if (version.getOpaque() == before) {
          return copy;
        }
      }
      Thread.onSpinWait();
    }
    return null;
  }

  private DecisionRecord copy() {
    var second = prefills;
    return new DecisionRecord(
        id,
        requestId,
        timeMillis,
        model,
        promptTokens,
        pool,
        decision instanceof Decision.Route whole ? new Decision.Route().become(whole) : decision,
        course,
        weighing,
        ranking.copy(),
        prefilled && second != null ? second.copy() : null,
        encoders,
        attempts());
  }
}
