package io.penstock.simulator.kv;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One transfer as the decode pod sees it: dial, ask, wait for as long as the bytes take, release.
 * Confined to the pod's event loop; tells its outcome once, unless it is aborted.
 */
public final class KvFetch {

  private final KvSource source;
  private final long fingerprint;
  private final long transferNanos;
  private final Consumer<Boolean> outcome;
  private @Nullable Channel channel;
  private boolean over;
  private boolean aborted;
  private boolean dead;

  KvFetch(KvSource source, long fingerprint, long transferNanos, Consumer<Boolean> outcome) {
    this.source = source;
    this.fingerprint = fingerprint;
    this.transferNanos = transferNanos;
    this.outcome = outcome;
  }

  /** Begins; what it returns is done when nothing is left of the transfer, however it ended. */
  ChannelFuture dial(EventLoop loop, Class<? extends SocketChannel> type) {
    var connect =
        new Bootstrap()
            .group(loop)
            .channel(type)
            .handler(KvSide.lines(Asking::new))
            .connect(new InetSocketAddress(source.host(), source.port()));
    connect.addListener((ChannelFutureListener) this::connected);
    return connect.channel().closeFuture();
  }

  private void connected(ChannelFuture connect) {
    if (!connect.isSuccess()) {
      tell(false);
      return;
    }
    channel = connect.channel();
    if (dead) {
      var _ = channel.close();
    } else {
      send(aborted ? free() : read(), aborted);
    }
  }

  /** The pod died: whoever it was reading from hears nothing more, nor does the request. */
  void cut() {
    aborted = true;
    dead = true;
    if (channel != null) {
      var _ = channel.close();
    }
  }

  /** The request was aborted: the blocks are released at once, read or not. */
  public void abort() {
    if (over || aborted) {
      return;
    }
    aborted = true;
    if (channel != null) {
      send(free(), true);
    }
  }

  private String read() {
    return "READ "
        + source.engineId()
        + ' '
        + source.id()
        + ' '
        + Long.toHexString(fingerprint)
        + ' '
        + source.early()
        + '\n';
  }

  private String free() {
    return "FREE " + source.id() + '\n';
  }

  private void send(String line, boolean last) {
    if (channel != null) {
      var written = channel.writeAndFlush(line);
      if (last) {
        written.addListener(ChannelFutureListener.CLOSE);
      }
    }
  }

  private void tell(boolean came) {
    if (!over && !aborted) {
      over = true;
      outcome.accept(came);
    }
  }

  private final class Asking extends SimpleChannelInboundHandler<String> {

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, String line) {
      if (!line.equals("OK")) {
        var _ = ctx.close();
        return;
      }
      ctx.channel()
          .eventLoop()
          .schedule(
              () -> {
                if (!aborted && !over) {
                  send("DONE " + source.id() + '\n', true);
                  tell(true);
                }
              },
              transferNanos,
              TimeUnit.NANOSECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      tell(false);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      var _ = ctx.close();
    }
  }
}
