package io.penstock.simulator.kv;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.handler.codec.string.StringEncoder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One pod's end of the transfers: where others dial it, what it holds for them, and how it dials
 * them. Confined to the pod's event loop.
 *
 * <p>A reader sends {@code READ engine id fingerprint early} and gets {@code OK} or {@code NO};
 * then {@code DONE id} when it has all, or {@code FREE id} when its request was aborted; {@code
 * FREE} may come alone. A reader that leaves without a word leaves the blocks to their lease.
 * Mooncake's {@code GET /query} is answered on the same port.
 */
public final class KvSide {

  private static final int MAX_LINE_BYTES = 1_024;

  private final KvConfig config;
  private final EventLoop loop;
  private final Class<? extends ServerChannel> serverType;
  private final String engineId;
  private final KvStore store;
  private @Nullable Channel listener;
  private volatile @Nullable InetSocketAddress address;
  private final Set<Channel> readers = new HashSet<>();
  private final Set<KvFetch> fetches = new HashSet<>();
  private boolean dead;

  /**
   * A side that does not listen yet.
   *
   * @param engineId names this life of the pod
   */
  public KvSide(
      KvConfig config, EventLoop loop, Class<? extends ServerChannel> serverType, String engineId) {
    this.config = config;
    this.loop = loop;
    this.serverType = serverType;
    this.engineId = engineId;
    this.store = new KvStore(loop, config.lease().toNanos());
  }

  /** How it was configured. */
  public KvConfig config() {
    return config;
  }

  /** Names this life of the pod. */
  public String engineId() {
    return engineId;
  }

  /** What was counted so far. */
  public KvStats stats() {
    return store.stats();
  }

  /** The address other pods dial. */
  public String host() {
    return address().getAddress().getHostAddress();
  }

  /** Where other pods dial it. */
  public int port() {
    return address().getPort();
  }

  private InetSocketAddress address() {
    var at = address;
    if (at == null) {
      throw new IllegalStateException("the pod was not started");
    }
    return at;
  }

  /** Binds; to be called off the loop. */
  public void listen(InetAddress on) {
    var bound =
        new ServerBootstrap()
            .group(loop, loop)
            .channel(serverType)
            .childHandler(lines(Reader::new))
            .bind(new InetSocketAddress(on, config.port()))
            .awaitUninterruptibly();
    if (bound.cause() != null) {
      throw new IllegalStateException("cannot listen on kv port " + config.port(), bound.cause());
    }
    listener = bound.channel();
    address = (InetSocketAddress) bound.channel().localAddress();
  }

  /**
   * The pod dies: nobody can dial it any more, what it held is gone, and what it was reading is
   * left to its lease.
   */
  public void close() {
    assert loop.inEventLoop();
    dead = true;
    store.clear();
    if (listener != null) {
      var _ = listener.close();
    }
    for (var reader : List.copyOf(readers)) {
      var _ = reader.close();
    }
    List.copyOf(fetches).forEach(KvFetch::cut);
  }

  /** Holds the blocks of a prompt until they are read, released or forgotten. */
  public void pin(String id, long fingerprint, Runnable free) {
    store.pin(id, fingerprint, free);
  }

  /** Dials the pod that holds the prompt; {@code outcome} hears whether its cache came. */
  public KvFetch fetch(KvSource source, long fingerprint, int tokens, Consumer<Boolean> outcome) {
    var type =
        serverType == EpollServerSocketChannel.class
            ? EpollSocketChannel.class
            : NioSocketChannel.class;
    var fetch =
        new KvFetch(
            source,
            fingerprint,
            config.transferNanos(tokens),
            came -> {
              store.tokensReceived += came ? tokens : 0;
              store.failedReads += came ? 0 : 1;
              outcome.accept(came);
            });
    fetches.add(fetch);
    fetch.dial(loop, type).addListener(_ -> fetches.remove(fetch));
    return fetch;
  }

  /** Keeps a prompt's cache in the store that all pods share. */
  public void save(long fingerprint) {
    config.store().put(fingerprint);
  }

  /**
   * Reads a prompt's cache from that store.
   *
   * @param came hears when it is here
   * @return whether the store has it
   */
  public boolean load(long fingerprint, int tokens, Runnable came) {
    if (!config.store().has(fingerprint)) {
      return false;
    }
    loop.schedule(
        () -> {
          store.tokensReceived += tokens;
          came.run();
        },
        config.transferNanos(tokens),
        TimeUnit.NANOSECONDS);
    return true;
  }

  static ChannelInitializer<SocketChannel> lines(
      Supplier<SimpleChannelInboundHandler<String>> handler) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(SocketChannel channel) {
        channel
            .pipeline()
            .addLast(
                new LineBasedFrameDecoder(MAX_LINE_BYTES),
                new StringDecoder(),
                new StringEncoder(),
                handler.get());
      }
    };
  }

  /** One pod that dialled this one. */
  private final class Reader extends SimpleChannelInboundHandler<String> {

    private @Nullable String reading;
    private Runnable stopWaiting = () -> {};

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, String line) {
      if (dead) {
        var _ = ctx.close();
        return;
      }
      var words = line.split(" ", -1);
      switch (words[0]) {
        case "READ" -> read(ctx, words);
        case "DONE" -> {
          reading = null;
          store.done(words[1]);
        }
        case "FREE" -> {
          reading = null;
          store.release(words[1]);
        }
        case "GET" -> query(ctx, words[1]);
        default -> {}
      }
    }

    /** Mooncake's bootstrap server: which engine of which rank is here. */
    private void query(ChannelHandlerContext ctx, String path) {
      String body = "{\"0\":{\"engine_id\":\"" + engineId + "\",\"worker_addr\":{}}}";
      boolean found = path.equals("/query") && config.connector() == KvConnector.MOONCAKE;
      String answer =
          found
              ? "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
                  + body.length()
                  + "\r\nconnection: close\r\n\r\n"
                  + body
              : "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
      ctx.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
    }

    private void read(ChannelHandlerContext ctx, String[] words) {
      if (!words[1].equals(engineId) && !words[1].equals("-")) {
        store.wrongEngine();
        var _ = ctx.writeAndFlush("NO\n");
        return;
      }
      long fingerprint = Long.parseUnsignedLong(words[3], 16);
      switch (store.read(words[2], fingerprint, Boolean.parseBoolean(words[4]))) {
        case GRANTED -> {
          reading = words[2];
          var _ = ctx.writeAndFlush("OK\n");
        }
        case REFUSED -> {
          var _ = ctx.writeAndFlush("NO\n");
        }
        case LATER -> await(ctx, words);
      }
    }

    private void await(ChannelHandlerContext ctx, String[] words) {
      String id = words[2];
      Runnable again =
          () -> {
            if (ctx.channel().isActive()) {
              read(ctx, words);
            }
          };
      stopWaiting.run();
      if (store.whenPinned(id, again)) {
        stopWaiting = () -> store.forget(id, again);
      } else {
        var _ = ctx.writeAndFlush("NO\n");
      }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      readers.add(ctx.channel());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      readers.remove(ctx.channel());
      stopWaiting.run();
      if (reading != null) {
        store.abandoned(reading);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      var _ = ctx.close();
    }
  }
}
