package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Weighing;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
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
 * <p>While its request goes on, the list of attempts is not copied but shared with the records that
 * were read, so that they go on. It is made by whoever needs it first; a reader that puts one where
 * another decision is being written finds the version changed, and the list empty. When the request
 * is over, what came of it is copied into the place and nothing of the request is held any more: a
 * young collection would find, copy and later miss what thousands of decisions hold.
 */
final class DecisionSlot {

  private static final int TRIES = 16;

  /** A longer name of a request is held as it came. */
  private static final int MOST_KEPT_CHARS = 64;

  private final AtomicLong version = new AtomicLong();
  private long id;
  private final char[] requestChars = new char[MOST_KEPT_CHARS];
  private int requestLength;
  private @Nullable String longRequest;
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

  /** Whether the request is over, and its course and attempts are those kept here. */
  private boolean over;

  private final KeptCourse keptCourse = new KeptCourse();
  private boolean courseKept;
  private @Nullable Attempt[] keptAttempts = {};
  private int keptCount;

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
    keep(request);
    timeMillis = time;
    // The same name as last time is mostly here already, and this request's own need not be held.
    var itsModel = context.request().model();
    model = itsModel.equals(model) ? model : itsModel;
    promptTokens = context.promptTokens();
    pool = context.snapshot().name();
    decision = decided instanceof Decision.Route whole ? route.become(whole) : decided;
    course = itsCourse;
    weighing = context.weighing();
    rank(context);
    encoders = context.routes().encoders();
    attempts.setRelease(null);
    over = false;
    version.setRelease(before + 2);
  }

  private void keep(String request) {
    boolean fits = request.length() <= MOST_KEPT_CHARS;
    longRequest = fits ? null : request;
    requestLength = fits ? request.length() : 0;
    request.getChars(0, requestLength, requestChars, 0);
  }

  private String request() {
    var whole = longRequest;
    return whole != null ? whole : new String(requestChars, 0, requestLength);
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
    if (id != decisionId || over) {
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

  /**
   * The request of a decision is over, and no attempt of it is to come. One of which an attempt
   * still runs is left as it is. On the loop that writes.
   */
  void ended(long decisionId) {
    var list = attempts.get();
    List<Attempt> made = list == null ? List.of() : list.all();
    if (id != decisionId || over || !allEnded(made)) {
      return;
    }
    long before = version.getPlain();
    version.setOpaque(before + 1);
    VarHandle.storeStoreFence();
    courseKept = course != null;
    if (course != null) {
      keptCourse.take(course);
      course = null;
    }
    if (keptAttempts.length < made.size()) {
      keptAttempts = Arrays.copyOf(keptAttempts, made.size());
    }
    keptCount = made.size();
    for (int i = 0; i < keptCount; i++) {
      var attempt = made.get(i);
      var kept = keptAttempts[i];
      keptAttempts[i] = kept == null ? attempt.copy() : kept.become(attempt);
    }
    over = true;
    attempts.setRelease(null);
    version.setRelease(before + 2);
  }

  private static boolean allEnded(List<Attempt> made) {
    for (int i = 0; i < made.size(); i++) {
      if (!made.get(i).ended()) {
        return false;
      }
    }
    return true;
  }

  private AttemptList attempts() {
    var known = attempts.get();
    if (known != null) {
      return known;
    }
    var made = new AttemptList(List.of());
    var others = attempts.compareAndExchange(null, made);
    return others == null ? made : others;
  }

  /** Whether the decision may be one of that request; {@link #read} knows. */
  boolean mayBeOf(String request) {
    return request().equals(request);
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
    boolean whatWas = over;
    return new DecisionRecord(
        id,
        request(),
        timeMillis,
        model,
        promptTokens,
        pool,
        decision instanceof Decision.Route whole ? new Decision.Route().become(whole) : decision,
        whatWas ? keptCourse() : course,
        weighing,
        ranking.copy(),
        prefilled && second != null ? second.copy() : null,
        encoders,
        whatWas ? keptAttempts() : attempts());
  }

  private @Nullable Course keptCourse() {
    return courseKept ? keptCourse.copy() : null;
  }

  private AttemptList keptAttempts() {
    List<Attempt> copies = new ArrayList<>();
    var kept = keptAttempts;
    for (int i = 0; i < Math.min(keptCount, kept.length); i++) {
      var attempt = kept[i];
      if (attempt != null) {
        copies.add(attempt.copy());
      }
    }
    return new AttemptList(List.copyOf(copies));
  }
}
