package io.penstock.picker.assembly;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.cost.CostModel;
import io.penstock.picker.cost.ModelRates;
import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.Course;
import io.penstock.picker.explain.DecisionLog;
import io.penstock.picker.flow.Admission;
import io.penstock.picker.flow.FlowCounts;
import io.penstock.picker.flow.FlowHeaders;
import io.penstock.picker.flow.FlowListener;
import io.penstock.picker.flow.FlowSettings;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.Pool;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.ServedModel;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.quality.PoolQuality;
import io.penstock.picker.quality.ShadowStats;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.DisaggregationCounts;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.RequestHeaders;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SessionHeader;
import io.penstock.picker.schedule.UsageReport;
import io.penstock.picker.signals.EngineSettings;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.Reservation;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/**
 * The picker of one pool. Thread-safe: event loop i calls {@link #pick} and {@link #place} with
 * column i, everything else may be called from anywhere.
 *
 * <p>A request's way: {@code pick} decides; {@code place} reserves the load of a try at an endpoint
 * and teaches the index, right before its first byte leaves; the {@link Placement} hears how it
 * went. After a failure, {@code place} again at an alternative, or {@code pick} again.
 */
public final class PoolPicker implements AutoCloseable {

  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NO_DECISION = -1;

  private final Pool pool;
  private final EngineSignals signals;
  private final InFlight inFlight;
  private final PrefixIndex index;
  private final CostModel costs;
  private final DisaggregationCounts disaggregation = new DisaggregationCounts();
  private final Schedulers schedulers;
  private final DecisionLog decisions;
  private final PoolQuality quality;
  private final List<PickerLoop> loops;
  private final Admission admission;
  private final PoolControl control;
  private final @Nullable Shadow shadow;
  private final LongSupplier ticker;
  private final long epochMillisAtZero;
  private volatile Scheduler scheduler;
  private volatile List<UsageReport> usageReports;
  private volatile PoolRules rules = PoolRules.NONE;

  PoolPicker(PoolPickerBuilder builder) {
    var config = builder.config;
    int columns = builder.columns;
    this.pool = new Pool(config.name());
    this.signals = new EngineSignals(config.freshFor(), this::loadChanged);
    this.signals.engines(engines(builder.policy));
    this.inFlight = new InFlight(columns);
    this.index = new PrefixIndex(config.index());
    this.costs = new CostModel(columns, ModelRates.PRIOR);
    this.ticker = builder.ticker;
    this.decisions = new DecisionLog(columns, config.decisions());
    this.quality = new PoolQuality(columns);
    this.schedulers = new Schedulers(config, builder.health, costs);
    this.scheduler = schedulers.of(builder.policy);
    this.usageReports = builder.policy == null ? List.of() : builder.policy.usageReports();
    this.loops = loops(columns, config.seed());
    this.admission =
        new Admission(
            pool::snapshot,
            signals,
            inFlight,
            builder.ticker,
            builder.flowObserver,
            flow(builder.policy));
    this.shadow = builder.shadow == null ? null : shadow(builder.shadow, columns, config.seed());
    this.control =
        new PoolControl(pool, signals, inFlight, index, costs, admission, quality, shadow, builder);
    this.epochMillisAtZero = builder.clock.millis() - builder.ticker.getAsLong() / NANOS_PER_MILLI;
  }

  /** Starts the control thread, where there is one. */
  void start() {
    control.start();
  }

  private List<PickerLoop> loops(int columns, long seed) {
    List<PickerLoop> made = new ArrayList<>();
    for (int column = 0; column < columns; column++) {
      var random =
          RandomGeneratorFactory.<RandomGenerator.SplittableGenerator>of("L64X128MixRandom")
              .create(seed + column);
      made.add(
          new PickerLoop(
              column,
              scheduler,
              from -> from.context(signals, inFlight, index, random),
              costs.observer(column),
              RandomGeneratorFactory.of("L64X128MixRandom").create(~seed - column),
              quality.ended(column)));
    }
    return List.copyOf(made);
  }

  /** Its chance is its own, so that the live policy decides as it would without it. */
  private Shadow shadow(ShadowPolicy policy, int columns, long seed) {
    var own = new SplittableRandom(~seed);
    List<RandomGenerator> randoms = new ArrayList<>();
    for (int column = 0; column < columns; column++) {
      randoms.add(own.split());
    }
    var random = own.split();
    return new Shadow(
        policy,
        schedulers.of(policy.config()),
        schedulers.judge(),
        from -> from.context(signals, inFlight, index, random),
        index,
        randoms);
  }

