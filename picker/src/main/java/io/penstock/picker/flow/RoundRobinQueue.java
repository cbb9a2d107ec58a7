package io.penstock.picker.flow;

import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One request of each flow in turn, in the order of the flows' names: {@link Fairness.RoundRobin}.
 * Only flows in which something waits are kept.
 */
final class RoundRobinQueue implements BandQueue {

  private final TreeMap<String, TicketHeap> flows = new TreeMap<>();

  /** The flow that had its turn last. */
  private String last = "";

  @Override
  public void add(Ticket ticket) {
    flows.computeIfAbsent(ticket.flow(), name -> new TicketHeap()).add(ticket);
  }

  @Override
  public void remove(Ticket ticket) {
    var heap = flows.get(ticket.flow());
    if (heap == null) {
      throw new IllegalStateException("flow " + ticket.flow() + " has nothing that waits");
    }
    heap.remove(ticket);
    if (heap.isEmpty()) {
      flows.remove(ticket.flow());
    }
  }

  @Override
  public @Nullable Ticket poll(long nowNanos) {
    var next = flows.higherEntry(last);
    if (next == null) {
      next = flows.firstEntry();
    }
    if (next == null) {
      return null;
    }
    last = next.getKey();
    var ticket = next.getValue().poll();
    if (next.getValue().isEmpty()) {
      flows.remove(last);
    }
    return ticket;
  }
}
