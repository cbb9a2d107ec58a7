package io.penstock.picker.flow;

import org.jspecify.annotations.Nullable;

/**
 * All requests that wait, by when they came: who has waited the longest is the first whose time is
 * up. Every operation is O(1). Owned by the gate.
 */
final class WaitingLine {

  private @Nullable Ticket oldest;
  private @Nullable Ticket newest;
  private long count;
  private long bytes;

  void add(Ticket ticket) {
    ticket.older = newest;
    ticket.newer = null;
    if (newest == null) {
      oldest = ticket;
    } else {
      newest.newer = ticket;
    }
    newest = ticket;
    count++;
    bytes += ticket.request().bytes();
  }

  void remove(Ticket ticket) {
    var before = ticket.older;
    var after = ticket.newer;
    if (before == null) {
      oldest = after;
    } else {
      before.newer = after;
    }
    if (after == null) {
      newest = before;
    } else {
      after.older = before;
    }
    ticket.older = null;
    ticket.newer = null;
    count--;
    bytes -= ticket.request().bytes();
  }

  /** Who has waited the longest; null when nobody waits. */
  @Nullable Ticket oldest() {
    return oldest;
  }

  long count() {
    return count;
  }

  long bytes() {
    return bytes;
  }
}
