package io.penstock.picker.scrape;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** A pod that answers each request, known by its path, with given bytes on a real socket. */
final class FakePod implements AutoCloseable {

  /** Bytes to send, and whether to close the connection after them. */
  record Reply(String bytes, boolean close) {
    static Reply ok(String body) {
      return new Reply(
          "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s".formatted(body.length(), body), false);
    }
  }

  final List<String> asked = new CopyOnWriteArrayList<>();
  final List<Channel> connections = new CopyOnWriteArrayList<>();
  volatile Function<String, Reply> replies;
  private final Channel listener;

  FakePod(EventLoopGroup loops, Function<String, Reply> replies) {
    this.replies = replies;
    listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    connections.add(channel);
                    channel.pipeline().addLast(new Requests());
                  }
                })
            .bind("127.0.0.1", 0)
            .syncUninterruptibly()
            .channel();
  }

  int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  long open() {
    return connections.stream().filter(Channel::isActive).count();
  }

  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    connections.forEach(connection -> connection.close().syncUninterruptibly());
  }

  private final class Requests extends SimpleChannelInboundHandler<ByteBuf> {
    private final StringBuilder received = new StringBuilder();

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
      received.append(bytes.toString(US_ASCII));
      int end = received.indexOf("\r\n\r\n");
      if (end < 0) {
        return;
      }
      var path = received.substring(4, received.indexOf(" HTTP/1.1"));
      received.delete(0, end + 4);
      asked.add(path);
      var reply = replies.apply(path);
      var written = ctx.writeAndFlush(Unpooled.copiedBuffer(reply.bytes(), US_ASCII));
      if (reply.close()) {
        written.addListener(ChannelFutureListener.CLOSE);
      }
    }
  }
}
