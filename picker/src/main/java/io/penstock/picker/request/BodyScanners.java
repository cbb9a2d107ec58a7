package io.penstock.picker.request;

import java.util.ArrayDeque;

/**
 * The scanners of one event loop, used again from body to body: each has grown to what its bodies
 * needed, and a new one for every request would cost more than most scans. Confined to that loop.
 */
public final class BodyScanners {

  /** Bodies that come in at the same moment on one loop, mostly. */
  static final int MOST_SPARE = 64;

  private final ScanLimits limits;
  private final ArrayDeque<BodyScanner> spare = new ArrayDeque<>();

  /** No scanner yet; those to come have these limits. */
  public BodyScanners(ScanLimits limits) {
    this.limits = limits;
  }

  /** A scanner for a body of that API; the caller gives it back as soon as the scan is over. */
  public BodyScanner take(ApiKind api) {
    var known = spare.pollLast();
    var scanner = known == null ? new BodyScanner(limits) : known;
    scanner.reset(api);
    return scanner;
  }

  /** Takes a scanner back, whatever became of its scan; beyond {@value #MOST_SPARE} it is lost. */
  public void giveBack(BodyScanner scanner) {
    if (spare.size() < MOST_SPARE) {
      spare.addLast(scanner);
    }
  }

  /** Scanners that nobody uses now. */
  public int spare() {
    return spare.size();
  }
}
