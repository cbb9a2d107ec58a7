package io.penstock.picker.prefix;

/** How many cells searches look at, over a sample of blocks. Confined to its maker's thread. */
final class ProbeStats {

  private long blocks;
  private long probes;
  private int longest;

  void add(int needed) {
    blocks++;
    probes += needed;
    longest = Math.max(longest, needed);
  }

  double mean() {
    return blocks == 0 ? 0 : (double) probes / blocks;
  }

  int longest() {
    return longest;
  }
}
