package io.penstock.picker.cost;

import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Picker;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.List;

/**
 * Picks the endpoint where the request costs least, in seconds of waiting, its own and others'.
 * Stateless but for the cost model; shared by all event loops.
 *
 * <p>For endpoint i and a prompt of n tokens of which m are cached there:
 *
 * <pre>
 * C    = f·(c·(n−m) + a·(n−m)·(m + (n−m)/2))       own prefill; f the endpoint's speed factor
 * P    = prefill seconds of what waits there       ours in flight, and others' as the engine counts
 * α    = (1 + g·ρ/(1−ρ) + wp·D̄)·(1 + gm·H·S)       price of compute at load ρ
 * E    = c·evicted tokens·exp(−age/600 s)          what has to be computed again one day
 * cost = P + (α + wc·D + wq·W)·C + wd·o·t_kv·(K + n·(D + W)) + ev·α·E + 100·max(0, u − 0.95)
 * </pre>
 *
 * <p>D requests decode there and W wait for their prefill, over K tokens of context together; D̄ is
 * the pool's mean of D, S = max(0, ū − 0.8)/(1.05 − ū) for its mean ū of u, H the share of prompts
 * that is believed cached where they go: where memory is short those who share a prefix should be
 * together, since what is in use takes no memory again. A prefill stalls those who decode while it
 * runs: the D who do now, and the W ahead of it, who will have just begun when their turn is over,
 * and of whose few first tokens a stall is the larger part. o tokens will be generated, u is the KV
 * use after placement. Evicted are the tokens that the prompt and its answer need beyond what the
 * prefix index leaves free of the KV cache; their age is the time in which the pool, at its load,
 * writes that cache once: capacity·c/ρ. A model name that is known, a fresh signal and a known
 * capacity each sharpen the cost; without them it falls back to priors, in-flight counts, and no
 * terms for eviction and overflow.
 *
 * <p>Where some endpoints only prefill for others, wc counts four times: among equals a stall is
 * moved from those who decode here to those who decode there, but here it need not be; and u counts
 * those who are expected here while their prompts are computed elsewhere; gm counts for nothing,
 * since dividing saves no memory. While the pool overflows, all are equals.
 *
 * <p>Beside gateways that share nothing with this one, the {@link Home} of a prompt is believed to
 * hold some of it by their doing: there C is that of correspondingly fewer uncached tokens ({@link
 * CostModel#sharedAtHome}). All of them lean the same way, and so they find each other's prefixes.
 *
 * <p>Costs within the prefill of a quarter of a key block of the least are equal: among them chance
 * decides, and only a real advantage draws a request to an endpoint.
 */
public final class ExpectedCostPicker implements Picker {

  /** Type in configuration. */
  public static final String TYPE = "expected-cost-picker";

  private static final List<String> TERMS =
      List.of("pendingPrefill", "prefill", "decode", "eviction", "overflow");

  /** What a stall counts where the prefill could go to an endpoint on which nobody decodes. */
  private static final double AVOIDABLE = 4;

  private static final double EVICTION_AGE_SECONDS = 600;
  private static final double FULL = 0.95;
  private static final double OVERFLOW_SECONDS = 100;
  private static final double EQUAL_TOKENS = 16;
  private static final double LEAST_LOAD = 1e-6;
  private static final double MOST_SPOKEN_FOR = 1.2;

  private final CostModel model;
  private final CostWeights weights;

