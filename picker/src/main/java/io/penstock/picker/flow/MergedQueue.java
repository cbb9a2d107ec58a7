package io.penstock.picker.flow;

import org.jspecify.annotations.Nullable;

/** All flows as one, in the band's order: {@link Fairness.GlobalStrict}. */
final class MergedQueue implements BandQueue {

  private final TicketHeap heap = new TicketHeap();

  @Override
  public void add(Ticket ticket) {
    heap.add(ticket);
  }

  @Override
  public void remove(Ticket ticket) {
    heap.remove(ticket);
  }

  @Override
  public @Nullable Ticket poll(long nowNanos) {
    return heap.poll();
  }
}
