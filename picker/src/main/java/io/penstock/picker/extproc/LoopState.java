package io.penstock.picker.extproc;

import io.netty.channel.EventLoop;
import io.penstock.picker.request.BodyScanners;
import io.penstock.picker.request.ScanLimits;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** What the streams of one event loop share. Confined to that loop. */
final class LoopState {

  private final EventLoop eventLoop;
  private final int column;
  private final LongSupplier nanoClock;
  private final RandomGenerator random;
  private final BodyScanners scanners;
  private final Set<ExtProcStream> streams = new HashSet<>();
  private volatile int openStreams;

  /**
   * The state of one loop.
   *
   * @param column the loop's number, which names its column in the pickers
   */
  LoopState(
      EventLoop eventLoop,
      int column,
      ScanLimits limits,
      LongSupplier nanoClock,
      RandomGenerator random) {
    this.eventLoop = eventLoop;
    this.column = column;
    this.scanners = new BodyScanners(limits);
    this.nanoClock = nanoClock;
    this.random = random;
  }

  EventLoop eventLoop() {
    return eventLoop;
  }

  int column() {
    return column;
  }

  long now() {
    return nanoClock.getAsLong();
  }

  RandomGenerator random() {
    return random;
  }

  /** An id for a request that came without one. */
  String newRequestId() {
    return "penstock-" + Long.toHexString(random.nextLong());
  }

  BodyScanners scanners() {
    return scanners;
  }

  void opened(ExtProcStream stream) {
    streams.add(stream);
    openStreams = streams.size();
  }

  void closed(ExtProcStream stream) {
    streams.remove(stream);
    openStreams = streams.size();
  }

  /** Streams that run. From any thread. */
  int openStreams() {
    return openStreams;
  }

  /** Ends every stream that still runs in the way that costs its request the least. */
  void endAll() {
    for (var stream : streams.toArray(ExtProcStream[]::new)) {
      stream.shutDown();
    }
  }
}
