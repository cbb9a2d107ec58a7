package io.penstock.picker.cost;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Forecast;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What requests take on this pool's endpoints: rates per model, speed per endpoint, the load of the
 * pool. Thread-safe: event loops read and observe through their {@link LoopObserver}; {@link #tick}
 * and {@link #forget} belong to the control thread.
 */
public final class CostModel implements Forecast {

  /** Models with rates of their own; further ones have theirs in common. */
  private static final int MAX_MODELS = 256;

  private static final int TOKEN_IDS_PER_BLOCK = 64;

  /** The most of a prompt that others are believed to have put at its home. */
  private static final double MOST_AT_HOME = 0.8;

  /** Square of the ratio, unseen to uncached, at which half of that is believed. */
  private static final double HALF_AT_HOME = 0.3;

  private final ModelRates prior;
  private final ConcurrentHashMap<String, ModelCalibration> models = new ConcurrentHashMap<>();
  private final ModelCalibration otherModels;
  private final EndpointSpeeds prefillSpeeds = new EndpointSpeeds();
  private final EndpointSpeeds decodeSpeeds = new EndpointSpeeds();
  private final CapacityCorrection capacities = new CapacityCorrection();
  private final ForeignLoad foreign = new ForeignLoad();
  private final ForeignShare foreignShare = new ForeignShare();
  private final LoadPrice loadPrice = new LoadPrice();
  private final PoolMeans means = new PoolMeans();
  private final Overflow overflow = new Overflow();
  private final boolean mayOverflow;
  private final List<Observations> observations;

  /**
   * A model of which nothing is known yet, of a pool that does not overflow.
   *
   * @param columns number of event loops
   * @param prior rates of every model until they are calibrated
   */
  public CostModel(int columns, ModelRates prior) {
    this(columns, prior, false);
  }

  /**
   * A model of which nothing is known yet.
   *
   * @param columns number of event loops
   * @param prior rates of every model until they are calibrated
   * @param mayOverflow whether endpoints that prefill for others may answer where either kind does
   *     not keep up
   */
  public CostModel(int columns, ModelRates prior, boolean mayOverflow) {
    this.prior = prior;
    this.mayOverflow = mayOverflow;
    this.otherModels = new ModelCalibration(prior);
    List<Observations> made = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      made.add(new Observations());
    }
    this.observations = List.copyOf(made);
  }

  /** The model's rates as calibrated so far. */
  public ModelRates rates(String model) {
    return known(model).rates();
  }

  /** ρ: seconds of prefill routed per second and endpoint, 0 to 0.95. */
  public double load() {
    return loadPrice.load();
  }

  /**
   * Whether endpoints that prefill for others answer too, and nothing is divided, because one kind
   * does not keep up.
   */
  public boolean overflows() {
    return overflow.active();
  }

  /** f: which share of the pool's requests others send, 0 to 0.95. */
  public double foreignShare() {
    return foreignShare.share();
  }

  /** How many times longer than the model's rates say a prefill takes there. */
  public double prefillFactor(int slot) {
    return prefillSpeeds.factor(slot);
  }

  /** How many times longer than the model's rates say a decode step takes there. */
  public double decodeFactor(int slot) {
    return decodeSpeeds.factor(slot);
  }

  /** Blocks to keep of an endpoint for each that fits into its KV cache by its own word. */
  public double capacityFactor(int slot) {
    return capacities.factor(slot);
  }

  /** Observations that could not be taken in because they came too fast. */
  public long droppedObservations() {
    long dropped = 0;
    for (var queue : observations) {
      dropped += queue.dropped();
    }
    return dropped;
  }

  @Override
  public int promptTokens(InferenceRequest request) {
    long tokens = request.promptTokens(rates(request.model()).bytesPerToken());
    return Math.clamp(tokens, 1, Integer.MAX_VALUE / 4);
  }

  /**
   * Token ids come 64 to a block. Of text, cached tokens are to all tokens as cached bytes are to
   * all bytes, times the density that engines' own counts of cached tokens have shown; where the
   * first block is cached, so is what stands in front of it.
   */
  @Override
  public int cachedTokens(InferenceRequest request, int blocks, int promptTokens) {
    if (blocks == 0) {
      return 0;
    }
    if (request.promptTokenIds() >= 0) {
      return (int) Math.min((long) blocks * TOKEN_IDS_PER_BLOCK, promptTokens - 1L);
    }
    long root = request.rootBytes();
    long cached = (long) blocks * PromptKeys.BLOCK_BYTES + root;
    long keyed = (long) request.keys().blocks() * PromptKeys.BLOCK_BYTES + root;
    double density = rates(request.model()).cachedDensity();
    double share = density * cached / Math.max(request.promptBytes(), keyed);
    return (int) Math.min(Math.round(share * promptTokens), promptTokens - 1L);
  }

  @Override
  public long ttftNanos(SchedulingContext context, int slot, int promptTokens, int cachedTokens) {
    var rates = rates(context.request().model());
    var load = new EndpointLoad();
    read(load, context, slot, rates);
    double seconds =
        rates.firstTokenSeconds()
            + prefillFactor(slot)
                * (rates.pendingSeconds(load.pendingTokens, load.pendingRequests)
                    + rates.prefillSeconds(promptTokens - cachedTokens, cachedTokens));
    return Math.round(seconds * 1e9);
  }

  @Override
  public long tpotNanos(SchedulingContext context, int slot, int promptTokens) {
    var rates = rates(context.request().model());
    var load = new EndpointLoad();
    read(load, context, slot, rates);
    double held = load.contextTokens + promptTokens;
    double seconds =
        decodeFactor(slot) * (rates.stepSeconds() + rates.decodeSecondsPerToken() * held);
    return Math.round(seconds * 1e9);
  }

  /** What a second of compute costs those who come later, in seconds: α where memory is roomy. */
  double price(CostWeights weights) {
    return loadPrice.price(weights.loadPrice()) + weights.poolStall() * means.decoding();
  }

  /**
   * By what {@link #price} is multiplied where memory is short: the more by the share of their
   * prompts that requests have in common, since what one finds in use it needs no memory for.
   */
  double memoryPrice(CostWeights weights, ModelRates rates) {
    return 1 + weights.memoryPrice() * rates.sharedTokens() * means.memoryShortage();
  }

  /**
   * Which share of a prompt's uncached tokens its {@link Home} is believed to hold by others'
   * doing, 0 to 0.8.
   *
   * <p>Of all prompt tokens a share H lies in some cache. We know of what we sent ourselves,
   * H·(1−f) of them where others send f; so u = H·f of them are cached and unknown here, and r = u
   * / (1 − H·(1−f)) of those that look uncached. They are at home as far as the others heed it, who
   * do the more the more there is to share: r counts by {@code 0.8·r²/(r² + 0.3)}.
   */
  double sharedAtHome(ModelRates rates) {
    double others = foreignShare.share();
    double known = rates.sharedTokens();
    double unknown = known * others / (1 - others);
    double ratio = unknown / Math.max(1e-3, 1 - known);
    return MOST_AT_HOME * ratio * ratio / (ratio * ratio + HALF_AT_HOME);
  }

  void read(EndpointLoad into, SchedulingContext context, int slot, ModelRates rates) {
    into.read(
        slot,
        context.nowNanos(),
        context.inFlight(),
        context.signals(),
        foreign,
        rates.uncachedTokens());
  }

  /** What the loop of that column reports to; each loop has one. */
  public LoopObserver observer(int column) {
    return new LoopObserver(this, observations.get(column));
  }

  /** The model's calibration; that of all others while no answer has told anything of it. */
  ModelCalibration known(String model) {
    return models.getOrDefault(model, otherModels);
  }

  /**
   * The model's calibration, made when a first answer tells something of it: a name that no engine
   * answers takes nobody's place.
   */
  ModelCalibration calibration(String model) {
    var known = models.get(model);
    if (known != null) {
      return known;
    }
    if (models.size() >= MAX_MODELS) {
      return otherModels;
    }
    return models.computeIfAbsent(model, m -> new ModelCalibration(prior));
  }

  /**
   * Another replica has sent a request of which so many tokens are to be prefilled. From any
   * thread.
   *
   * @return when, for {@link #unroutedElsewhere}
   */
  public double routedElsewhere(int tokens) {
    double now = loadPrice.averagedSeconds();
    loadPrice.addOthers(tokens);
    return now;
  }

  /** They will not be prefilled. From any thread. */
  public void unroutedElsewhere(int tokens, double routedAt) {
    loadPrice.takeBackOthers(tokens, routedAt);
  }

  /** Returns when, for {@link #unrouted}. */
  double routed(double prefillSeconds, double tokens) {
    double now = loadPrice.averagedSeconds();
    loadPrice.add(prefillSeconds, tokens);
    return now;
  }

  void unrouted(double prefillSeconds, double tokens, double routedAt) {
    loadPrice.takeBack(prefillSeconds, tokens, routedAt);
  }

  /** Takes in what was observed since the last call, about ten times a second. Control thread. */
  public void tick(long nowNanos, PoolSnapshot snapshot, EngineSignals signals, InFlight inFlight) {
    var sharing = snapshot.withoutEncoders();
    for (var endpoint : sharing.endpoints()) {
      foreign.observe(endpoint.slot(), signals, inFlight);
    }
    for (var queue : observations) {
      queue.drain(this::observed);
    }
    otherModels.publish();
    models.values().forEach(ModelCalibration::publish);
    loadPrice.tick(nowNanos, sharing.endpoints().size());
    foreignShare.tick(nowNanos, sharing, signals, inFlight);
    means.tick(nowNanos, sharing, signals, inFlight);
    if (mayOverflow) {
      overflow.tick(nowNanos, sharing, signals, inFlight, foreign, loadPrice.routed());
    }
  }

  private void observed(
      Observations.Kind kind, ModelCalibration model, int slot, double y, double x, double z) {
    switch (kind) {
      case FIRST_TOKEN -> {
        double ratio = model.firstToken(y, x, z);
        if (ratio > 0) {
          prefillSpeeds.observe(slot, ratio);
        }
      }
      case INTERVAL -> decodeSpeeds.observe(slot, model.interval(y, x));
      case OUTPUT -> model.output(y);
      case PROMPT -> model.prompt(y, x);
      case ROUTED -> model.routed(y, x);
      case UNROUTED -> model.unrouted(y, x, (int) z);
      case CACHED -> {
        model.cached(y, x);
        if (z > 0) {
          capacities.observe(slot, y, x);
        }
      }
    }
  }

  /** Forgets an endpoint, for the next owner of its slot. Control thread. */
  public void forget(int slot) {
    prefillSpeeds.reset(slot);
    decodeSpeeds.reset(slot);
    foreign.reset(slot);
    capacities.reset(slot);
  }
}
