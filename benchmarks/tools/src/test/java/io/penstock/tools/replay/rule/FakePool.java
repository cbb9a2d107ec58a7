package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** A pool in which every number is set by hand; a token of prefill takes a millisecond. */
final class FakePool implements PoolView {

  final int[] inFlight;
  final long[] pendingTokens;
  final long[] activeTokens;
  final int[] waiting;
  final double[] kvUsage;
  final int[] cachedTokens;
  private final List<Integer> live;
  private final RandomGenerator random = new SplittableRandom(1);

  FakePool(int pods) {
    inFlight = new int[pods];
    pendingTokens = new long[pods];
    activeTokens = new long[pods];
    waiting = new int[pods];
    kvUsage = new double[pods];
    cachedTokens = new int[pods];
    live = IntStream.range(0, pods).boxed().toList();
  }

  /** A prompt of these blocks, all full. */
  static TraceRequest prompt(int... blocks) {
    return new TraceRequest(0, 0, blocks.length * TraceRequest.BLOCK_TOKENS, 1, blocks);
  }

  @Override
  public List<Integer> live() {
    return live;
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
    return pendingTokens[pod] / 1e3;
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
    return cachedTokens[pod];
  }

  @Override
  public double prefillSeconds(int pod, int promptTokens, int cached) {
    return (promptTokens - cached) / 1e3;
  }

  @Override
  public RandomGenerator random() {
    return random;
  }
}
