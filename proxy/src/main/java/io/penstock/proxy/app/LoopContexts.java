package io.penstock.proxy.app;

import io.netty.channel.EventLoop;
import io.penstock.proxy.exchange.Gateway;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.listen.Transport;
import io.penstock.proxy.upstream.SharedReadBuffer;
import io.penstock.proxy.upstream.UpstreamPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * What the exchanges of each event loop share, and each loop's connections to pods. Immutable; made
 * and closed by the wiring's thread.
 */
final class LoopContexts implements AutoCloseable {

  private final List<LoopContext> all;

  private LoopContexts(List<LoopContext> all) {
    this.all = List.copyOf(all);
  }

  /**
   * One context for each loop, whose index is the loop's place in the list.
   *
   * @param connectMillis {@code timeouts.connect}
   * @param random from which each gets a generator of its own
   */
  static LoopContexts of(
      Gateway gateway,
      List<EventLoop> loops,
      Transport transport,
      int connectMillis,
      LongSupplier nanoClock,
      SplittableRandom random) {
    List<LoopContext> made = new ArrayList<>();
    for (var loop : loops) {
      var upstream = upstream(loop, transport, connectMillis, nanoClock);
      made.add(new LoopContext(gateway, made.size(), loop, upstream, nanoClock, random.split()));
    }
    return new LoopContexts(made);
  }

  private static UpstreamPool upstream(
      EventLoop loop, Transport transport, int connectMillis, LongSupplier nanoClock) {
    if (transport.completes()) {
      return new UpstreamPool(
          loop, transport.clientChannel(), Transport.ownReads(), connectMillis, nanoClock);
    }
    var reads = new SharedReadBuffer();
    // Buffers are given up when the loop has nothing left to read.
    loop.terminationFuture().addListener(ended -> reads.close());
    return new UpstreamPool(loop, transport.clientChannel(), reads, connectMillis, nanoClock);
  }

  /** The contexts, in the order of the loops. */
  List<LoopContext> all() {
    return all;
  }

  /** The context of each loop. */
  Map<EventLoop, LoopContext> byLoop() {
    return all.stream().collect(Collectors.toMap(LoopContext::eventLoop, Function.identity()));
  }

  /** Tells the requests that still run, and closes the connections to the pods. */
  @Override
  public void close() {
    for (var context : all.reversed()) {
      context
          .eventLoop()
          .submit(
              () -> {
                context.shutDown();
                context.upstream().close();
              })
          .awaitUninterruptibly();
    }
  }
}
