package io.penstock.picker.replica;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.redis.ArrayRedisMessage;
import io.netty.handler.codec.redis.BulkStringHeaderRedisMessage;
import io.netty.handler.codec.redis.ErrorRedisMessage;
import io.netty.handler.codec.redis.FixedRedisMessagePool;
import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import io.netty.handler.codec.redis.IntegerRedisMessage;
import io.netty.handler.codec.redis.RedisArrayAggregator;
import io.netty.handler.codec.redis.RedisBulkStringAggregator;
import io.netty.handler.codec.redis.RedisDecoder;
import io.netty.handler.codec.redis.RedisEncoder;
import io.netty.handler.codec.redis.RedisMessage;
import io.netty.handler.codec.redis.SimpleStringRedisMessage;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection to Redis in RESP2: it logs in, and then either hears channels or publishes, since
 * who has subscribed may not publish. Confined to its event loop.
 */
final class RedisConnection extends SimpleChannelInboundHandler<RedisMessage> {

  private static final int CONNECT_MILLIS = 3_000;
  private static final long LOGIN_MILLIS = 5_000;
  private static final int LINE_BYTES = 1 << 12;
  private static final int MOST_WAITING_BYTES = 4 << 20;
  private static final byte[] SUBSCRIBE = bytes("SUBSCRIBE");
  private static final byte[] PUBLISH = bytes("PUBLISH");

  /** Hears how a connection does. */
  interface Listener {

    /** Logged in, and every channel is heard. */
    void ready(RedisConnection connection);

    /**
     * Something was published.
     *
     * @param payload of the caller, for the time of the call
     */
    void message(String channel, ByteBuf payload);

    /** It is over, or never was; once. */
    void closed(RedisConnection connection, String why);
  }

  private final RedisLogin login;
  private final List<String> channels;
  private final Listener listener;
  private @Nullable Channel channel;
  private @Nullable String why;
  private int subscribed;
  private boolean ready;
  private boolean closed;

  /**
   * A connection, not opened.
   *
   * @param channels to hear; none: to publish
   */
  RedisConnection(RedisLogin login, List<String> channels, Listener listener) {
    this.login = login;
    this.channels = List.copyOf(channels);
    this.listener = listener;
  }

