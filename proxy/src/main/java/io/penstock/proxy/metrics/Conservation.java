package io.penstock.proxy.metrics;

/**
 * The law every request obeys: accepted = completed + client cancelled + failed + rejected + in
 * flight. Immutable; exact when nothing changes while it is read.
 */
public record Conservation(
    long accepted, long completed, long cancelled, long failed, long rejected, long inFlight) {

  /** Whether no request was lost or ended twice. */
  public boolean holds() {
    return inFlight >= 0 && accepted == completed + cancelled + failed + rejected + inFlight;
  }

  /** Whether it holds and nothing is in flight. */
  public boolean isQuiet() {
    return holds() && inFlight == 0;
  }
}
