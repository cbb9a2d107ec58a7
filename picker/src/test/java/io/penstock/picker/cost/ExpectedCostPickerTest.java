package io.penstock.picker.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.plugins.SingleProfileHandler;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The formula on numbers that can be checked by hand: rates are the prior's. */
class ExpectedCostPickerTest {

  private static final double C = 32e-6;
  private static final double A = 1.1e-9;
  private static final double T_KV = 49e-9;
  private static final int TOKENS = 6400;
  private static final int PENDING = 0;
  private static final int PREFILL = 1;
  private static final int DECODE = 2;
  private static final int EVICTION = 3;
  private static final int OVERFLOW = 4;

  private final EngineSignals signals = new EngineSignals(Duration.ofSeconds(1));
  private final InFlight inFlight = new InFlight(2);
  private final PrefixIndex index =
      new PrefixIndex(new PrefixIndexConfig(16, 1024, 8 << 20, 1 << 14, 1));
  private final CostModel model = new CostModel(1, ModelRates.PRIOR);
  private final Scheduler scheduler =
      new Scheduler(
          new SingleProfileHandler(),
          List.of(
              new Profile(
                  "default",
                  List.of(),
                  List.of(),
                  new ExpectedCostPicker(model, CostWeights.DEFAULT))),
          model,
          Set.of("m"));
  private final SchedulingContext context =
      scheduler.context(signals, inFlight, index, new SplittableRandom(5));
  private final long[] keys =
      LongStream.rangeClosed(1, KeyGrid.keys(100)).map(i -> i * 77_777_777_777L).toArray();
  private final InferenceRequest request =
      InferenceRequest.builder(ApiKind.CHAT, "m")
          .promptBytes(4 * TOKENS)
          .keys(PromptKeys.owning(keys))
          .build();
  private long now = 1_000_000_000;

  @Test
  void idle_endpoints_cost_the_prefill_of_what_they_do_not_hold() {
    var pool = pool(2);
    index.learn(1, keys, KeyGrid.keys(72));

    var route = pick(pool);

    assertThat(route.endpoint().slot()).isEqualTo(1);
    assertThat(route.cachedTokens()).isEqualTo(4608);
    assertThat(term(0, PREFILL)).isCloseTo(C * 6400 + A * 6400 * 3200, within(1e-6));
    assertThat(term(1, PREFILL)).isCloseTo(C * 1792 + A * 1792 * (4608 + 896), within(1e-6));
    assertThat(term(1, PENDING) + term(1, DECODE) + term(1, EVICTION) + term(1, OVERFLOW)).isZero();
    assertThat(route.predictedTtftNanos() / 1e9)
        .isCloseTo(10e-3 + C * 1792 + A * 1792 * 5504, within(1e-6));
  }

  @Test
  void each_endpoint_costs_the_prefill_of_what_it_does_not_hold_whatever_its_neighbours_do() {
    var pool = pool(5);
    int[] held = {72, 0, 36, 72, 0};
    for (int slot = 0; slot < held.length; slot++) {
      index.learn(slot, keys, KeyGrid.keys(held[slot]));
    }

    pick(pool);

    for (int slot = 0; slot < held.length; slot++) {
      int cached = 64 * held[slot];
      int left = TOKENS - cached;
      assertThat(term(slot, PREFILL))
          .isCloseTo(C * left + A * left * (cached + left / 2.0), within(1e-6));
    }
  }

  @Test
  void what_waits_there_counts_as_prefill_seconds() {
    var pool = pool(2);
    inFlight.add(0, 0, 3000, 4000);
    inFlight.add(1, 0, 1000, 1000);

    assertThat(pick(pool).endpoint().slot()).isEqualTo(1);

    assertThat(term(0, PENDING)).isCloseTo(C * 4000 + A * 4000 * 1000, within(1e-6));
  }

  @Test
  void decodes_there_make_prefill_and_decode_dearer() {
    var pool = pool(2);
    for (int i = 0; i < 10; i++) {
      inFlight.add(0, 0, 500, 1000);
      inFlight.firstToken(0, 0, 500);
    }

    pick(pool);

    double prefill = C * 6400 + A * 6400 * 3200;
    assertThat(term(0, PREFILL)).isCloseTo((1 + 0.05 * 10) * prefill, within(1e-6));
    assertThat(term(0, DECODE)).isCloseTo(0.2 * 350 * T_KV * (10_000 + 6400 * 10), within(1e-6));
    assertThat(term(0, PENDING)).isZero();
  }

