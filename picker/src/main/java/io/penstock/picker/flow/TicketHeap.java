package io.penstock.picker.flow;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Waiting requests, the least by their keys first: a binary heap of which each ticket knows its
 * place, so that one from the middle leaves in O(log n). Owned by the gate.
 */
final class TicketHeap {

  private Ticket[] tickets = new Ticket[8];
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  /** The first; null when there is none. */
  @Nullable Ticket peek() {
    return size == 0 ? null : tickets[0];
  }

  void add(Ticket ticket) {
    if (size == tickets.length) {
      tickets = Arrays.copyOf(tickets, 2 * size);
    }
    up(ticket, size++);
  }

  /** Takes out the first; null when there is none. */
  @Nullable Ticket poll() {
    if (size == 0) {
      return null;
    }
    var first = tickets[0];
    remove(first);
    return first;
  }

  /** Takes out one that is in. */
  void remove(Ticket ticket) {
    int at = ticket.place;
    if (at >= size || tickets[at] != ticket) {
      throw new IllegalStateException("not in this queue");
    }
    var moved = tickets[--size];
    clear(size);
    ticket.place = -1;
    if (moved != ticket) {
      up(moved, at);
      down(moved, moved.place);
    }
  }

  @SuppressWarnings("NullAway") // beyond the size nothing is read
  private void clear(int at) {
    tickets[at] = null;
  }

  private void up(Ticket ticket, int from) {
    int at = from;
    while (at > 0) {
      int parent = (at - 1) >>> 1;
      if (!before(ticket, tickets[parent])) {
        break;
      }
      put(tickets[parent], at);
      at = parent;
    }
    put(ticket, at);
  }

  private void down(Ticket ticket, int from) {
    int at = from;
    for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(tickets[child + 1], tickets[child])) {
        child++;
      }
      if (!before(tickets[child], ticket)) {
        break;
      }
      put(tickets[child], at);
      at = child;
    }
    put(ticket, at);
  }

  private void put(Ticket ticket, int at) {
    tickets[at] = ticket;
    ticket.place = at;
  }

  private static boolean before(Ticket one, Ticket other) {
    if (one.key != other.key) {
      return one.key < other.key;
    }
    return one.tie != other.tie ? one.tie < other.tie : one.number < other.number;
  }
}