  /** Connects and logs in. */
  void open(EventLoop loop, ChannelFactory<? extends Channel> factory) {
    var connecting =
        new Bootstrap()
            .group(loop)
            .channelFactory(factory)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(MOST_WAITING_BYTES / 2, MOST_WAITING_BYTES))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel made) {
                    pipeline(made);
                  }
                })
            .connect(login.address());
    if (connecting.cause() == null) {
      channel = connecting.channel(); // where no socket could be made, none can be closed
    }
    var _ =
        connecting.addListener(
            done -> {
              if (!done.isSuccess()) { // without a socket it is told by another thread
                loop.execute(() -> closed(String.valueOf(done.cause().getMessage())));
              }
            });
    var _ =
        loop.schedule(
            () -> {
              if (!ready) {
                close("it was not ready within " + LOGIN_MILLIS + " ms");
              }
            },
            LOGIN_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  private void pipeline(Channel made) {
    var pipeline = made.pipeline();
    var tls = login.tls();
    if (tls != null) {
      var host = login.address().getHostString();
      pipeline.addLast(tls.newHandler(made.alloc(), host, login.address().getPort()));
    }
    pipeline
        .addLast(new RedisEncoder())
        .addLast(new RedisDecoder(LINE_BYTES, FixedRedisMessagePool.INSTANCE))
        .addLast(new Bound())
        .addLast(new RedisBulkStringAggregator())
        .addLast(new RedisArrayAggregator(8, 2))
        .addLast(this);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (login.tls() == null) {
      logIn(ctx);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess()) {
      logIn(ctx);
    }
    ctx.fireUserEventTriggered(event);
  }

  private void logIn(ChannelHandlerContext ctx) {
    var password = login.password();
    var user = login.user();
    if (password != null || user != null) {
      List<byte[]> auth = new ArrayList<>(List.of(bytes("AUTH")));
      if (user != null) {
        auth.add(bytes(user));
      }
      auth.add(bytes(password == null ? "" : password)); // a user of whom none is asked takes any
      ctx.write(command(auth), ctx.voidPromise());
    }
    if (channels.isEmpty()) {
      ctx.write(command(List.of(bytes("PING"))), ctx.voidPromise());
    } else {
      List<byte[]> subscribe = new ArrayList<>(List.of(SUBSCRIBE));
      channels.forEach(each -> subscribe.add(bytes(each)));
      ctx.write(command(subscribe), ctx.voidPromise());
    }
    ctx.flush();
  }

  /**
   * Publishes; takes the payload over.
   *
   * @return false when nothing more can be sent for now: then it is not sent
   */
  boolean publish(byte[] to, ByteBuf payload) {
    if (channel == null || !ready || !channel.isWritable()) {
      payload.release();
      return false;
    }
    List<RedisMessage> parts = new ArrayList<>(3);
    parts.add(new FullBulkStringRedisMessage(Unpooled.wrappedBuffer(PUBLISH)));
    parts.add(new FullBulkStringRedisMessage(Unpooled.wrappedBuffer(to)));
    parts.add(new FullBulkStringRedisMessage(payload));
    channel.writeAndFlush(new ArrayRedisMessage(parts), channel.voidPromise());
    return true;
  }

  private static ArrayRedisMessage command(List<byte[]> words) {
    List<RedisMessage> parts = new ArrayList<>();
    words.forEach(word -> parts.add(new FullBulkStringRedisMessage(Unpooled.wrappedBuffer(word))));
    return new ArrayRedisMessage(parts);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, RedisMessage message) {
    if (why != null) {
      return; // it came in the same read as what has ended it
    }
    switch (message) {
      case ErrorRedisMessage error -> close("Redis says: " + bare(error.content()));
      case SimpleStringRedisMessage said -> {
        if (said.content().equals("PONG")) {
          isReady();
        }
      }
      case IntegerRedisMessage _ -> {} // who heard what was published
      case ArrayRedisMessage array -> heard(array.children());
      default -> close("Redis answers with a " + message.getClass().getSimpleName());
    }
  }

  /** An error without the arguments that it may repeat: one of them can be the password. */
  private static String bare(String error) {
    int arguments = error.indexOf(", with args");
    return arguments < 0 ? error : error.substring(0, arguments);
  }

  private void heard(List<RedisMessage> parts) {
    if (parts.size() == 3
        && parts.get(0) instanceof FullBulkStringRedisMessage kind
        && parts.get(1) instanceof FullBulkStringRedisMessage from) {
      switch (text(kind)) {
        case "subscribe" -> {
          if (++subscribed == channels.size()) {
            isReady();
          }
        }
        case "message" -> {
          if (parts.get(2) instanceof FullBulkStringRedisMessage payload) {
            listener.message(text(from), payload.content());
          }
        }
        default -> {} // an answer to something that was not asked
      }
    }
  }

  private static String text(FullBulkStringRedisMessage word) {
    return word.content().toString(StandardCharsets.UTF_8);
  }

  private void isReady() {
    if (!ready) {
      ready = true;
      listener.ready(this);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    var root = cause;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    close(root.getMessage() == null ? root.toString() : root.getMessage());
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    closed("Redis closed the connection");
    ctx.fireChannelInactive();
  }

  /** Ends it; what is written before is still sent. */
  void close(String reason) {
    if (!closed && why == null) {
      why = reason;
      if (channel != null) {
        channel.close();
      }
    }
  }

  private void closed(String otherwise) {
    if (!closed) {
      closed = true;
      listener.closed(this, why == null ? otherwise : why);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Nothing of Redis is larger than a batch. */
  private final class Bound extends SimpleChannelInboundHandler<BulkStringHeaderRedisMessage> {
    Bound() {
      super(false);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, BulkStringHeaderRedisMessage header) {
      if (header.bulkStringLength() > Batch.MOST_BYTES) {
        close("Redis sends " + header.bulkStringLength() + " bytes at once");
      } else {
        ctx.fireChannelRead(header);
      }
    }
  }
}
