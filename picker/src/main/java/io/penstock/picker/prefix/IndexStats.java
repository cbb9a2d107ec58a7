package io.penstock.picker.prefix;

/**
 * What the prefix index holds and what it had to give up. Immutable; read while writers go on, so
 * the numbers of one reading may be a few operations apart.
 *
 * @param entries blocks with at least one holder
 * @param cells cells of the table, used or not
 * @param tableBytes bytes of the table
 * @param setBytes bytes of the holder sets of blocks with more than three holders
 * @param ringBytes bytes of the rings of all endpoints
 * @param evictions blocks that left an endpoint because its capacity was reached
 * @param dropped blocks that left the table because its bytes were used up
 * @param refused blocks, or whole changes, that were given up for want of room
 * @param verified matches that were checked by a full walk
 * @param disagreements candidates for which the full walk found another depth
 * @param meanProbe cells looked at to find a block that is there, on average over a sample
 * @param longestProbe most cells looked at to find a block of that sample
 */
public record IndexStats(
    long entries,
    long cells,
    long tableBytes,
    long setBytes,
    long ringBytes,
    long evictions,
    long dropped,
    long refused,
    long verified,
    long disagreements,
    double meanProbe,
    int longestProbe) {

  /** All bytes of the index. */
  public long bytes() {
    return tableBytes + setBytes + ringBytes;
  }
}
