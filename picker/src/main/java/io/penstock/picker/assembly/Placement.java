package io.penstock.picker.assembly;

import io.penstock.picker.cost.LoopObserver;
import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.explain.RunnerUp;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.prefix.Learned;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.signals.Reservation;
import org.jspecify.annotations.Nullable;

/**
 * One try of a request at an endpoint: its share of the in-flight counts, what it taught the prefix
 * index, and what it tells the cost model and the decision record. Confined to the exchange's event
 * loop.
 *
 * <p>The first of {@link #completed}, {@link #failed} and {@link #aborted} ends it and returns
 * every reservation; all calls after that do nothing, so that ends may race.
 *
 * <p>The first byte of a streamed answer ends the prefill. An answer that comes whole, or whose
 * first token cannot be timed ({@link #untimed}), does not show it: its prefill counts as over when
 * twice its predicted time has passed, and calibrates nothing.
 */
public final class Placement {

  private static final int TOKENS_PER_SAMPLE = 32;
  private static final long GRACE_NANOS = 50_000_000;

  /** {@link #place} of a placement that its loop does not watch. */
  static final int UNWATCHED = -1;

  private enum State {
    WAITING,
    ANSWERING,
    ENDED
  }

  private final Placements placements;
  private final PickerLoop loop;
  private final InferenceRequest request;
  private final Attempt attempt;

  /** Whom hindsight compares this with; null where there is nobody. */
  private final @Nullable RunnerUp runnerUp;

  private final Attempt.Leg leg;
  private final long startNanos;

  /** Null when the endpoint had left the pool: then nothing is reserved, learned or observed. */
  private final @Nullable Reservation reservation;

  private final LoopObserver.@Nullable Sent sent;
  private final @Nullable Learned learned;
  private final PlacementFeed.Told told;

  /** Where the loop's list of watched placements has this one. */
  int place = UNWATCHED;

  private State state = State.WAITING;
  private boolean untimed;
  private boolean unobserved;
  private int tokens;
  private int tokensAtSample;
  private long sampleNanos;

  Placement(
      Placements placements,
      PickerLoop loop,
      InferenceRequest request,
      Attempt attempt,
      @Nullable RunnerUp runnerUp,
      int promptTokens,
      long nowNanos,
      boolean attached) {
    this.placements = placements;
    this.loop = loop;
    this.request = request;
    this.attempt = attempt;
    this.runnerUp = runnerUp;
    this.leg = attempt.leg();
    this.startNanos = nowNanos;
    if (!attached) {
      this.sent = null;
      this.reservation = null;
      this.learned = null;
      this.told = PlacementFeed.Told.NOBODY;
      return;
    }
    int slot = attempt.endpoint().slot();
    int cached = attempt.predictedCachedTokens();
    int output = leg == Attempt.Leg.PREFILL ? 0 : placements.halfOfOutput(request);
    var known = placements.state();
    this.sent =
        leg == Attempt.Leg.DECODE
            ? loop.observer().decoding(request, slot)
            : loop.observer().sent(request, slot, known.inFlight(), promptTokens, cached);
    int context = promptTokens + output;
    int missing = promptTokens - cached;
    boolean handOver = leg == Attempt.Leg.DECODE;
    this.reservation =
        handOver
            ? known.inFlight().reserveHandOver(loop.column(), slot, missing, context)
            : known.inFlight().reserve(loop.column(), slot, missing, context);
    var keys = request.keys();
    this.learned = known.index().learn(slot, keys.array(), keys.count());
    this.told =
        placements
            .feed()
            .placed(
                attempt.endpoint(), handOver ? 0 : missing, context, handOver ? missing : -1, keys);
    reservation.listen(told);
    placements.loadChanged(slot);
  }

  /** Where the request was placed. */
  public Endpoint endpoint() {
    return attempt.endpoint();
  }

  /** Tokens of the prompt that the endpoint was believed to hold. */
  public int predictedCachedTokens() {
    return attempt.predictedCachedTokens();
  }

  /** Expected time to first token, from the placement on. */
  public long predictedTtftNanos() {
    return attempt.predictedTtftNanos();
  }

  /**
   * How long the first token takes will not be known, although the answer is streamed: to be told
   * at once.
   */
  public void untimed() {
    untimed = true;
    if (reservation != null && place == UNWATCHED) {
      loop.watch(this);
    }
  }

  /** The first byte of the answer's body came. */
  public void firstByte(long nowNanos) {
    if (state != State.WAITING) {
      return;
    }
    state = State.ANSWERING;
    attempt.firstByte(nowNanos);
    if (reservation == null || sent == null || learned == null) {
      return;
    }
    reservation.firstToken();
    placements.loadChanged(reservation.slot());
    placements.state().index().confirm(learned);
    if (showsFirstToken()) {
      loop.observer().firstToken(sent, (nowNanos - startNanos) / 1e9);
    }
  }

  /**
   * Whether the first byte tells how long a prefill took: a prefill's answer comes whole and with
   * its first token, a decode's first token is no prefill, and how much a response that continues
   * another had to prefill, the engine alone knows.
   */
  private boolean showsFirstToken() {
    return !untimed
        && request.previousResponseId() == null
        && (leg == Attempt.Leg.PREFILL || (leg == Attempt.Leg.WHOLE && request.stream()));
  }

