package io.penstock.simulator.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineStats;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.fault.Fault.OfAnswer;
import io.penstock.simulator.fault.Faults;
import io.penstock.simulator.kv.KvSide;
import io.penstock.simulator.kv.KvStats;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One simulated pod: a listener, its connections, an engine and its faults, all on one event loop.
 *
 * <p>The public methods are thread-safe: they hand over to the loop and wait for it, except when
 * called on it. None of them may be called on the loop of another pod.
 */
public final class PodServer {

  private static final Logger LOG = LoggerFactory.getLogger(PodServer.class);

  private final PodConfig config;
  private final EventLoop loop;
  private final Class<? extends ServerChannel> channelType;
  private final Engine engine;
  private final Faults faults = new Faults(this::faultsChanged);
  private final ReplyHead heads;
  private final Ids ids;
  private final Routes routes;
  private final ReceivedLog received;
  private final Set<Channel> connections = new HashSet<>();
  private final @Nullable SslContext tls;
  private final @Nullable KvSide kv;

  private @Nullable Channel listener;
  private @Nullable ChannelFuture closed; // of the last listener
  private volatile @Nullable InetSocketAddress address;
  private boolean stopped;
  private long requests;
  private long inferenceRequests;
  private long aborts;
  private long accepted;

  /**
   * A pod that does not listen yet.
   *
   * @param channelType a server channel that fits the loop
   * @param time of the date header and of creation times
   * @throws IllegalArgumentException if it is to serve TLS, and the files are no pair
   */
  public PodServer(
      PodConfig config,
      EventLoop loop,
      Class<? extends ServerChannel> channelType,
      InstantSource time) {
    this.config = config;
    this.loop = loop;
    this.channelType = channelType;
    engine = new Engine(config.engine(), new EventLoopClock(loop));
    heads = new ReplyHead(time);
    ids = new Ids(new SplittableRandom(config.seed()));
    received = new ReceivedLog(config.receivedLimit());
    var shared = config.kv();
    kv = shared == null ? null : new KvSide(shared, loop, channelType, ids.uuid());
    routes = new Routes(this, time);
    tls = tls(config.tls());
  }

  private static @Nullable SslContext tls(PodConfig.@Nullable Tls files) {
    if (files == null) {
      return null;
    }
    try {
      return SslContextBuilder.forServer(files.certificate().toFile(), files.key().toFile())
          .protocols("TLSv1.3", "TLSv1.2")
          .build();
    } catch (SSLException e) {
      throw new IllegalArgumentException("no TLS with " + files.certificate(), e);
    }
  }

  /** Binds; returns when connects are accepted. */
  public void start() {
    if (kv != null) {
      kv.listen(config.address().getAddress());
    }
    ChannelFuture bound = onLoop(() -> listen(config.address())).awaitUninterruptibly();
    if (bound.cause() != null) {
      throw new IllegalStateException("cannot listen on " + config.address(), bound.cause());
    }
    address = (InetSocketAddress) bound.channel().localAddress();
  }

  /** Where the pod listens, or listened before it refused connects. */
  public InetSocketAddress address() {
    InetSocketAddress bound = address;
    if (bound == null) {
      throw new IllegalStateException("the pod was not started");
    }
    return bound;
  }

  /** The port at which other pods ask for KV cache; only of a pod that shares it. */
  public int kvPort() {
    if (kv == null) {
      throw new IllegalStateException("the pod shares no KV cache");
    }
    return kv.port();
  }

  /** What it was made of. */
  public PodConfig config() {
    return config;
  }

  /** The switchboard of its faults; a switch is in force when the call returns. */
  public Faults faults() {
    return faults;
  }

  /** Its counts now. */
  public PodStats stats() {
    return onLoop(
        () -> {
          EngineStats stats = engine.stats();
          return new PodStats(
              stats.running(),
              stats.waiting(),
              stats.kvCacheUsage(),
              requests,
              inferenceRequests,
              stats.promptTokens(),
              stats.promptTokensCached(),
              stats.generationTokens(),
              aborts,
              connections.size(),
              accepted,
              kv == null ? KvStats.NONE : kv.stats());
        });
  }

  /** The latest requests it received, oldest first. */
  public List<ReceivedRequest> received() {
    return onLoop(received::copy);
  }

