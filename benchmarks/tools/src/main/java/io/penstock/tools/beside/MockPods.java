package io.penstock.tools.beside;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Pods that cost next to nothing, so that a proxy in front of them is what is measured: every chat
 * gets the same answer of about 400 bytes once its body is read, every stream the same events at a
 * steady beat. All on one event loop; the methods may be called from any thread but that.
 */
public final class MockPods implements AutoCloseable {

  private static final int ACCEPT_QUEUE = 4_096;

  private final MultiThreadIoEventLoopGroup group;
  private final List<InetSocketAddress> addresses = new ArrayList<>();
  private volatile Beat beat = new Beat(100, Duration.ofMillis(5));

  /**
   * How streams go.
   *
   * @param events of a stream, at least 1
   * @param interval between two of them, above 0
   */
  public record Beat(int events, Duration interval) {

    /** Checks the ranges. */
    public Beat {
      if (events < 1 || interval.isNegative() || interval.isZero()) {
        throw new IllegalArgumentException("a beat has events and an interval above 0");
      }
    }
  }

  /** Starts pods on free ports of the loopback interface, with the metrics of an idle engine. */
  public static MockPods start(int count) {
    return start(count, 0);
  }

  /**
   * Starts pods on free ports of the loopback interface.
   *
   * @param pageKib least length of a metrics page
   */
  static MockPods start(int count, int pageKib) {
    return new MockPods(count, MockAnswers.metrics(pageKib << 10));
  }

  private MockPods(int count, ByteBuf metrics) {
    boolean epoll = Epoll.isAvailable();
    group =
        new MultiThreadIoEventLoopGroup(
            1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    var bootstrap =
        new ServerBootstrap()
            .group(group)
            .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, ACCEPT_QUEUE)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast("mock", new MockPodConnection(() -> beat, metrics));
                  }
                });
    for (int i = 0; i < count; i++) {
      var listening =
          bootstrap
              .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .syncUninterruptibly()
              .channel();
      addresses.add((InetSocketAddress) listening.localAddress());
    }
  }

  /** Where the pods are, as {@code host:port}. */
  public List<String> endpoints() {
    return addresses.stream()
        .map(address -> address.getAddress().getHostAddress() + ":" + address.getPort())
        .toList();
  }

  /** How streams that begin from now on go. */
  public void beat(Beat next) {
    beat = next;
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