  /**
   * The first token of a streamed answer is here, from a prompt whose KV cache was waiting at
   * another endpoint when this one was asked: to be told before {@link #firstByte}.
   *
   * @return how long that cache took: the time since, less what a decode step takes there by now,
   *     at least 0; what the engine made the request wait is part of it. -1 where it is not known
   */
  public long transferred(long nowNanos) {
    if (state != State.WAITING || leg != Attempt.Leg.DECODE || sent == null) {
      return -1;
    }
    var known = placements.state();
    long step = loop.observer().stepNanos(sent, known.inFlight(), known.signals(), nowNanos);
    long nanos = Math.max(0, nowNanos - startNanos - step);
    attempt.transferred(nanos);
    return nanos;
  }

  /** Tokens of a streamed answer came, or as many events with one token each. Cheap. */
  public void tokens(int count, long nowNanos) {
    if (state != State.ANSWERING) {
      return;
    }
    if (tokens == 0) {
      tokens = count;
      tokensAtSample = count;
      sampleNanos = nowNanos;
      return;
    }
    tokens += count;
    if (tokens - tokensAtSample >= TOKENS_PER_SAMPLE) {
      sample(nowNanos);
    }
  }

  private void sample(long nowNanos) {
    double seconds = (nowNanos - sampleNanos) / 1e9 / (tokens - tokensAtSample);
    tokensAtSample = tokens;
    sampleNanos = nowNanos;
    // Several answers take one step together, in as many events as there are answers.
    if (sent != null && request.n() == 1 && request.prompts() == 1) {
      var known = placements.state();
      loop.observer().interval(sent, seconds, known.inFlight(), known.signals(), nowNanos);
    }
  }

  /**
   * The whole answer came.
   *
   * @param promptTokens as the engine counted them, -1 if unknown
   * @param cachedTokens as the engine counted them, -1 if unknown
   * @param completionTokens as the engine counted them, -1 if unknown
   */
  public void completed(int promptTokens, int cachedTokens, int completionTokens, long nowNanos) {
    firstByte(nowNanos);
    if (!end(false)) {
      return;
    }
    attempt.completed(promptTokens, cachedTokens, completionTokens, nowNanos);
    if (sent == null) {
      return;
    }
    loop.ended().add(attempt, request.model(), showsFirstToken(), runnerUp);
    // Of a continued response the engine counts all that went before, of which nothing was sent.
    boolean text =
        request.promptTokenIds() < 0
            && request.mediaTokens() == 0
            && request.previousResponseId() == null;
    if (cachedTokens >= 0 && leg != Attempt.Leg.DECODE && text && request.prompts() == 1) {
      boolean full = placements.state().index().full(attempt.endpoint().slot());
      loop.observer().cached(sent, cachedTokens, attempt.predictedCachedTokens(), full);
    }
    if (leg == Attempt.Leg.PREFILL) {
      return;
    }
    int output = completionTokens >= 0 ? completionTokens : tokens;
    if (output > 0) {
      long answers = (long) request.n() * request.prompts();
      loop.observer().output(sent, (int) Math.max(1, output / answers));
    }
    if (promptTokens > 0 && text) {
      loop.observer().prompt(sent, request.promptBytes(), promptTokens);
    }
  }

  /**
   * The try failed; before the first byte, the index unlearns what it learned from it, and it
   * counts in the load no more.
   */
  public void failed(FailureKind kind, long nowNanos) {
    if (end(state == State.WAITING)) {
      attempt.failed(kind, nowNanos);
    }
  }

  /**
   * The client left. An engine keeps the blocks that it had computed by then, which is most of them
   * once half of the predicted time to first token has passed.
   */
  public void aborted(long nowNanos) {
    boolean early =
        state == State.WAITING && nowNanos - startNanos < attempt.predictedTtftNanos() / 2;
    if (end(early)) {
      attempt.aborted(nowNanos);
    }
  }

  /** It has ended well; when its first byte came is not known, so that it calibrates nothing. */
  public void unmeasured(long nowNanos) {
    if (!end(false)) {
      return;
    }
    attempt.completed(-1, -1, -1, nowNanos);
    if (learned != null) {
      placements.state().index().confirm(learned);
    }
  }

  /**
   * Nobody will hear how it goes on. It ends by itself when its prefill must be over; from then on
   * the engine's own metrics alone tell of the request.
   */
  public void unobserved() {
    if (state == State.ENDED || reservation == null) {
      return;
    }
    unobserved = true;
    if (place == UNWATCHED) {
      loop.watch(this);
    }
  }

  /**
   * Returns every reservation; false when it had ended before.
   *
   * @param unlearns whether the endpoint does not hold the prompt after all
   */
  private boolean end(boolean unlearns) {
    if (state == State.ENDED) {
      return false;
    }
    state = State.ENDED;
    if (place != UNWATCHED) {
      loop.unwatch(this);
    }
    if (unlearns && sent != null && learned != null) {
      told.unlearned();
      placements.state().index().unlearn(learned);
      loop.observer().unsent(sent);
    }
    if (reservation != null) {
      reservation.end();
      placements.loadChanged(reservation.slot());
    }
    return true;
  }

  /** When the prefill must be over, first token seen or not. */
  long prefilledByNanos() {
    return startNanos + 2 * attempt.predictedTtftNanos() + GRACE_NANOS;
  }

  /** The prefill counts as over. */
  void prefilled() {
    if (unobserved) {
      state = State.ENDED;
      if (reservation != null) {
        reservation.end();
      }
    } else if (state == State.WAITING && reservation != null) {
      reservation.firstToken();
    }
    if (reservation != null) {
      placements.loadChanged(reservation.slot());
    }
  }
}
