package io.penstock.picker.cost;

/**
 * Weights of the expected cost; everything else in it is seconds.
 *
 * @param loadPrice g: how fast compute gets dearer as the pool fills up, at least 0
 * @param poolStall wp: how much dearer it gets by each request that decodes on an endpoint of the
 *     pool, on average, at least 0
 * @param memoryPrice gm: how much dearer it gets where KV memory is short, at least 0
 * @param eviction ev: how much of the value of evicted cache counts, at least 0
 * @param decode wd: how much of the slow-down of decodes counts, at least 0
 * @param stall wc: how much each decode counts that waits behind a prefill, at least 0
 * @param queueStall wq: how much each request counts that waits for its own prefill and will decode
 *     behind this one, at least 0
 */
public record CostWeights(
    double loadPrice,
    double poolStall,
    double memoryPrice,
    double eviction,
    double decode,
    double stall,
    double queueStall) {

  /** What replaying the first halves of two traces found best. */
  public static final CostWeights DEFAULT = new CostWeights(4, 0.15, 5, 0.1, 0.2, 0.05, 0.8);

  /** Refuses negative weights. */
  public CostWeights {
    require("loadPrice", loadPrice);
    require("poolStall", poolStall);
    require("memoryPrice", memoryPrice);
    require("eviction", eviction);
    require("decode", decode);
    require("stall", stall);
    require("queueStall", queueStall);
  }

  /** Of endpoints that compute prompts for others: nobody decodes there, and nobody is stalled. */
  public CostWeights ofPrefills() {
    return new CostWeights(loadPrice, 0, 0, eviction, 0, 0, 0);
  }

  private static void require(String name, double value) {
    if (!(value >= 0 && value <= 1e6)) {
      throw new IllegalArgumentException(
          ExpectedCostPicker.TYPE + ": " + name + " is " + value + ", allowed: 0 to 1000000");
    }
  }
}
