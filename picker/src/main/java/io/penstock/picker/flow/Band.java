package io.penstock.picker.flow;

import org.jspecify.annotations.Nullable;

/** The requests of one priority that wait. Owned by the gate. */
final class Band {

  private final int priority;
  private final BandSettings settings;
  private final BandQueue queue;
  private long requests;
  private long bytes;
  private long chances;
  private long usedNanos;

  Band(int priority, BandSettings settings, long nowNanos) {
    this.priority = priority;
    this.settings = settings;
    this.queue = settings.fairness().queue();
    this.usedNanos = nowNanos;
  }

  int priority() {
    return priority;
  }

  BandSettings settings() {
    return settings;
  }

  long requests() {
    return requests;
  }

  long bytes() {
    return bytes;
  }

  /** Whether a request of that length has room. */
  boolean hasRoom(long more) {
    return requests < settings.maxRequests() && bytes + more <= settings.maxBytes();
  }

  /** A request comes to wait. */
  void add(Ticket ticket, long ttlNanos, long nowNanos) {
    var request = ticket.request();
    ticket.band = this;
    ticket.key = settings.ordering().key(request, ticket.queuedNanos, ttlNanos);
    ticket.tie = settings.ordering().tie(request, ticket.queuedNanos);
    requests++;
    bytes += request.bytes();
    usedNanos = nowNanos;
    queue.add(ticket);
  }

  /** A request waits no longer, whatever its turn. */
  void remove(Ticket ticket) {
    queue.remove(ticket);
    left(ticket);
  }

  /** Takes out the one whose turn it is. */
  @Nullable Ticket poll(long nowNanos) {
    var ticket = queue.poll(nowNanos);
    if (ticket != null) {
      left(ticket);
      usedNanos = nowNanos;
    }
    return ticket;
  }

  private void left(Ticket ticket) {
    requests--;
    bytes -= ticket.request().bytes();
  }

  void served(String flow, double cost, long nowNanos) {
    queue.served(flow, cost, nowNanos);
  }

  ProgramService programs(long nowNanos) {
    return new ProgramService(priority, queue.programs(nowNanos));
  }

  void sweep(long nowNanos) {
    queue.sweep(nowNanos);
  }

  /** Closed as it is, whether this is the one chance in so many that it gets. */
  boolean hasLuck(long oneIn) {
    return oneIn > 0 && ++chances % oneIn == 0;
  }

  /** Whether nothing has waited here for that long. */
  boolean idle(long nanos, long nowNanos) {
    return requests == 0 && nowNanos - usedNanos > nanos;
  }
}
