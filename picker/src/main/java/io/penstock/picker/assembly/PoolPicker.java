package io.penstock.picker.assembly;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.cost.CostModel;
import io.penstock.picker.cost.ModelRates;
import io.penstock.picker.explain.Course;
import io.penstock.picker.explain.DecisionLog;
import io.penstock.picker.flow.Admission;
import io.penstock.picker.flow.FlowHeaders;
import io.penstock.picker.flow.FlowSettings;
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
import io.penstock.picker.schedule.SessionHeader;
import io.penstock.picker.schedule.UsageReport;
import io.penstock.picker.signals.EngineSettings;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The picker of one pool. Thread-safe: event loop i calls {@link #pick}, and what {@link
 * #admission} and {@link #placements} give, with column i; everything else may be called from
 * anywhere.
 *
 * <p>A request's way: {@link PoolAdmission#admit} says when it may be picked for; {@code pick}
 * decides; {@link Placements#place} reserves the load of a try at an endpoint and teaches the
 * index, right before its first byte leaves; the {@link Placement} hears how it went. After a
 * failure, {@code place} again at an alternative, or {@code pick} again.
 */
public final class PoolPicker implements AutoCloseable {

  private static final long NANOS_PER_MILLI = 1_000_000;

  private final PoolState state;
  private final DisaggregationCounts disaggregation = new DisaggregationCounts();
  private final Schedulers schedulers;
  private final DecisionLog decisions;
  private final PoolQuality quality;
  private final PickerLoops loops;
  private final Admission flowControl;
  private final PoolAdmission admission;
  private final Placements placements;
  private final @Nullable Mirror mirror;
  private final PoolControl control;
  private final @Nullable Shadow shadow;
  private final long epochMillisAtZero;
  private volatile List<UsageReport> usageReports;
  private volatile int destinations;
  private volatile PoolRules rules = PoolRules.NONE;

  PoolPicker(PoolPickerBuilder builder) {
    var config = builder.config;
    int columns = builder.columns;
    var ticker = builder.ticker;
    var pool = new Pool(config.name());
    var signals = new EngineSignals(config.freshFor(), this::signalsChanged);
    signals.engines(engines(builder.policy));
    var inFlight = builder.feed == null ? new InFlight(columns) : InFlight.besideReplicas(columns);
    var costs = new CostModel(columns, ModelRates.PRIOR, config.disaggregation().mayOverflow());
    this.state = new PoolState(pool, signals, inFlight, new PrefixIndex(config.index()), costs);
    this.decisions = new DecisionLog(columns, config.decisions());
    this.quality = new PoolQuality(columns);
    this.schedulers = new Schedulers(config, builder.health, costs);
    this.usageReports = usageReports(builder.policy);
    this.destinations = destinations(builder.policy);
    this.loops =
        new PickerLoops(columns, config.seed(), schedulers.of(builder.policy), state, quality);
    this.flowControl =
        new Admission(
            pool::snapshot,
            signals,
            inFlight,
            builder.health,
            ticker,
            builder.flowObserver,
            flow(builder.policy));
    this.admission = new PoolAdmission(flowControl, pool, loops, ticker);
    var feed = builder.feed == null ? PlacementFeed.NONE : builder.feed;
    this.placements = new Placements(state, loops, decisions, flowControl, feed);
    this.mirror = builder.feed == null ? null : new Mirror(state, placements, columns);
    this.shadow =
        builder.shadow == null
            ? null
            : new Shadow(builder.shadow, schedulers, state, columns, config.seed());
    this.control = new PoolControl(state, flowControl, quality, shadow, builder);
    this.epochMillisAtZero = builder.clock.millis() - ticker.getAsLong() / NANOS_PER_MILLI;
  }

  /** What the engine of an endpoint says has changed. */
  private void signalsChanged(int slot) {
    flowControl.changed(slot);
  }

  /** Starts the control thread, where there is one. */
  void start() {
    control.start();
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
    return state.pool().snapshot();
  }

  /** Whether a request may be picked for now. */
  public PoolAdmission admission() {
    return admission;
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
    var loop = loops.of(column);
    loop.releaseOverdue(nowNanos);
    var current = loops.scheduler();
    var context =
        loop.context(current)
            .begin(decisions.nextId(column), request, headers, snapshot(), excluded, nowNanos);
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

  /** Puts requests where decisions send them. */
  public Placements placements() {
    return placements;
  }

  /**
   * Whether dividing the request among endpoints was a question at the last {@link #pick} of that
   * column. On the column's event loop.
   */
  public boolean weighed(int column) {
    var current = loops.scheduler();
    return current.encodes() || loops.of(column).context(current).weighing() != null;
  }

  /**
   * Headers of the answer to the last {@link #pick} of that column, by which its client learns the
   * endpoint; mostly none. On the column's event loop.
   */
  public List<SessionHeader> sessionHeaders(int column) {
    var current = loops.scheduler();
    return current.sessionHeaders(loops.of(column).context(current));
  }

  /** Type of the profile handler that decides. */
  public String handlerType() {
    return loops.scheduler().handlerType();
  }

  /**
   * Port at which a gateway reaches every rank of a pod, with a header that names the rank; 0 where
   * each is sent to directly.
   */
  public int primaryPort() {
    return loops.scheduler().primaryPort();
  }

  /**
   * Endpoints that are to encode the media of the request of the last {@link #pick} of that column;
   * mostly none. On the column's event loop.
   */
  public List<Endpoint> encoders(int column) {
    return loops.of(column).context(loops.scheduler()).routes().encoders();
  }

  /** What a gateway is to be told of each response. */
  public List<UsageReport> usageReports() {
    return usageReports;
  }

  /** The most endpoints that the policy has named to a gateway, at least 1. */
  public int destinations() {
    return destinations;
  }

  /**
   * Routes by another policy from the next pick on, on every event loop; what is in flight stays
   * counted. What plugins of the policy before had remembered is gone.
   *
   * @param configured null for expected cost
   */
  public void policy(@Nullable EndpointPickerConfig configured) {
    state.signals().engines(engines(configured));
    loops.scheduler(schedulers.of(configured));
    usageReports = usageReports(configured);
    destinations = destinations(configured);
    flowControl.settings(flow(configured));
  }

  private static EngineSettings engines(@Nullable EndpointPickerConfig configured) {
    return configured == null ? EngineSettings.DEFAULT : configured.engines();
  }

  private static List<UsageReport> usageReports(@Nullable EndpointPickerConfig configured) {
    return configured == null ? List.of() : configured.usageReports();
  }

  private static int destinations(@Nullable EndpointPickerConfig configured) {
    return configured == null ? 1 : configured.destinations();
  }

  private static FlowSettings flow(@Nullable EndpointPickerConfig configured) {
    return configured == null ? FlowSettings.DEFAULT : configured.flow().settings();
  }

  /** The priority of the objective that a request names; 0 for one that names none. */
  public int priority(RequestHeaders headers) {
    var known = rules;
    return known.priorities().isEmpty() ? 0 : known.priority(FlowHeaders.objective(headers));
  }

  /** Who has which priority, and which models are rewritten; read once per request. */
  public PoolRules rules() {
    return rules;
  }

  /** Other rules from the next request on. From any thread; the last call counts. */
  public void rules(PoolRules next) {
    rules = next;
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
    return state.signals();
  }

  /** Counts what other replicas place; null for a picker that no other replica tells anything. */
  public @Nullable Mirror mirror() {
    return mirror;
  }

  /** What was sent and not got back, by this process and by those whose {@link #mirror} it is. */
  public InFlight inFlight() {
    return state.inFlight();
  }

  /** Which endpoint holds which blocks. */
  public PrefixIndex index() {
    return state.index();
  }

  /** Tokens of prompts that an endpoint is taken to hold, by the rates of the model it serves. */
  public long heldTokens(Endpoint endpoint) {
    var model = endpoint.models().isEmpty() ? "" : endpoint.models().getFirst().id();
    double tokensPerBlock = PromptKeys.BLOCK_BYTES / state.costs().rates(model).bytesPerToken();
    return Math.round(state.index().blocks(endpoint.slot()) * tokensPerBlock);
  }

  /** How often requests were divided between two endpoints, and why not. */
  public DisaggregationCounts disaggregation() {
    return disaggregation;
  }

  /** What requests are expected to take. */
  public CostModel costs() {
    return state.costs();
  }

  /** Hands over what a discovery source saw; it is applied on the control thread. */
  public void apply(PoolDelta delta) {
    control.execute(() -> control.apply(delta));
  }

  /** Hands over what an endpoint lists under {@code /v1/models}. */
  public void models(EndpointId id, List<ServedModel> models) {
    control.execute(() -> state.pool().models(id, models));
  }

  /** Runs a task on the control thread, where everything that changes the pool happens. */
  void onControl(Runnable task) {
    control.execute(task);
  }

  /** Adds a listener, called on the control thread. */
  public void listen(Pool.Listener listener) {
    state.pool().listen(listener);
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
