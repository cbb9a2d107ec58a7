package io.penstock.picker.signals;

import java.util.Arrays;

/**
 * The sums of an {@link InFlight} over its event loops at one moment, for all slots at once: what a
 * decision over many endpoints reads. Reused from decision to decision; confined to its maker's
 * thread.
 */
public final class InFlightTotals {

  private int[] sums = new int[0];

  /** Sums the columns for slots 0 to {@code slots - 1}; in order of memory, a column at a time. */
  public void take(InFlight inFlight, int slots) {
    int length = slots * InFlight.CELLS;
    if (sums.length < length) {
      sums = new int[length + length / 2];
    }
    Arrays.fill(sums, 0, length, 0);
    inFlight.addTo(sums, length);
  }

  /** Takes over the sums of another for slots 0 to {@code slots - 1}. */
  public void copy(InFlightTotals from, int slots) {
    int length = slots * InFlight.CELLS;
    if (sums.length < length) {
      sums = new int[length + length / 2];
    }
    System.arraycopy(from.sums, 0, sums, 0, length);
  }

  /** Requests in flight to that endpoint. */
  public int requests(int slot) {
    return sums[slot * InFlight.CELLS + InFlight.REQUESTS];
  }

  /** Uncached prompt tokens of requests that have not had their first token. */
  public int pendingPrefillTokens(int slot) {
    return sums[slot * InFlight.CELLS + InFlight.PENDING_PREFILL_TOKENS];
  }

  /** Tokens of context of all requests in flight. */
  public int contextTokens(int slot) {
    return sums[slot * InFlight.CELLS + InFlight.CONTEXT_TOKENS];
  }

  /** Requests that have had their first token and not ended. */
  public int decoding(int slot) {
    return sums[slot * InFlight.CELLS + InFlight.DECODING];
  }
}