  @Test
  void requests_that_wait_there_would_be_stalled_too_and_then_decode_beside() {
    var pool = pool(1);
    inFlight.add(0, 0, 3000, 4000);
    inFlight.add(1, 0, 1000, 1000);

    pick(pool);

    double prefill = C * 6400 + A * 6400 * 3200;
    assertThat(term(0, PREFILL)).isCloseTo((1 + 0.8 * 2) * prefill, within(1e-6));
    assertThat(term(0, DECODE)).isCloseTo(0.2 * 350 * T_KV * (5000 + 6400 * 2), within(1e-6));
  }

  @Test
  void decodes_anywhere_in_the_pool_raise_the_price_of_compute() {
    var pool = pool(2);
    for (int i = 0; i < 30; i++) {
      inFlight.add(0, 1, 500, 1000);
      inFlight.firstToken(0, 1, 500);
    }
    now += 1;
    model.tick(now, pool, signals, inFlight);

    pick(pool);

    double prefill = C * 6400 + A * 6400 * 3200;
    assertThat(term(0, PREFILL)).isCloseTo((1 + 0.15 * 15) * prefill, within(1e-6));
  }

  @Test
  void a_stall_that_another_endpoint_could_spare_the_decodes_is_dearer() {
    var pool = pool(Role.DECODE, Role.PREFILL);
    for (int i = 0; i < 30; i++) {
      inFlight.add(0, 0, 500, 1000);
      inFlight.firstToken(0, 0, 500);
    }

    pick(pool);

    double prefill = C * 6400 + A * 6400 * 3200;
    assertThat(term(0, PREFILL)).isCloseTo((1 + 4 * 0.05 * 30) * prefill, within(1e-6));
    assertThat(term(1, PREFILL)).isCloseTo(prefill, within(1e-6));
  }

  @Test
  void memory_is_spoken_for_by_those_whose_prompts_are_computed_elsewhere() {
    var pool = pool(Role.DECODE, Role.PREFILL, Role.DECODE);
    for (int slot = 0; slot < 3; slot++) {
      now += 1;
      Metrics.put(signals, slot, 0, 0, 0.25, 2_500, now); // of 40,000 tokens
    }
    inFlight.add(0, 0, 0, 40_000);
    inFlight.add(0, 0, 0, 40_000);
    inFlight.firstToken(0, 0, 0);
    inFlight.add(0, 1, 36_000, 36_000);
    inFlight.add(0, 2, 0, 4_000_000);

    pick(pool);

    double added = (6400 + 350) / 40_000.0;
    double shared = 1000 / 1500.0; // of the prior
    assertThat(term(0, OVERFLOW))
        .as("half of what it holds is of one that decodes")
        .isCloseTo(100 * (0.25 + shared + added - 0.95), within(1e-6));
    assertThat(term(1, OVERFLOW)).as("prompts that wait hold nothing yet").isZero();
    assertThat(term(2, OVERFLOW)).as("at most").isCloseTo(100 * (1.2 + added - 0.95), within(1e-6));

    pick(pool(Role.DECODE, Role.DECODE, Role.DECODE));
    assertThat(term(0, OVERFLOW)).as("among equals the engine's word counts").isZero();
  }

  @Test
  void max_tokens_bounds_the_output_that_is_expected() {
    var pool = pool(1);
    inFlight.add(0, 0, 0, 1000);
    inFlight.firstToken(0, 0, 0);
    var shortAnswer =
        InferenceRequest.builder(ApiKind.CHAT, "m").promptBytes(4 * TOKENS).maxTokens(10).build();

    schedule(pool, shortAnswer);

    assertThat(term(0, DECODE)).isCloseTo(0.2 * 10 * T_KV * (1000 + 6400), within(1e-7));
  }

  @Test
  void load_raises_the_price_of_compute() {
    var pool = pool(2);
    index.learn(1, keys, KeyGrid.keys(72));
    loadPool(pool, 0.5);
    assertThat(model.load()).isCloseTo(0.5, within(0.02));

    pick(pool);

    double price = 1 + 4 * model.load() / (1 - model.load());
    assertThat(term(0, PREFILL)).isCloseTo(price * (C * 6400 + A * 6400 * 3200), within(1e-6));
  }