  /**
   * A picker to build.
   *
   * @param columns number of event loops that will call it
   */
  public static PoolPickerBuilder builder(PoolPickerConfig config, int columns) {
    return new PoolPickerBuilder(config, columns);
  }

  /** The newest snapshot. */
  public PoolSnapshot snapshot() {
    return pool.snapshot();
  }

  /**
   * Decides where a request goes; reserves nothing. On the column's event loop.
   *
   * @param requestId names the request in decision records
   * @param excluded endpoints not to pick
   * @param nowNanos the ticker's time
   */
  public Decision pick(
      InferenceRequest request, String requestId, int column, Exclusions excluded, long nowNanos) {
    return pick(request, RequestHeaders.NONE, requestId, column, excluded, nowNanos);
  }

  /** The same for a request whose headers the policy may ask for. */
  public Decision pick(
      InferenceRequest request,
      RequestHeaders headers,
      String requestId,
      int column,
      Exclusions excluded,
      long nowNanos) {
    return pick(request, headers, requestId, null, null, column, excluded, nowNanos);
  }

  /**
   * The same for a request of which the decision's record is to say how it went. Allocates nothing
   * where the request goes to one endpoint as a whole and there is a route to fill.
   *
   * @param course told to whoever reads the record; null where nothing is known
   * @param fill the caller's, to be filled and returned where the decision is a route; null: a new
   *     one is
   */
  public Decision pick(
      InferenceRequest request,
      RequestHeaders headers,
      String requestId,
      @Nullable Course course,
      Decision.@Nullable Route fill,
      int column,
      Exclusions excluded,
      long nowNanos) {
    var loop = loops.get(column);
    loop.releaseOverdue(nowNanos);
    var current = scheduler;
    var context =
        loop.context(current)
            .begin(decisions.nextId(column), request, headers, pool.snapshot(), excluded, nowNanos);
    context.routes().fill(fill);
    var decision = current.schedule(context);
    disaggregation.add(context, decision);
    if (shadow != null && excluded.none()) {
      shadow.decided(column, context, headers, decision);
    }
    if (decisions.keeps()) {
      long timeMillis = epochMillisAtZero + nowNanos / NANOS_PER_MILLI;
      decisions.add(requestId, timeMillis, context, decision, course);
    }
    return decision;
  }

  /**
   * Whether dividing the request among endpoints was a question at the last {@link #pick} of that
   * column. On the column's event loop.
   */
  public boolean weighed(int column) {
    var current = scheduler;
    return current.encodes() || loops.get(column).context(current).weighing() != null;
  }

  /**
   * Headers of the answer to the last {@link #pick} of that column, by which its client learns the
   * endpoint; mostly none. On the column's event loop.
   */
  public List<SessionHeader> sessionHeaders(int column) {
    var current = scheduler;
    return current.sessionHeaders(loops.get(column).context(current));
  }

  /** Type of the profile handler that decides. */
  public String handlerType() {
    return scheduler.handlerType();
  }

  /**
   * Port at which a gateway reaches every rank of a pod, with a header that names the rank; 0 where
   * each is sent to directly.
   */
  public int primaryPort() {
    return scheduler.primaryPort();
  }

  /**
   * Endpoints that are to encode the media of the request of the last {@link #pick} of that column;
   * mostly none. On the column's event loop.
   */
  public List<Endpoint> encoders(int column) {
    return loops.get(column).context(scheduler).routes().encoders();
  }

  /**
   * Counts a request where its media are encoded, until {@link #expectedNoMore}. On the column's
   * event loop.
   */
  public @Nullable Reservation encoding(Endpoint endpoint, int column) {
    return reserved(endpoint, 0, column);
  }

  /** What a gateway is to be told of each response. */
  public List<UsageReport> usageReports() {
    return usageReports;
  }

  /**
   * Reserves the load of one try and notes that the endpoint will hold the prompt. On the event
   * loop of the column that picked. An endpoint that has left the pool since gets a placement that
   * reserves and teaches nothing.
   *
   * @param endpoint the route's endpoint or one of its alternatives
   */
  public Placement place(
      InferenceRequest request,
      Decision.Route route,
      Endpoint endpoint,
      int column,
      long nowNanos) {
    return place(request, route, endpoint, Attempt.Leg.WHOLE, column, nowNanos);
  }

