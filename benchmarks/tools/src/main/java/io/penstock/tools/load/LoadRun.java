package io.penstock.tools.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of the load generator, on one event loop of its own.
 *
 * <p>{@link #start}, {@link #progress}, {@link #stop} and {@link #await} may be called from any
 * thread; everything else is confined to the loop. The run owns its source and closes it.
 */
public final class LoadRun {

  private static final int BACKLOG = 100_000;
  private static final int READ_BYTES = 64 * 1024;
  private static final Duration SWEEP = Duration.ofMillis(100);
  private static final Duration RECONNECT = Duration.ofMillis(10);

  private final LoadSpec spec;
  private final RequestSource source;
  private final MultiThreadIoEventLoopGroup group;
  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final Measurements measured = new Measurements();
  private final CompletableFuture<LoadReport> result = new CompletableFuture<>();
  private final Set<LoadConnection> connections = new HashSet<>();
  private final ArrayDeque<LoadConnection> idle = new ArrayDeque<>();
  private @Nullable Backlog backlog;
  private ByteBuf head = Unpooled.EMPTY_BUFFER;
  private int headFor = -1;
  private int connecting;
  private int inFlight;
  private long started;
  private long endNanos;
  private boolean sendingOver;
  private boolean finished;

  /**
   * Starts a run; it goes on by itself until its bounds are reached or it is stopped.
   *
   * @throws IllegalArgumentException if the target's host is unknown
   */
  public static LoadRun start(LoadSpec spec, RequestSource source) {
    var address = new InetSocketAddress(spec.target().getHost(), spec.port());
    if (address.isUnresolved()) {
      throw new IllegalArgumentException("no address is known for " + spec.target().getHost());
    }
    var run = new LoadRun(spec, source, address);
    run.loop.execute(run::begin);
    return run;
  }

  private LoadRun(LoadSpec spec, RequestSource source, InetSocketAddress address) {
    this.spec = spec;
    this.source = source;
    boolean epoll = Epoll.isAvailable();
    group =
        new MultiThreadIoEventLoopGroup(
            1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    loop = group.next();
    bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES))
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 5_000)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast("load", new LoadConnection(LoadRun.this, measured, channel));
                  }
                })
            .remoteAddress(address);
  }

  /** How far the run is. Thread-safe. */
  public LoadProgress progress() {
    return measured.progress();
  }

  /** Ends the run now; requests on their way are cut and not counted as errors. Thread-safe. */
  public void stop() {
    loop.execute(this::finish);
  }

  /** Waits for the end of the run. Thread-safe. */
  public LoadReport await() throws InterruptedException {
    try {
      return result.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the run failed", e.getCause());
    } finally {
      group.shutdownGracefully(0, 5, TimeUnit.SECONDS);
    }
  }

  private void begin() {
    long now = nowNanos();
    endNanos = spec.warmupRequests() == 0 ? now + spec.duration().toNanos() : Long.MAX_VALUE;
    switch (spec.arrivals()) {
      case Arrivals.Saturation _ -> fill();
      case Arrivals.Constant(double perSecond) -> open(ArrivalTimes.constant(perSecond), now);
      case Arrivals.Poisson(double perSecond, long seed) ->
          open(ArrivalTimes.poisson(perSecond, seed), now);
      case Arrivals.Recorded(var trace) -> open(ArrivalTimes.recorded(trace), now);
    }
    loop.scheduleWithFixedDelay(
        this::sweep, SWEEP.toNanos(), SWEEP.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void open(ArrivalTimes times, long now) {
    backlog = new Backlog(times.first(mostRequests()), now, BACKLOG);
    arrive();
  }

  /** Open loop: takes what is due, sends what it can, and comes back for the next arrival. */
  private void arrive() {
    var waiting = backlog;
    if (finished || waiting == null) {
      return;
    }
    long now = nowNanos();
    if (!over(now)) {
      for (int dropped = waiting.takeDue(now); dropped > 0; dropped--) {
        if (measures(now)) {
          measured.failed(ErrorKind.OVERFLOW, 0, now);
        }
      }
    }
    drain();
    if (waiting.nextNanos() == ArrivalTimes.NEVER) {
      sendingOver = true;
    }
    if (sendingOver) {
      finishIfDone();
    } else {
      loop.schedule(this::arrive, waiting.nextNanos() - nowNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** Open loop: gives waiting requests to idle connections, and opens more where that helps. */
  private void drain() {
    var waiting = backlog;
    if (waiting == null) {
      return;
    }
    while (!waiting.isEmpty() && !idle.isEmpty()) {
      source.skipTo(waiting.number());
      if (send(idle.pop(), waiting.peek())) {
        waiting.poll();
      } else {
        return;
      }
    }
    for (int missing = waiting.size() - connecting; missing > 0 && connect(); missing--) {
      // One connection for each request that waits.
    }
  }

  /** Closed loop: opens what is missing of the connections. */
  private void fill() {
    int missing = over(nowNanos()) ? 0 : spec.connections() - connections.size() - connecting;
    for (; missing > 0 && connect(); missing--) {
      // Until all are there or on their way.
    }
    finishIfDone();
  }

  /** Opens one more connection; false when there are enough. */
  private boolean connect() {
    if (finished || connections.size() + connecting >= spec.connections()) {
      return false;
    }
    connecting++;
    bootstrap.connect().addListener(this::connected);
    return true;
  }

  private void connected(Future<? super Void> done) {
    connecting--;
    var channel = ((ChannelFuture) done).channel();
    if (finished) {
      channel.close();
    } else if (done.isSuccess()) {
      var connection = channel.pipeline().get(LoadConnection.class);
      connections.add(connection);
      measured.connection(1);
      idle(connection);
    } else {
      notConnected();
    }
  }

  private void notConnected() {
    long now = nowNanos();
    var waiting = backlog;
    boolean due = waiting == null ? !over(now) : !waiting.isEmpty();
    if (due) {
      if (waiting != null) {
        waiting.poll();
      }
      if (measures(now)) {
        measured.failed(ErrorKind.CONNECT, 0, now);
      }
    }
    loop.schedule(
        waiting == null ? this::fill : this::drain, RECONNECT.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** The connection can take a request. */
  void idle(LoadConnection connection) {
    if (finished) {
      return;
    }
    if (backlog != null) {
      idle.push(connection);
      drain();
    } else if (!send(connection, nowNanos())) {
      idle.push(connection);
    }
    finishIfDone();
  }

  /** Sends the next request; false when none is to be sent any more. */
  private boolean send(LoadConnection connection, long intendedNanos) {
    long now = nowNanos();
    if ((backlog == null && over(now)) || started >= mostRequests()) {
      sendingOver = true;
      return false;
    }
    boolean measure = measures(intendedNanos);
    var body = source.next();
    inFlight++;
    connection.send(headFor(body.length()), body, intendedNanos, measure);
    return true;
  }

  /** Counts a request as started; whether it is a measured one. */
  private boolean measures(long intendedNanos) {
    if (started++ < spec.warmupRequests()) {
      return false;
    }
    if (endNanos == Long.MAX_VALUE) {
      endNanos = nowNanos() + spec.duration().toNanos();
    }
    measured.intended(intendedNanos);
    return true;
  }

  private long mostRequests() {
    return spec.requests() > Long.MAX_VALUE - spec.warmupRequests()
        ? Long.MAX_VALUE
        : spec.warmupRequests() + spec.requests();
  }

  private boolean over(long now) {
    sendingOver |= now >= endNanos || started >= mostRequests();
    return sendingOver;
  }

  /** A request has its answer or never will. */
  void requestOver() {
    inFlight--;
  }

  /** A connection is gone. */
  void closed(LoadConnection connection) {
    if (connections.remove(connection)) {
      measured.connection(-1);
    }
    idle.remove(connection);
    if (finished) {
      return;
    }
    if (backlog == null) {
      fill();
    } else {
      drain();
      finishIfDone();
    }
  }

  /** Fails what is overdue. */
  private void sweep() {
    if (finished) {
      return;
    }
    long now = nowNanos();
    long timeout = spec.timeout().toNanos();
    for (var connection : List.copyOf(connections)) {
      if (connection.busy() && now - connection.intendedNanos() > timeout) {
        connection.fail(ErrorKind.TIMEOUT);
      }
    }
    var waiting = backlog;
    while (waiting != null && !waiting.isEmpty() && now - waiting.peek() > timeout) {
      if (measures(waiting.poll())) {
        measured.failed(ErrorKind.TIMEOUT, 0, now);
      }
    }
    var _ = over(now);
    finishIfDone();
  }

  private void finishIfDone() {
    boolean nothingWaits = backlog == null || backlog.isEmpty();
    if (sendingOver && inFlight == 0 && nothingWaits) {
      finish();
    }
  }

  private void finish() {
    if (finished) {
      return;
    }
    finished = true;
    long cut = inFlight;
    List.copyOf(connections).forEach(LoadConnection::cut);
    source.close();
    head.release();
    result.complete(measured.report(Math.min(started, spec.warmupRequests()), cut));
  }

  private ByteBuf headFor(int bodyBytes) {
    if (bodyBytes != headFor) {
      var text =
          new StringBuilder("POST ")
              .append(spec.path())
              .append(" HTTP/1.1\r\nhost: ")
              .append(spec.target().getAuthority())
              .append("\r\ncontent-type: application/json\r\ncontent-length: ")
              .append(bodyBytes)
              .append("\r\n");
      spec.headers().forEach(header -> text.append(header).append("\r\n"));
      byte[] bytes = text.append("\r\n").toString().getBytes(UTF_8);
      head.release();
      head = Unpooled.directBuffer(bytes.length).writeBytes(bytes);
      headFor = bodyBytes;
    }
    return head;
  }

  long nowNanos() {
    return System.nanoTime();
  }
}