  /** A picker over that model. */
  public ExpectedCostPicker(CostModel model, CostWeights weights) {
    this.model = model;
    this.weights = weights;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public List<String> terms() {
    return TERMS;
  }

  @Override
  public void pick(SchedulingContext context, Candidates candidates, int firstTerm) {
    var rates = model.rates(context.request().model());
    cost(context, candidates, firstTerm, rates);
    candidates.rankByScore();
    candidates.promote(
        oneOfTheBest(context, candidates, EQUAL_TOKENS * rates.prefillSecondsPerToken()));
  }

  /** Seconds of prefill that wait there, of a run that this picker ended without scorers. */
  static double pending(Candidates candidates, int i) {
    return candidates.term(0)[i];
  }

  /** What the candidate costs of such a run, but for the prefill. */
  static double decoding(Candidates candidates, int i) {
    return candidates.term(2)[i] + candidates.term(3)[i] + candidates.term(4)[i];
  }

  private void cost(
      SchedulingContext context, Candidates candidates, int firstTerm, ModelRates rates) {
    candidates.scoresAreCosts();
    var scores = candidates.scores();
    var pendingTerm = candidates.term(firstTerm);
    var prefillTerm = candidates.term(firstTerm + 1);
    var decodeTerm = candidates.term(firstTerm + 2);
    var evictionTerm = candidates.term(firstTerm + 3);
    var overflowTerm = candidates.term(firstTerm + 4);

    var load = new EndpointLoad();
    boolean divides = context.prefillsApart() && !context.overflows();
    double price = model.price(weights) * (divides ? 1 : model.memoryPrice(weights, rates));
    double stall = weights.stall() * (divides ? AVOIDABLE : 1);
    int prompt = context.promptTokens();
    double output = expectedOutput(context.request(), rates);
    double perDecode = weights.decode() * output * rates.decodeSecondsPerToken();
    double tokensPerBlock = PromptKeys.BLOCK_BYTES / rates.cachedBytesPerToken();
    var eviction = new EvictionPrice(rates.prefillSecondsPerToken(), model.load());
    double wholeSeconds = rates.prefillSeconds(prompt, 0);
    int knownBlocks = 0;
    int knownCached = 0;
    double knownSeconds = 0;
    double shared = model.sharedAtHome(rates);
    int home = shared > 0 ? Home.of(context.request().keys(), candidates) : -1;
    for (int i = 0; i < candidates.count(); i++) {
      int slot = candidates.slot(i);
      model.read(load, context, slot, rates);
      int blocks = candidates.cachedBlocks(i);
      if (blocks > 0 && blocks != knownBlocks) {
        // Those who hold anything mostly hold the same.
        knownBlocks = blocks;
        knownCached = context.cachedTokens(candidates, i);
        knownSeconds = rates.prefillSeconds(prompt - knownCached, knownCached);
      }
      int cached = blocks == 0 ? 0 : knownCached;
      double ownSeconds = blocks == 0 ? wholeSeconds : knownSeconds;
      double factor = model.prefillFactor(slot);
      double prefill =
          factor
              * (i == home
                  ? rates.prefillSeconds((1 - shared) * (prompt - cached), cached)
                  : ownSeconds);
      pendingTerm[i] = factor * rates.pendingSeconds(load.pendingTokens, load.pendingRequests);
      double ahead = load.pendingRequests;
      prefillTerm[i] = (price + stall * load.decoding + weights.queueStall() * ahead) * prefill;
      decodeTerm[i] =
          perDecode
              * model.decodeFactor(slot)
              * (load.contextTokens + prompt * (load.decoding + ahead));
      evictionTerm[i] = 0;
      overflowTerm[i] = 0;
      if (load.capacityTokens > 0) {
        double added = prompt - cached + output;
        double held = context.index().blocks(slot) * tokensPerBlock;
        double evicted = added - Math.max(0, load.capacityTokens - held);
        if (evicted > 0) {
          evictionTerm[i] =
              weights.eviction()
                  * price
                  * factor
                  * evicted
                  * eviction.perToken(load.capacityTokens);
        }
        boolean awaits = divides && candidates.endpoint(i).spec().role().answersAlone();
        double use = (awaits ? spokenFor(load, rates) : load.kvUse) + added / load.capacityTokens;
        overflowTerm[i] = OVERFLOW_SECONDS * Math.max(0, use - FULL);
      }
      scores[i] =
          -(pendingTerm[i] + prefillTerm[i] + decodeTerm[i] + evictionTerm[i] + overflowTerm[i]);
    }
  }

  /**
   * The share of the KV cache that is used, or will be by those who are still to begin here, most
   * of whose prompts are computed elsewhere: of their context what requests do not share with
   * others, on average. At most 1.2 with these: beyond it all are full, and by how much is a guess.
   */
  private static double spokenFor(EndpointLoad load, ModelRates rates) {
    double expected = load.waitingContextTokens() * (1 - rates.sharedTokens());
    double use = load.kvUse + expected / load.capacityTokens;
    return Math.max(load.kvUse, Math.min(MOST_SPOKEN_FOR, use));
  }

  /** What an evicted token costs one day, by the capacity that it is evicted from. */
  private static final class EvictionPrice {

    private final double prefillSecondsPerToken;
    private final double load;
    private double capacityTokens = -1;
    private double price;

    EvictionPrice(double prefillSecondsPerToken, double load) {
      this.prefillSecondsPerToken = prefillSecondsPerToken;
      this.load = Math.max(load, LEAST_LOAD);
    }

    /** In seconds; pods of a pool are alike, so the last answer is nearly always the next. */
    double perToken(double capacity) {
      if (capacity != capacityTokens) {
        capacityTokens = capacity;
        double age = capacity * prefillSecondsPerToken / load;
        price = prefillSecondsPerToken * Math.exp(-age / EVICTION_AGE_SECONDS);
      }
      return price;
    }
  }

  private static double expectedOutput(InferenceRequest request, ModelRates rates) {
    double output = rates.outputTokens();
    return request.maxTokens() >= 0 ? Math.min(output, request.maxTokens()) : output;
  }

  /** One of the candidates whose score is within {@code tolerance} of the best, each as likely. */
  private static int oneOfTheBest(
      SchedulingContext context, Candidates candidates, double tolerance) {
    var scores = candidates.scores();
    int chosen = candidates.ranked(0);
    double least = scores[chosen] - tolerance;
    int equal = 0;
    for (int i = 0; i < candidates.count(); i++) {
      if (scores[i] >= least && context.random().nextInt(++equal) == 0) {
        chosen = i;
      }
    }
    return chosen;
  }
}
