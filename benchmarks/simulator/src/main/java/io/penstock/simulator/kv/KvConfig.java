package io.penstock.simulator.kv;

import java.time.Duration;

/**
 * How one pod shares its KV cache. Immutable.
 *
 * @param connector what the pods speak
 * @param prefills whether it computes prompts for others, where the connector cannot tell by the
 *     request: {@code --disaggregation-mode} of SGLang
 * @param port where other pods dial it, 0: a free one
 * @param lease how long the blocks of a prefilled prompt are held for a decode pod
 * @param bytesPerToken size of a token's KV cache
 * @param bytesPerSecond of the network; 0: a transfer takes no time
 * @param extraParams further members of the transfer parameters, as JSON with a comma in front;
 *     whoever hands them on must not change them. Empty for none
 * @param store where prompts are kept by connectors that share one; the same for all that are made
 *     of one configuration
 */
public record KvConfig(
    KvConnector connector,
    boolean prefills,
    int port,
    Duration lease,
    long bytesPerToken,
    long bytesPerSecond,
    String extraParams,
    SharedStore store) {

  /** Refuses what makes no sense. */
  public KvConfig {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("kv port is " + port + ", allowed: 0 to 65535");
    }
    if (lease.isNegative() || lease.isZero()) {
      throw new IllegalArgumentException("kv lease is " + lease + ", allowed: more than 0");
    }
    if (bytesPerToken < 1 || bytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "kv bytes per token and per second are "
              + bytesPerToken
              + " and "
              + bytesPerSecond
              + ", allowed: at least 1 and 0");
    }
  }

  /** That connector with leases of 30 s, and 8B's cache over 100 Gbit/s. */
  public static KvConfig of(KvConnector connector) {
    return new KvConfig(
        connector,
        false,
        0,
        Duration.ofSeconds(30),
        131_072,
        12_500_000_000L,
        "",
        new SharedStore());
  }

  /** The same for a pod that computes prompts for others. */
  public KvConfig prefilling() {
    return new KvConfig(
        connector, true, port, lease, bytesPerToken, bytesPerSecond, extraParams, store);
  }

  /** The same with a fixed port. */
  public KvConfig withPort(int other) {
    return new KvConfig(
        connector, prefills, other, lease, bytesPerToken, bytesPerSecond, extraParams, store);
  }

  /** The same with another lease. */
  public KvConfig withLease(Duration other) {
    return new KvConfig(
        connector, prefills, port, other, bytesPerToken, bytesPerSecond, extraParams, store);
  }

  /** The same over another network. */
  public KvConfig withBytesPerSecond(long other) {
    return new KvConfig(connector, prefills, port, lease, bytesPerToken, other, extraParams, store);
  }

  /** The same with further members in the transfer parameters. */
  public KvConfig withExtraParams(String other) {
    return new KvConfig(
        connector, prefills, port, lease, bytesPerToken, bytesPerSecond, other, store);
  }

  /** How long so many tokens take. */
  long transferNanos(int tokens) {
    return bytesPerSecond == 0
        ? 0
        : Math.round((double) tokens * bytesPerToken / bytesPerSecond * 1e9);
  }
}
