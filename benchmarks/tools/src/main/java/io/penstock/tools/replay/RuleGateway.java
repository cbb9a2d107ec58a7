package io.penstock.tools.replay;

import io.penstock.simulator.engine.EngineStats;
import io.penstock.tools.replay.rule.PoolView;
import io.penstock.tools.replay.rule.RoutingRule;
import io.penstock.tools.replay.trace.TraceRequest;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A router that follows a published rule, and the view of the pool that the rule gets. */
final class RuleGateway implements Gateway, PoolView {

  private final RoutingRule rule;
  private final Pods pods;
  private final RandomGenerator random;
  private final int[] inFlight;
  private final long[] pendingTokens;
  private final double[] pendingSeconds;
  private final long[] activeTokens;
  private final int[] waiting;
  private final double[] kvUsage;
  private final int[] cached;
  private @Nullable TraceRequest choosingFor;

  RuleGateway(RoutingRule rule, Pods pods, long seed) {
    this.rule = rule;
    this.pods = pods;
    this.random = new SplittableRandom(seed);
    int count = pods.count();
    this.inFlight = new int[count];
    this.pendingTokens = new long[count];
    this.pendingSeconds = new double[count];
    this.activeTokens = new long[count];
    this.waiting = new int[count];
    this.kvUsage = new double[count];
    this.cached = new int[count];
  }

  @Override
  public Delivery send(TraceRequest request, long nowNanos) {
    choosingFor = request;
    Arrays.fill(cached, -1);
    int pod = rule.choose(request, this);
    int found = cachedTokens(pod);
    return new Sent(pod, request.promptTokens(), found);
  }

  @Override
  public void scraped(int pod, EngineStats stats, long nowNanos, long intervalNanos) {
    waiting[pod] = stats.waiting();
    kvUsage[pod] = stats.kvCacheUsage();
  }

  @Override
  public void lost(int pod) {
    // The list of live pods is the replay's own.
  }

  @Override
  public void tick(long nowNanos) {
    // A rule learns nothing from time.
  }

  /** llm-d's default. */
  @Override
  public Duration scrapeInterval() {
    return Duration.ofMillis(50);
  }

  @Override
  public List<Integer> live() {
    return pods.live();
  }

  @Override
  public int inFlight(int pod) {
    return inFlight[pod];
  }

  @Override
  public long pendingPrefillTokens(int pod) {
    return pendingTokens[pod];
  }

  @Override
  public double pendingPrefillSeconds(int pod) {
    return pendingSeconds[pod];
  }

  @Override
  public long activeTokens(int pod) {
    return activeTokens[pod];
  }

  @Override
  public int waiting(int pod) {
    return waiting[pod];
  }

  @Override
  public double kvUsage(int pod) {
    return kvUsage[pod];
  }

  @Override
  public int cachedTokens(int pod) {
    if (cached[pod] < 0 && choosingFor != null) {
      cached[pod] = pods.cachedTokens(pod, choosingFor);
    }
    return cached[pod];
  }

  @Override
  public double prefillSeconds(int pod, int promptTokens, int cachedTokens) {
    return pods.prefillSeconds(pod, promptTokens, cachedTokens);
  }

  @Override
  public RandomGenerator random() {
    return random;
  }

  /** A request in flight and its share of the counts. */
  private final class Sent implements Delivery {
    private final int pod;
    private final int uncached;
    private final double prefillSeconds;
    private long tokens;
    private boolean prefilling = true;

    Sent(int pod, int promptTokens, int cachedTokens) {
      this.pod = pod;
      this.uncached = promptTokens - cachedTokens;
      this.prefillSeconds = pods.prefillSeconds(pod, promptTokens, cachedTokens);
      this.tokens = promptTokens;
      inFlight[pod]++;
      pendingTokens[pod] += uncached;
      pendingSeconds[pod] += prefillSeconds;
      activeTokens[pod] += promptTokens;
    }

    @Override
    public int pod() {
      return pod;
    }

    @Override
    public void token(long nowNanos) {
      prefilled();
      tokens++;
      activeTokens[pod]++;
    }

    @Override
    public void completed(int cachedTokens, long nowNanos) {
      end();
    }

    @Override
    public void failed(long nowNanos) {
      end();
    }

    private void prefilled() {
      if (prefilling) {
        prefilling = false;
        pendingTokens[pod] -= uncached;
        // Sums of differences would keep a rest where nothing is pending.
        pendingSeconds[pod] = pendingTokens[pod] == 0 ? 0 : pendingSeconds[pod] - prefillSeconds;
      }
    }

    private void end() {
      prefilled();
      inFlight[pod]--;
      activeTokens[pod] -= tokens;
    }
  }
}