  /** Forgets all cached blocks; false, and no effect, while a request holds one. */
  public boolean resetPrefixCache() {
    return onLoop(engine::resetPrefixCache);
  }

  /**
   * Stops listening. Abruptly: resets all connections. Otherwise open answers are finished, and
   * connections closed as they become idle.
   */
  public void stop(boolean abruptly) {
    onLoop(
        () -> {
          stopped = true;
          if (abruptly && kv != null) {
            kv.close();
          }
          ChannelFuture closing = closeListener();
          Connection.Order order = abruptly ? Connection.Order.RESET : Connection.Order.DRAIN;
          for (Channel connection : List.copyOf(connections)) {
            connection.pipeline().fireUserEventTriggered(order);
          }
          return closing == null || closing.isDone();
        });
  }

  // What follows is for the pod's own parts, on its loop.

  Engine engine() {
    return engine;
  }

  EventLoop loop() {
    return loop;
  }

  @Nullable KvSide kv() {
    return kv;
  }

  ReplyHead heads() {
    return heads;
  }

  Ids ids() {
    return ids;
  }

  Routes routes() {
    return routes;
  }

  boolean isStopped() {
    return stopped;
  }

  /** Counts a new connection; false when it is to be reset. */
  boolean opened(Channel connection) {
    accepted++;
    if (stopped || faults.take(Fault.ResetOnAccept.class).isPresent()) {
      return false;
    }
    return connections.add(connection);
  }

  void closed(Channel connection, boolean cutOff) {
    connections.remove(connection);
    aborts += cutOff ? 1 : 0;
  }

  void received(ReceivedRequest request) {
    requests++;
    inferenceRequests += isInference(request) ? 1 : 0;
    received.add(request);
  }

  @Nullable OfAnswer faultFor(ReceivedRequest request) {
    return isInference(request) ? faults.take(OfAnswer.class).orElse(null) : null;
  }

  static boolean isInference(ReceivedRequest request) {
    return request.method().equals("POST")
        && (request.path().startsWith("/v1/")
            || request.path().equals("/inference/v1/generate")
            || request.path().equals("/generate"));
  }

  @Nullable String echoedRequestId(ReceivedRequest request) {
    return config.requestIdHeaders()
        ? request.header("x-request-id").orElseGet(() -> ids.hex(32))
        : null;
  }

  void failed(Throwable cause) {
    LOG.warn("a connection of the simulated pod {} failed", address, cause);
  }

  private void faultsChanged() {
    if (address == null) {
      return;
    }
    @Nullable ChannelFuture switched =
        onLoop(
            () -> {
              boolean refuse = stopped || faults.find(Fault.Refuse.class).isPresent();
              return refuse ? closeListener() : listen(address());
            });
    if (switched == null) {
      return;
    }
    if (!loop.inEventLoop()) {
      switched.awaitUninterruptibly();
    }
    if (switched.cause() != null) {
      throw new IllegalStateException("cannot listen again on " + address, switched.cause());
    }
  }

  /** Done when connects are accepted. */
  private ChannelFuture listen(InetSocketAddress at) {
    assert loop.inEventLoop();
    if (listener != null) {
      return listener.newSucceededFuture();
    }
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loop, loop)
            .channel(channelType)
            .option(ChannelOption.SO_BACKLOG, 2048)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    if (tls != null) {
                      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                    }
                    channel
                        .pipeline()
                        .addLast(
                            new HttpRequestDecoder(65_536, 65_536, 65_536),
                            new Connection(PodServer.this));
                  }
                })
            .bind(at);
    listener = bound.channel();
    return bound;
  }

  /** Done when connects are refused. */
  private @Nullable ChannelFuture closeListener() {
    assert loop.inEventLoop();
    Channel open = listener;
    listener = null;
    if (open != null) {
      closed = open.close();
    }
    return closed;
  }

  private <T extends @Nullable Object> T onLoop(Callable<T> task) {
    try {
      return loop.inEventLoop() ? task.call() : loop.submit(task).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a simulated pod", e);
    } catch (Exception e) {
      throw new IllegalStateException("the simulated pod at " + address + " failed", e);
    }
  }
}