  @Test
  void where_memory_is_short_a_prefill_is_dearer_by_what_requests_share() {
    var pool = pool(2);
    var observer = model.observer(0);
    for (int i = 0; i < 1_000; i++) {
      var _ = observer.sent(request, 0, inFlight, 1_000, 800);
      model.tick(now, pool, signals, inFlight);
    }
    var rates = model.rates("m");
    assertThat(rates.sharedTokens()).isCloseTo(0.8, within(0.01));

    assertThat(memoryPrice(pool, rates, 0.8, 0.8)).isEqualTo(1);
    assertThat(memoryPrice(pool, rates, 0.9, 1)).isCloseTo(1 + 5 * 0.8 * 1.5, within(0.1));
    assertThat(memoryPrice(pool, rates, 1, 1)).isCloseTo(1 + 5 * 0.8 * 4, within(0.2));
    assertThat(memoryPrice(pool, ModelRates.PRIOR, 1, 1))
        .as("a third is shared")
        .isCloseTo(1 + 5 / 3.0 * 4, within(1e-6));

    now += 5_000_000_000L;
    assertThat(memoryPrice(pool, rates, 1)).as("nothing is known of one").isGreaterThan(10);
    now += 5_000_000_000L;
    assertThat(memoryPrice(pool, rates)).as("nor of the other").isEqualTo(1);
  }

  @Test
  void where_memory_is_short_a_request_goes_to_its_prefix_in_spite_of_a_queue() {
    var pool = pool(2);
    index.learn(1, keys, KeyGrid.keys(72));
    inFlight.add(0, 1, 6_000, 6_000);
    memoryPrice(pool, ModelRates.PRIOR, 0.5, 0.5);
    assertThat(pick(pool).endpoint().slot()).isZero();
    double roomy = term(0, PREFILL);

    memoryPrice(pool, ModelRates.PRIOR, 0.9, 0.9);
    assertThat(pick(pool).endpoint().slot()).isEqualTo(1);
    assertThat(term(0, PREFILL)).isGreaterThan(1.5 * roomy);
  }

  @Test
  void where_some_only_prefill_the_price_of_memory_counts_for_nothing() {
    var pool = pool(Role.DECODE, Role.PREFILL);
    memoryPrice(pool, ModelRates.PRIOR, 0.5, 0.5);
    pick(pool);
    double roomy = term(0, PREFILL);

    assertThat(memoryPrice(pool, ModelRates.PRIOR, 0.9, 0.9)).isGreaterThan(2);
    pick(pool);
    assertThat(term(0, PREFILL)).isEqualTo(roomy);
  }

  /** What memory makes of the price where the endpoints use that share of their caches. */
  private double memoryPrice(PoolSnapshot pool, ModelRates rates, double... uses) {
    for (int slot = 0; slot < uses.length; slot++) {
      Metrics.put(signals, slot, 0, 0, uses[slot], 1_000_000, now);
    }
    model.tick(now, pool, signals, inFlight);
    return model.memoryPrice(CostWeights.DEFAULT, rates);
  }

  @Test
  void who_only_encodes_has_no_share_of_the_load() {
    var pool = pool(Role.BOTH, Role.ENCODE);
    for (int i = 0; i < 30; i++) {
      inFlight.add(0, 0, 500, 1000);
      inFlight.firstToken(0, 0, 500);
    }
    loadPool(pool, 0.25);
    now += 1;
    Metrics.put(signals, 1, 8, 0, 0, 0, now);
    model.tick(now, pool, signals, inFlight);

    assertThat(model.load()).as("of the one that prefills").isCloseTo(0.5, within(0.02));
    double load = 4 * model.load() / (1 - model.load());
    double decoding = model.price(CostWeights.DEFAULT) - 1 - load;
    assertThat(decoding / CostWeights.DEFAULT.poolStall()).isCloseTo(30, within(1e-6));
  }

  @Test
  void what_runs_where_media_are_encoded_is_no_other_gateways_request() {
    var pool = pool(Role.BOTH, Role.ENCODE);
    for (int i = 0; i < 16; i++) {
      inFlight.add(0, 0, 0, 0);
    }
    for (int i = 0; i < 300; i++) {
      now += 1_000_000_000L;
      Metrics.put(signals, 0, 16, 0, 0, 0, now);
      Metrics.put(signals, 1, 16, 0, 0, 0, now);
      model.tick(now, pool, signals, inFlight);
    }
    assertThat(model.foreignShare()).isZero();
  }

