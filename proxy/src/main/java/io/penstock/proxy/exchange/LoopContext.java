package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.penstock.picker.request.BodyScanners;
import io.penstock.picker.request.ScanLimits;
import io.penstock.proxy.upstream.UpstreamPool;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * What the exchanges of one event loop share. Confined to that loop.
 *
 * <p>Scanners and scratch arrays live here so that a request allocates neither.
 */
public final class LoopContext {

  private static final int SCRATCH_BYTES = 16 * 1024;

  private final Gateway gateway;
  private final int index;
  private final EventLoop eventLoop;
  private final UpstreamPool upstream;
  private final Deadlines deadlines;
  private final LongSupplier nanoClock;
  private final RandomGenerator random;
  private final byte[] scratch = new byte[SCRATCH_BYTES];
  private final BodyScanners scanners = new BodyScanners(ScanLimits.DEFAULT);
  private final Set<Exchange> running = new HashSet<>();

  /**
   * The context of one loop.
   *
   * @param index the loop's number, which names its column in per-loop counts
   */
  public LoopContext(
      Gateway gateway,
      int index,
      EventLoop eventLoop,
      UpstreamPool upstream,
      LongSupplier nanoClock,
      RandomGenerator random) {
    this.gateway = gateway;
    this.index = index;
    this.eventLoop = eventLoop;
    this.upstream = upstream;
    this.nanoClock = nanoClock;
    this.random = random;
    this.deadlines = new Deadlines(eventLoop, nanoClock);
  }

  /** A new exchange for a client whose request begins. */
  public Exchange exchange(ClientStream client) {
    var exchange = new Exchange(this, client);
    running.add(exchange);
    return exchange;
  }

  void ended(Exchange exchange) {
    running.remove(exchange);
  }

  /** Ends what still runs, because the gateway stops. */
  public void shutDown() {
    assert eventLoop.inEventLoop();
    for (var exchange : running.toArray(Exchange[]::new)) {
      exchange.shutDown();
    }
  }

  /** The time limits of this loop. */
  public Deadlines deadlines() {
    return deadlines;
  }

  /** Whether the gateway takes no new connections and wants the old ones to end. */
  public boolean draining() {
    return gateway.draining();
  }

  /** The loop itself. */
  public EventLoop eventLoop() {
    return eventLoop;
  }

  Gateway gateway() {
    return gateway;
  }

  /** The settings in force. */
  public ExchangeSettings settings() {
    return gateway.settings();
  }

  int index() {
    return index;
  }

  /** The loop's connections to the pods. */
  public UpstreamPool upstream() {
    return upstream;
  }

  ByteBufAllocator allocator() {
    return ByteBufAllocator.DEFAULT;
  }

  long now() {
    return nanoClock.getAsLong();
  }

  RandomGenerator random() {
    return random;
  }

  byte[] scratch() {
    return scratch;
  }

  BodyScanners scanners() {
    return scanners;
  }
}
