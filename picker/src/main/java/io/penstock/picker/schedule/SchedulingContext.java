package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.prefix.MatchScratch;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.InFlightTotals;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Everything one decision may look at, and the working memory it needs. Confined to one event loop
 * and reused from request to request; made by {@link Scheduler#context}.
 */
public final class SchedulingContext {

  private static final int NONE = -1;

  private final EngineSignals signals;
  private final InFlight inFlight;
  private final InFlightTotals totals = new InFlightTotals();
  private final PrefixIndex index;
  private final MatchScratch scratch;
  private final Forecast forecast;
  private final RandomGenerator random;
  private final Candidates[] results;
  private final boolean[] ran;
  private final ModelViews views = new ModelViews();
  private final RouteMaker routes = new RouteMaker(this);
  private final int[] oneSlot = new int[1];
  private final int[] oneDepth = new int[1];
  private long[] longs = new long[0];
  private double[] doubles = new double[0];

  private long decisionId;
  private InferenceRequest request = Moment.NO_REQUEST;
  private PoolSnapshot snapshot = PoolSnapshot.empty("");
  private Exclusions excluded = new Exclusions();
  private RequestHeaders headers = RequestHeaders.NONE;
  private long nowNanos;
  private int promptTokens;
  private boolean summed;
  private boolean[] fresh = new boolean[0];
  private boolean freshKnown;
  private @Nullable Moment recalled;
  private boolean prefills;
  private boolean allAnswerAlone;
  private boolean overflows;
  private int optionalRun = NONE;
  private int encodeRun = NONE;
  private @Nullable Endpoint peer;
  private @Nullable Weighing weighing;

  SchedulingContext(
      EngineSignals signals,
      InFlight inFlight,
      PrefixIndex index,
      Forecast forecast,
      RandomGenerator random,
      List<Profile> profiles) {
    this.signals = signals;
    this.inFlight = inFlight;
    this.index = index;
    this.scratch = index.scratch(random);
    this.forecast = forecast;
    this.random = random;
    this.results = new Candidates[profiles.size()];
    this.ran = new boolean[profiles.size()];
    for (int i = 0; i < results.length; i++) {
      results[i] = new Candidates(this, profiles.get(i).terms());
    }
  }

  /**
   * Sets the context up for one decision.
   *
   * @param decisionId id of the decision to come
   * @param excluded endpoints not to pick
   * @param nowNanos the ticker's time
   */
  public SchedulingContext begin(
      long decisionId,
      InferenceRequest request,
      PoolSnapshot snapshot,
      Exclusions excluded,
      long nowNanos) {
    return begin(decisionId, request, RequestHeaders.NONE, snapshot, excluded, nowNanos);
  }

  /** The same for a request whose headers may be asked for. */
  public SchedulingContext begin(
      long decisionId,
      InferenceRequest request,
      RequestHeaders headers,
      PoolSnapshot snapshot,
      Exclusions excluded,
      long nowNanos) {
    this.headers = headers;
    this.decisionId = decisionId;
    this.request = request;
    this.snapshot = snapshot;
    this.excluded = excluded;
    this.nowNanos = nowNanos;
    this.promptTokens = forecast.promptTokens(request);
    Arrays.fill(ran, false);
    summed = false;
    freshKnown = false;
    recalled = null;
    prefills = false;
    allAnswerAlone = false;
    overflows = false;
    optionalRun = NONE;
    encodeRun = NONE;
    peer = null;
    weighing = null;
    routes.begin();
    return this;
  }

  /**
   * Sets the context up for the decision of another, to be taken again. What the pool holds and has
   * in flight is as it was then; the moment must not change meanwhile.
   *
   * @param excluded endpoints not to pick
   */
  public SchedulingContext recall(Moment moment, Exclusions excluded) {
    var _ =
        begin(
            moment.decisionId,
            moment.request,
            moment.headers,
            moment.snapshot,
            excluded,
            moment.nowNanos);
    recalled = moment;
    return this;
  }

  /** Copies the in-flight counts that this decision looks at. */
  void copyInFlight(InFlightTotals to) {
    to.copy(inFlight(), snapshot.slotBound());
  }

  /** Id of the decision to come. */
  public long decisionId() {
    return decisionId;
  }

  /** The request. */
  public InferenceRequest request() {
    return request;
  }

  /** Value of a header of the request, null where it has none; the name in lower case. */
  public @Nullable String header(String name) {
    return headers.value(name);
  }

  /** The pool. */
  public PoolSnapshot snapshot() {
    return snapshot;
  }

  /** The ticker's time. */
  public long nowNanos() {
    return nowNanos;
  }

  /** Tokens of the request's prompt, an estimate unless the client sent token ids. */
  public int promptTokens() {
    return promptTokens;
  }

  /** What the engines say of themselves. */
  public EngineSignals signals() {
    return signals;
  }

  /** What this process has sent and not got back, as it was when this decision first asked. */
  public InFlightTotals inFlight() {
    if (recalled != null) {
      return recalled.totals;
    }
    if (!summed) {
      summed = true;
      totals.take(inFlight, snapshot.slotBound());
    }
    return totals;
  }

  /** Tokens of KV caches that are to be sent to that endpoint, as it is now. */
  public long handOverTokens(int slot) {
    return inFlight.handOverTokens(slot);
  }

  /**
   * Whether the engine's last sample is young enough to be believed, as it was when this decision
   * first asked for any.
   *
   * @param slot of an endpoint of the pool
   */
  public boolean fresh(int slot) {
    if (!freshKnown) {
      freshKnown = true;
      int slots = snapshot.slotBound();
      if (fresh.length < slots) {
        fresh = new boolean[slots + slots / 2];
      }
      signals.readFresh(slots, nowNanos, fresh);
    }
    return fresh[slot];
  }

  /** Which endpoint holds which block; {@link Candidates#cachedBlocks} has the match. */
  public PrefixIndex index() {
    return index;
  }

  /** What requests are expected to take. */
  public Forecast forecast() {
    return forecast;
  }

  /** The only source of chance. */
  public RandomGenerator random() {
    return random;
  }

  /** Tokens of the prompt that candidate {@code i} is believed to hold. */
  public int cachedTokens(Candidates candidates, int i) {
    return forecast.cachedTokens(request, candidates.cachedBlocks(i), promptTokens);
  }

  /**
   * What the candidate at that place of a ranking costs, in seconds: the expected cost where a
   * picker has set it, the expected time to first token under any other policy.
   */
  public double costSeconds(Candidates candidates, int place) {
    int i = candidates.ranked(place);
    return candidates.haveCosts()
        ? -candidates.scores()[i]
        : forecast.ttftNanos(this, candidates.slot(i), promptTokens, cachedTokens(candidates, i))
            / 1e9;
  }

  /** Tokens of the prompt that one endpoint is believed to hold, looked up now. */
  public int cachedTokensOn(int slot) {
    oneSlot[0] = slot;
    match(oneSlot, 1, oneDepth);
    return forecast.cachedTokens(request, oneDepth[0], promptTokens);
  }

  /** Working memory of at least that length, with whatever its last user left in it. */
  public long[] longs(int length) {
    if (longs.length < length) {
      longs = new long[length + length / 2];
    }
    return longs;
  }

  /** The same for numbers with a fraction. */
  public double[] doubles(int length) {
    if (doubles.length < length) {
      doubles = new double[length + length / 2];
    }
    return doubles;
  }

  /** Index of the first profile that ran for those who can answer, 0 when none has. */
  public int firstRun() {
    for (int i = 0; i < ran.length; i++) {
      if (ran[i] && i != optionalRun && i != encodeRun) {
        return i;
      }
    }
    return 0;
  }

  /** Candidates of the profile that ran for those who can prefill, null when none has. */
  public @Nullable Candidates prefillRun() {
    return optionalRun == NONE ? null : results[optionalRun];
  }

  /** Which leg of the request these candidates are for: 0 the answer, 1 the prefill, 2 media. */
  public int leg(Candidates candidates) {
    return candidates == prefillRun()
        ? 1
        : encodeRun != NONE && candidates == results[encodeRun] ? 2 : 0;
  }

  /** The endpoint of the leg that is decided already, for the other to be near it; null: none. */
  public @Nullable Endpoint peer() {
    return peer;
  }

  /** Says which endpoint one leg of a request that is to be divided has got. */
  public void peer(Endpoint decided) {
    peer = decided;
  }

  /** Candidates as that profile left them, null while it has not run. */
  public @Nullable Candidates result(int profile) {
    return ran[profile] ? results[profile] : null;
  }

  /** The same whether it has run or not, with what an earlier request left where it has not. */
  Candidates candidates(int profile) {
    return results[profile];
  }

  /** Makes the decision of the profiles' rankings. */
  public RouteMaker routes() {
    return routes;
  }

  /** Whether an endpoint that serves the model is there for prefills alone. */
  public boolean prefillsApart() {
    return prefills;
  }

  /** Whether every endpoint that serves the model can take a whole request. */
  public boolean allAnswerAlone() {
    return allAnswerAlone;
  }

  /** Whether endpoints that are there for prefills answer this request too, as its handler said. */
  public boolean overflows() {
    return overflows;
  }

  /** Says so, before the first profile runs. */
  public void overflow(boolean prefillsAnswer) {
    overflows = prefillsAnswer;
  }

  /** Notes why the request is disaggregated or not, for the record. */
  public void weigh(Weighing why) {
    weighing = why;
  }

  /** Why the request is disaggregated or not; null in a pool where that is no question. */
  public @Nullable Weighing weighing() {
    return weighing;
  }

  /** The endpoints that serve the request's model, from the views kept of the last snapshots. */
  ModelView view(ModelRule rule, Set<String> assumedModels) {
    var view = views.of(snapshot, request.model(), rule, assumedModels);
    prefills = view.prefills();
    allAnswerAlone = view.allAnswerAlone();
    return view;
  }

  /**
   * Starts a profile run: every endpoint of the view that is not excluded.
   *
   * @param optional whether it is for those who can prefill
   */
  Candidates start(int profile, ModelView view, boolean optional) {
    if (optional) {
      optionalRun = profile;
    }
    var candidates = results[profile];
    candidates.reset(view);
    excluded.apply(candidates);
    ran[profile] = true;
    return candidates;
  }

  /** The same of the profile for those who can encode. */
  Candidates startEncoding(int profile, ModelView view) {
    encodeRun = profile;
    return start(profile, view, false);
  }

  /** Blocks of the prompt that the first so many slots are believed to hold, into the depths. */
  void match(int[] slots, int count, int[] depths) {
    if (recalled != null) {
      for (int i = 0; i < count; i++) {
        depths[i] = recalled.blocks[slots[i]];
      }
      return;
    }
    var keys = request.keys();
    index.match(keys.array(), keys.count(), slots, count, depths, scratch);
    for (int i = 0; i < count; i++) {
      depths[i] = KeyGrid.blocks(depths[i]);
    }
  }
}
