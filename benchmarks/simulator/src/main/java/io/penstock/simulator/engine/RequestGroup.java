package io.penstock.simulator.engine;

/**
 * The sequences of one prompt's {@code n} choices, as far as the metrics see them as one request.
 *
 * <p>Confined to the engine's thread; owned by the requests that share it.
 */
public final class RequestGroup {

  private final int size;
  private int ended;
  private int mostTokens;

  private RequestGroup(int size) {
    this.size = size;
  }

  /** A group for {@code n} sequences. */
  public static RequestGroup of(int n) {
    if (n < 1) {
      throw new IllegalArgumentException("n must be at least 1, not " + n);
    }
    return new RequestGroup(n);
  }

  /** How many choices were asked for. */
  public int size() {
    return size;
  }

  /** Output length of the longest choice that ended. */
  int mostTokens() {
    return mostTokens;
  }

  /** Counts a choice that ended; true at the last one. */
  boolean end(int completionTokens) {
    mostTokens = Math.max(mostTokens, completionTokens);
    return ++ended == size;
  }
}