  /**
   * The same for the prefill of a divided request.
   *
   * @param endpoint the decision's prefill endpoint or one of its alternatives
   */
  public Placement placePrefill(
      InferenceRequest request,
      Decision.Disaggregated divided,
      Endpoint endpoint,
      int column,
      long nowNanos) {
    var route =
        new Decision.Route(
            divided.decode().decisionId(),
            divided.prefill(),
            divided.prefillCachedTokens(),
            divided.decode().promptTokens(),
            divided.predictedPrefillNanos());
    return place(request, route, endpoint, Attempt.Leg.PREFILL, column, nowNanos);
  }

  /**
   * The same for the answer of a divided request.
   *
   * @param endpoint the endpoint of the decision's decode route or one of its alternatives
   */
  public Placement placeDecode(
      InferenceRequest request,
      Decision.Disaggregated divided,
      Endpoint endpoint,
      int column,
      long nowNanos) {
    var decode = divided.decode();
    var route =
        new Decision.Route(
            decode.decisionId(),
            endpoint,
            endpoint.id().equals(decode.endpoint().id()) ? decode.cachedTokens() : 0,
            decode.promptTokens(),
            divided.predictedTtftNanos() - divided.predictedPrefillNanos());
    return place(request, route, endpoint, Attempt.Leg.DECODE, column, nowNanos);
  }

  /**
   * Counts a divided request where it will be answered while its prompt is computed elsewhere, so
   * that others see it coming. To be ended when it is placed there, or will not be. On the column's
   * event loop.
   */
  public @Nullable Reservation expect(
      InferenceRequest request, Decision.Disaggregated divided, int column) {
    int context = divided.decode().promptTokens() + Placement.halfOfOutput(this, request);
    return reserved(divided.decode().endpoint(), context, column);
  }

  /** Null for an endpoint that has left the pool. */
  private @Nullable Reservation reserved(Endpoint endpoint, int contextTokens, int column) {
    var known = pool.snapshot().bySlot(endpoint.slot());
    if (known == null || !known.id().equals(endpoint.id())) {
      return null;
    }
    var reserved = inFlight.reserve(column, endpoint.slot(), 0, contextTokens);
    loadChanged(endpoint.slot());
    return reserved;
  }

  /** It is not expected any more. On the column's event loop. */
  public void expectedNoMore(Reservation expected) {
    expected.end();
    loadChanged(expected.slot());
  }

  private Placement place(
      InferenceRequest request,
      Decision.Route route,
      Endpoint endpoint,
      Attempt.Leg leg,
      int column,
      long nowNanos) {
    var loop = loops.get(column);
    var snapshot = pool.snapshot();
    int slot = endpoint.slot();
    var known = snapshot.bySlot(slot);
    boolean attached = known != null && known.id().equals(endpoint.id());
    int cached = route.cachedTokens();
    long ttftNanos = route.predictedTtftNanos();
    if (!endpoint.id().equals(route.endpoint().id())) {
      var context =
          loop.context(scheduler)
              .begin(route.decisionId(), request, snapshot, new Exclusions(), nowNanos);
      cached = attached ? context.cachedTokensOn(slot) : 0;
      ttftNanos = attached ? costs.ttftNanos(context, slot, route.promptTokens(), cached) : 0;
    }
    var attempt = new Attempt(leg, endpoint, cached, ttftNanos, nowNanos);
    var runnerUp = decisions.attempted(route.decisionId(), attempt);
    var placement =
        new Placement(
            this, loop, request, attempt, runnerUp, route.promptTokens(), nowNanos, attached);
    if (attached && !request.stream() && leg != Attempt.Leg.PREFILL) {
      loop.watch(placement);
    }
    return placement;
  }

  /**
   * Routes by another policy from the next pick on, on every event loop; what is in flight stays
   * counted. What plugins of the policy before had remembered is gone.
   *
   * @param configured null for expected cost
   */
  public void policy(@Nullable EndpointPickerConfig configured) {
    signals.engines(engines(configured));
    scheduler = schedulers.of(configured);
    usageReports = configured == null ? List.of() : configured.usageReports();
    admission.settings(flow(configured));
  }

  private static EngineSettings engines(@Nullable EndpointPickerConfig configured) {
    return configured == null ? EngineSettings.DEFAULT : configured.engines();
  }

  private static FlowSettings flow(@Nullable EndpointPickerConfig configured) {
    return configured == null ? FlowSettings.DEFAULT : configured.flow().settings();
  }

  /** The priority of the objective that a request names; 0 for one that names none. */
  public int priority(RequestHeaders headers) {
    var known = rules;
    return known.priorities().isEmpty() ? 0 : known.priority(FlowHeaders.objective(headers));
  }

  /**
   * Whether a request of that priority may be picked for without asking {@link #admit}. Cheap: the
   * usual case.
   */
  public boolean admitsAtOnce(int priority) {
    return admission.passes(priority);
  }

