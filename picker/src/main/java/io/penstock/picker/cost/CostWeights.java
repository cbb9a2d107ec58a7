package io.penstock.picker.cost;

/**
 * Weights of the expected cost; everything else in it is seconds.
 *
 * @param loadPrice g: how fast compute gets dearer as the pool fills up, at least 0
 * @param eviction ev: how much of the value of evicted cache counts, at least 0
 * @param decode wd: how much of the slow-down of decodes counts, at least 0
 * @param stall wc: how much the decodes that wait behind a prefill count, at least 0
 */
public record CostWeights(double loadPrice, double eviction, double decode, double stall) {

  /** What simulation found best. */
  public static final CostWeights DEFAULT = new CostWeights(4, 0.1, 0.3, 0.1);

  /** Refuses negative weights. */
  public CostWeights {
    require("loadPrice", loadPrice);
    require("eviction", eviction);
    require("decode", decode);
    require("stall", stall);
  }

  private static void require(String name, double value) {
    if (!(value >= 0 && value <= 1e6)) {
      throw new IllegalArgumentException(
          ExpectedCostPicker.TYPE + ": " + name + " is " + value + ", allowed: 0 to 1000000");
    }
  }
}
