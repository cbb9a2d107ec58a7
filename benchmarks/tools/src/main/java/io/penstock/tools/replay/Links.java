package io.penstock.tools.replay;

/**
 * The network between pods: each sends one KV cache after the other, and takes in one after the
 * other, at the rate of the {@link Roles}. Confined to the replay's thread.
 */
final class Links {

  private final Roles roles;
  private final long[] sendsUntil;
  private final long[] receivesUntil;

  Links(Roles roles, int pods) {
    this.roles = roles;
    this.sendsUntil = new long[pods];
    this.receivesUntil = new long[pods];
  }

  /** When the cache of so many tokens has arrived, asked for at {@code nowNanos}. */
  long arrivalNanos(int from, int to, int tokens, long nowNanos) {
    double seconds = (double) tokens * roles.kvBytesPerToken() / roles.bytesPerSecond();
    long asked = nowNanos + roles.overhead().toNanos();
    long start = Math.max(asked, Math.max(sendsUntil[from], receivesUntil[to]));
    long end = start + Math.round(seconds * 1e9);
    sendsUntil[from] = end;
    receivesUntil[to] = end;
    return end;
  }
}
