package io.penstock.proxy.warmup;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.proxy.listen.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Both ends of a warm-up: pods on loopback, and clients of whoever stands before them. Made, begun
 * and closed by one thread, which may block; the traffic has an event loop of its own.
 */
public final class Rehearsal implements AutoCloseable {

  /** What the pods serve. */
  public static final String MODEL = "warm-up";

  /** Where the gateway between them listens too, whichever loopback the JVM prefers. */
  private static final String LOOPBACK = "127.0.0.1";

  private static final int PODS = 4;
  private static final int CLIENTS = 16;

  private final Transport transport;
  private final MultiThreadIoEventLoopGroup loop;
  private final List<Channel> pods = new ArrayList<>();
  private final LongAdder answered = new LongAdder();

  /**
   * Pods that listen.
   *
   * @throws IOException when loopback has no port for them
   */
  public Rehearsal(Transport transport) throws IOException {
    this.transport = transport;
    this.loop = transport.loops(1);
    var bootstrap =
        new ServerBootstrap()
            .group(loop)
            .channel(transport.serverChannel())
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new RehearsalPod());
                  }
                });
    for (int i = 0; i < PODS; i++) {
      ChannelFuture bound = bootstrap.bind(LOOPBACK, 0).awaitUninterruptibly();
      if (!bound.isSuccess()) {
        close();
        throw new IOException("no port on loopback for the warm-up", bound.cause());
      }
      pods.add(bound.channel());
    }
  }

  /** Addresses of the pods, as {@code --endpoints} takes them. */
  public String endpoints() {
    List<String> addresses = new ArrayList<>();
    for (var pod : pods) {
      var address = (InetSocketAddress) pod.localAddress();
      addresses.add(address.getAddress().getHostAddress() + ":" + address.getPort());
    }
    return String.join(",", addresses);
  }

  /** Clients begin to ask that gateway, and go on until {@link #close}. */
  public void ask(InetSocketAddress gateway) {
    var numbers = new AtomicInteger();
    var bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(transport.clientChannel())
            .option(ChannelOption.TCP_NODELAY, true)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(new RehearsalClient(numbers.getAndIncrement(), answered));
                  }
                });
    for (int i = 0; i < CLIENTS; i++) {
      bootstrap.connect(gateway);
    }
  }

  /** Whole answers so far; from any thread. */
  public long answered() {
    return answered.sum();
  }

  /** Ends clients and pods. */
  @Override
  public void close() {
    loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
