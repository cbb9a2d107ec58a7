package io.penstock.picker.signals;

/**
 * The part of an endpoint's newest sample that a decision needs, read at once by {@link
 * EngineSignals#read}. Mutable, so that reading a thousand endpoints allocates nothing; confined to
 * its maker's thread.
 */
public final class EngineLoad {

  boolean fresh;
  int running;
  double kvUsage;
  long kvCapacityTokens;

  /** Whether the sample is young enough to be believed. */
  public boolean fresh() {
    return fresh;
  }

  /** Requests in running batches. */
  public int running() {
    return running;
  }

  /** Used share of the KV cache, 0..1. */
  public double kvUsage() {
    return kvUsage;
  }

  /** Tokens that fit into the KV cache; 0 when unknown. */
  public long kvCapacityTokens() {
    return kvCapacityTokens;
  }
}