  @Test
  void a_full_cache_costs_what_must_be_evicted_and_the_overflow() {
    var pool = pool(2);
    Metrics.put(signals, 0, 0, 0, 0.93, 625, now);
    Metrics.put(signals, 1, 0, 0, 0.0, 62_500, now);
    long[] others =
        LongStream.rangeClosed(1, KeyGrid.keys(144)).map(i -> i * 99_999_999_977L).toArray();
    index.learn(0, others, others.length);
    loadPool(pool, 0.5);
    now += 1;
    Metrics.put(signals, 0, 0, 0, 0.93, 625, now);
    Metrics.put(signals, 1, 0, 0, 0.0, 62_500, now);

    assertThat(pick(pool).endpoint().slot()).isEqualTo(1);

    double price = 1 + 4 * model.load() / (1 - model.load());
    double age = 10_000 * C / model.load();
    double evicted = 6400 + 350 - (10_000 - 144 * 64);
    assertThat(term(0, EVICTION))
        .isCloseTo(0.1 * price * C * evicted * Math.exp(-age / 600), within(1e-6));
    assertThat(term(1, EVICTION)).isZero();
    assertThat(term(0, OVERFLOW)).isCloseTo(100 * (0.93 + 6750 / 10_000.0 - 0.95), within(1e-3));
    assertThat(term(1, OVERFLOW)).isZero();
  }

  @Test
  void what_others_sent_counts_once_two_fresh_samples_agree() {
    var pool = pool(1);
    inFlight.add(0, 0, 2000, 2000);
    sample(pool, 30, 4);
    pick(pool);
    assertThat(term(0, PENDING)).isCloseTo(C * 2000 + A * 2000 * 1000, within(1e-6));

    sample(pool, 30, 6);
    pick(pool);

    double others = 3 * ModelRates.PRIOR.uncachedTokens();
    double all = 2000 + others;
    assertThat(term(0, PENDING)).isCloseTo(C * all + A * all * all / (2 * 4), within(1e-6));
    double prefill = C * 6400 + A * 6400 * 3200;
    assertThat(term(0, PREFILL))
        .isCloseTo((1 + 0.15 * 29 + 0.05 * 29 + 0.8 * 4) * prefill, within(1e-6));
  }

  @Test
  void stale_signals_count_for_nothing() {
    var pool = pool(1);
    sample(pool, 30, 40);
    sample(pool, 30, 40);
    now += 2_000_000_000L;

    pick(pool);

    assertThat(term(0, PENDING)).isZero();
    assertThat(term(0, DECODE)).isZero();
  }

  @Test
  void equal_costs_are_shared_evenly_by_chance() {
    var pool = pool(8);
    Map<Integer, Integer> shares = new HashMap<>();
    for (int i = 0; i < 8000; i++) {
      shares.merge(pick(pool).endpoint().slot(), 1, Integer::sum);
    }

    assertThat(shares.values()).hasSize(8).allSatisfy(n -> assertThat(n).isBetween(850, 1150));
  }

  @Test
  void beside_others_a_new_prompt_goes_where_they_would_send_it() {
    var pool = pool(8);
    besideOthers(pool, 1);
    Set<Integer> homes = new HashSet<>();
    for (int prompt = 0; prompt < 64; prompt++) {
      long first = prompt;
      var mine = LongStream.of(keys).map(key -> key + first).toArray();
      int home = pickNew(pool, mine);
      homes.add(home);
      for (int again = 0; again < 5; again++) {
        assertThat(pickNew(pool, mine)).isEqualTo(home);
      }
    }

    assertThat(homes).hasSize(8);
  }

  @Test
  void a_home_is_believed_to_hold_what_others_share() {
    var pool = pool(1);
    besideOthers(pool, 4);
    assertThat(model.foreignShare()).isCloseTo(0.75, within(1e-9));

    pick(pool);

    // Of the prior's 1,500 tokens 1,000 are uncached: r = (1/3 · 3) / (2/3).
    double uncached = 6400 * (1 - 0.8 * 2.25 / (2.25 + 0.3));
    double stalls = 1 + 0.15 * 12 + 0.05 * 12 + 0.8 * 4;
    assertThat(term(0, PREFILL))
        .isCloseTo(stalls * (C * uncached + A * uncached * uncached / 2), within(1e-6));
  }

