package io.penstock.tools.replay;

import io.penstock.simulator.engine.EngineProfile;
import io.penstock.tools.replay.trace.TraceRequest;
import java.time.Duration;
import java.util.Optional;

/**
 * What a trace is replayed on.
 *
 * @param pods number of engines, 1 to 1,000
 * @param profile of the engines
 * @param cacheBlocks KV blocks of 512 tokens in each
 * @param slowPods how many of them, from the first, are slower
 * @param slowness how many times longer these take for everything, at least 1
 * @param losePod whether the last pod dies when half of the trace's time has passed
 * @param gateways routers; each request goes to one of them at random
 * @param shareDelay how late each gateway knows what the others have sent; empty: they share
 *     nothing but the pods
 * @param scrapeInterval between two looks of a router at a pod's metrics; empty: each router's own
 *     default
 * @param roles of the pods; empty: each does everything
 * @param tpotObjective most time per further token of an answer that counts as good
 * @param seed of every choice by chance
 */
public record ReplayConfig(
    int pods,
    EngineProfile profile,
    int cacheBlocks,
    int slowPods,
    double slowness,
    boolean losePod,
    int gateways,
    Optional<Duration> shareDelay,
    Optional<Duration> scrapeInterval,
    Optional<Roles> roles,
    Duration tpotObjective,
    long seed) {

  /** 100 ms. */
  public static final Duration TPOT_OBJECTIVE = Duration.ofMillis(100);

  /** Checks the bounds, naming the flag that sets each. */
  public ReplayConfig {
    require(pods >= 1 && pods <= 1_000, "--pods", pods, "1 to 1000");
    require(
        cacheBlocks >= 1 && cacheBlocks <= 1 << 20, "--cache-blocks", cacheBlocks, "1 to 1048576");
    require(slowPods >= 0 && slowPods <= pods, "--slow-pods", slowPods, "0 to the number of pods");
    require(slowness >= 1 && slowness <= 100, "--slowness", slowness, "1 to 100");
    require(gateways >= 1 && gateways <= 64, "--gateways", gateways, "1 to 64");
    require(!losePod || pods > 1, "--pods", pods, "2 or more with --lose-pod");
    int prefills = roles.map(Roles::prefills).orElse(0);
    require(prefills < pods, "--prefill", prefills, "fewer than there are pods");
    if (losePod && prefills > 0) {
      throw new IllegalArgumentException("--lose-pod and --prefill do not go together");
    }
    require(tpotObjective.toMillis() >= 1, "--tpot-millis", tpotObjective.toMillis(), "1 or more");
    shareDelay.ifPresent(
        delay -> require(delay.toMillis() >= 0, "--share-millis", delay.toMillis(), "0 or more"));
    scrapeInterval.ifPresent(
        interval ->
            require(interval.toMillis() >= 1, "--scrape-millis", interval.toMillis(), "1 or more"));
  }

  private static void require(boolean holds, String name, Number value, String allowed) {
    if (!holds) {
      throw new IllegalArgumentException(name + " is " + value + ", allowed: " + allowed);
    }
  }

  /** Equal pods with the profile's own cache, one gateway. */
  public static ReplayConfig of(int pods, EngineProfile profile, long seed) {
    int blocks = profile.capacityTokens() / TraceRequest.BLOCK_TOKENS;
    return new ReplayConfig(
        pods,
        profile,
        blocks,
        0,
        1,
        false,
        1,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        TPOT_OBJECTIVE,
        seed);
  }

  /** The same with another cache size. */
  public ReplayConfig withCacheBlocks(int blocks) {
    return new ReplayConfig(
        pods,
        profile,
        blocks,
        slowPods,
        slowness,
        losePod,
        gateways,
        shareDelay,
        scrapeInterval,
        roles,
        tpotObjective,
        seed);
  }

  /** The same with slower pods. */
  public ReplayConfig withSlowPods(int number, double times) {
    return new ReplayConfig(
        pods,
        profile,
        cacheBlocks,
        number,
        times,
        losePod,
        gateways,
        shareDelay,
        scrapeInterval,
        roles,
        tpotObjective,
        seed);
  }

  /** The same with a pod that dies. */
  public ReplayConfig withLostPod(boolean lose) {
    return new ReplayConfig(
        pods,
        profile,
        cacheBlocks,
        slowPods,
        slowness,
        lose,
        gateways,
        shareDelay,
        scrapeInterval,
        roles,
        tpotObjective,
        seed);
  }

  /** The same behind several gateways. */
  public ReplayConfig withGateways(int number) {
    return new ReplayConfig(
        pods,
        profile,
        cacheBlocks,
        slowPods,
        slowness,
        losePod,
        number,
        shareDelay,
        scrapeInterval,
        roles,
        tpotObjective,
        seed);
  }

  /** The same with gateways that tell each other what they send, that late. */
  public ReplayConfig withShareDelay(Duration delay) {
    return new ReplayConfig(
        pods,
        profile,
        cacheBlocks,
        slowPods,
        slowness,
        losePod,
        gateways,
        Optional.of(delay),
        scrapeInterval,
        roles,
        tpotObjective,
        seed);
  }

  /** The same with metrics as old as that. */
  public ReplayConfig withScrapeInterval(Duration interval) {
    return new ReplayConfig(
        pods,
        profile,
        cacheBlocks,
        slowPods,
        slowness,
        losePod,
        gateways,
        shareDelay,
        Optional.of(interval),
        roles,
        tpotObjective,
        seed);
  }

  /** The same with pods that compute prompts for others. */
  public ReplayConfig withRoles(Roles divided) {
    return new ReplayConfig(
        pods,
        profile,
        cacheBlocks,
        slowPods,
        slowness,
        losePod,
        gateways,
        shareDelay,
        scrapeInterval,
        Optional.of(divided),
        tpotObjective,
        seed);
  }

  /** The profile of pod {@code i}. */
  EngineProfile profile(int i) {
    return i < slowPods ? slower(profile, slowness) : profile;
  }

  private static EngineProfile slower(EngineProfile profile, double times) {
    return new EngineProfile(
        profile.name(),
        profile.tokenSeconds() * times,
        profile.attentionSeconds() * times,
        profile.weightSeconds() * times,
        profile.kvSeconds() * times,
        profile.overheadSeconds() * times,
        profile.capacityTokens(),
        profile.maxNumBatchedTokens(),
        profile.maxNumSeqs());
  }
}