  /**
   * Asks whether a request may be picked for now. On the column's event loop.
   *
   * @param identity names the request's flow where its headers do not; null for nobody
   * @param receivedNanos the ticker's time when its head came
   * @param eventLoop of the column; the listener is called there
   */
  public Verdict admit(
      InferenceRequest request,
      RequestHeaders headers,
      int priority,
      @Nullable String identity,
      long receivedNanos,
      int column,
      Executor eventLoop,
      FlowListener listener) {
    return admission.admit(
        FlowHeaders.request(
            headers,
            admission.settings(),
            priority,
            identity,
            request.asked(),
            request.model(),
            request.bodyBytes(),
            receivedNanos),
        eventLoop,
        listener,
        loops.get(column).random(),
        () -> refuses(request, headers, column));
  }

  /** Whether an admitter of the policy refuses the request. */
  private boolean refuses(InferenceRequest request, RequestHeaders headers, int column) {
    var current = scheduler;
    if (!current.refusesSome()) {
      return false;
    }
    var context =
        loops
            .get(column)
            .context(current)
            .begin(
                NO_DECISION,
                request,
                headers,
                pool.snapshot(),
                new Exclusions(),
                ticker.getAsLong());
    return current.refuses(context);
  }

  /** The flow that a request belongs to. */
  public String flow(RequestHeaders headers) {
    return FlowHeaders.flow(headers, admission.settings().identityHeaders(), null);
  }

  /** What came to be admitted, and what became of it. */
  public FlowCounts admissions() {
    return admission.counts();
  }

  /** Load or metrics of an endpoint have changed. */
  void loadChanged(int slot) {
    admission.changed(slot);
  }

  /** Who has which priority, and which models are rewritten; read once per request. */
  public PoolRules rules() {
    return rules;
  }

  /** Other rules from the next request on. From any thread; the last call counts. */
  public void rules(PoolRules next) {
    rules = next;
  }

  /**
   * Ends what is due of the placements that nobody observes, as every {@link #pick} does; for times
   * without picks. On the column's event loop.
   */
  public void expire(int column, long nowNanos) {
    loops.get(column).releaseOverdue(nowNanos);
  }

  /** The newest decisions and how they went. */
  public DecisionLog decisions() {
    return decisions;
  }

  /** What decisions came to. */
  public PoolQuality quality() {
    return quality;
  }

  /** What a second policy would have done; null where there is none. */
  public @Nullable ShadowStats shadow() {
    return shadow == null ? null : shadow.stats();
  }

  /** What the engines say of themselves. */
  public EngineSignals signals() {
    return signals;
  }

  /** What this process has sent and not got back. */
  public InFlight inFlight() {
    return inFlight;
  }

  /** Which endpoint holds which blocks. */
  public PrefixIndex index() {
    return index;
  }

  /** Tokens of prompts that an endpoint is taken to hold, by the rates of the model it serves. */
  public long heldTokens(Endpoint endpoint) {
    var model = endpoint.models().isEmpty() ? "" : endpoint.models().getFirst().id();
    double tokensPerBlock = PromptKeys.BLOCK_BYTES / costs.rates(model).bytesPerToken();
    return Math.round(index.blocks(endpoint.slot()) * tokensPerBlock);
  }

  /** How often requests were divided between two endpoints, and why not. */
  public DisaggregationCounts disaggregation() {
    return disaggregation;
  }

  /** What requests are expected to take. */
  public CostModel costs() {
    return costs;
  }

  /** Hands over what a discovery source saw; it is applied on the control thread. */
  public void apply(PoolDelta delta) {
    control.execute(() -> control.apply(delta));
  }

  /** Hands over what an endpoint lists under {@code /v1/models}. */
  public void models(EndpointId id, List<ServedModel> models) {
    control.execute(() -> pool.models(id, models));
  }

  /** Runs a task on the control thread, where everything that changes the pool happens. */
  void onControl(Runnable task) {
    control.execute(task);
  }

  /** Adds a listener, called on the control thread. */
  public void listen(Pool.Listener listener) {
    pool.listen(listener);
  }

  /** Endpoints that found no slot, so far. */
  public long refusedEndpoints() {
    return control.refused();
  }

  /**
   * One round of the control thread, for a picker without one: takes in observations, drains
   * removed endpoints, sets capacities. The caller is then the control thread.
   */
  public void tick(long nowNanos) {
    control.tick(nowNanos);
  }

  /** Ends scraping and the control thread; requests in flight may still end. */
  @Override
  public void close() {
    control.close();
  }
}