  @Test
  void less_than_a_quarter_block_of_waiting_prefill_is_no_reason_but_a_block_of_prefix_is() {
    var pool = pool(2);
    inFlight.add(0, 0, 112, 0);
    inFlight.add(0, 1, 100, 0);
    int first = 0;
    for (int i = 0; i < 2000; i++) {
      first += pick(pool).endpoint().slot() == 0 ? 1 : 0;
    }
    assertThat(first).isBetween(850, 1150);

    index.learn(0, keys, 1);
    for (int i = 0; i < 100; i++) {
      assertThat(pick(pool).endpoint().slot()).isZero();
    }
  }

  @Test
  void token_ids_are_counted_exactly() {
    var pool = pool(1);
    var ids =
        InferenceRequest.builder(ApiKind.COMPLETIONS, "m")
            .promptBytes(50_000)
            .promptTokenIds(TOKENS + 30)
            .keys(PromptKeys.owning(keys))
            .build();
    index.learn(0, keys, keys.length);

    var route = schedule(pool, ids);

    assertThat(route.promptTokens()).isEqualTo(6430);
    assertThat(route.cachedTokens()).isEqualTo(6400);
  }

  @Test
  void the_last_token_of_a_prompt_is_never_cached() {
    var pool = pool(1);
    index.learn(0, keys, keys.length);

    assertThat(pick(pool).cachedTokens()).isEqualTo(TOKENS - 1);
  }

  @Test
  void what_stands_in_front_of_the_first_block_is_cached_with_it() {
    var pool = pool(1);
    var tools =
        InferenceRequest.builder(ApiKind.CHAT, "m")
            .promptBytes(4 * TOKENS)
            .rootBytes(4 * 1600)
            .keys(PromptKeys.owning(Arrays.copyOf(keys, KeyGrid.keys(75))))
            .build();
    index.learn(0, keys, 25);

    assertThat(schedule(pool, tools).cachedTokens()).isEqualTo(1600 + 1600);
  }

  private PoolSnapshot pool(int endpoints) {
    var roles = new Role[endpoints];
    Arrays.fill(roles, Role.BOTH);
    return pool(roles);
  }

  private PoolSnapshot pool(Role... roles) {
    List<Endpoint> list = new ArrayList<>();
    for (int slot = 0; slot < roles.length; slot++) {
      list.add(
          new Endpoint(
              slot, EndpointSpec.of("10.0.0." + (slot + 1), 8000, roles[slot]), List.of()));
      index.open(slot);
    }
    return new PoolSnapshot("p", 1, list);
  }

  /** Ten minutes in which that many seconds of prefill are routed to each endpoint per second. */
  private void loadPool(PoolSnapshot pool, double perSecond) {
    model.tick(now, pool, signals, inFlight);
    for (int i = 0; i < 600; i++) {
      model.routed(perSecond * pool.endpoints().size(), 1_000);
      now += 1_000_000_000L;
      model.tick(now, pool, signals, inFlight);
    }
  }

  private void sample(PoolSnapshot pool, int running, int waiting) {
    now += 200_000_000;
    Metrics.put(signals, 0, running, waiting, 0, 0, now);
    model.tick(now, pool, signals, inFlight);
  }

  /** Minutes in which each engine has 16 requests, of which we sent so many. */
  private void besideOthers(PoolSnapshot pool, int own) {
    for (var endpoint : pool.endpoints()) {
      for (int i = 0; i < own; i++) {
        inFlight.add(0, endpoint.slot(), 0, 0);
      }
    }
    for (int i = 0; i < 300; i++) {
      now += 1_000_000_000L;
      for (var endpoint : pool.endpoints()) {
        Metrics.put(signals, endpoint.slot(), 16, 0, 0, 0, now);
      }
      model.tick(now, pool, signals, inFlight);
    }
  }

  private int pickNew(PoolSnapshot pool, long[] prompt) {
    var what =
        InferenceRequest.builder(ApiKind.CHAT, "m")
            .promptBytes(4 * TOKENS)
            .keys(PromptKeys.owning(prompt))
            .build();
    return schedule(pool, what).endpoint().slot();
  }

  private Decision.Route pick(PoolSnapshot pool) {
    return schedule(pool, request);
  }

  private Decision.Route schedule(PoolSnapshot pool, InferenceRequest what) {
    context.begin(1, what, pool, new Exclusions(), now);
    return (Decision.Route) scheduler.schedule(context);
  }

  private double term(int slot, int term) {
    Candidates run = Objects.requireNonNull(context.result(0));
    assertThat(run.slot(slot)).isEqualTo(slot);
    return run.term(term)[slot];
  }
}
