package io.penstock.proxy.listen;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.penstock.proxy.config.GatewayConfig.TransportKind;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The kind of sockets and event loops in use. Immutable.
 *
 * @param name for the log
 * @param completes whether the kernel fills a buffer it was given earlier (io_uring), rather than
 *     saying that there is something to read
 */
public record Transport(
    String name,
    IoHandlerFactory handlers,
    Class<? extends ServerSocketChannel> serverChannel,
    Class<? extends SocketChannel> clientChannel,
    boolean completes) {

  /**
   * Whether one request to the kernel reports many times that a socket can be read. Then a reset
   * that comes right behind data is told together with the data, and no more once that was read:
   * the call would wait for its time limit (Netty 4.2.18).
   */
  private static final String POLL_MULTISHOT = "io.netty.iouring.pollAddMultishotEnabled";

  private static final int LEAST_READ_BYTES = 2 * 1024;
  private static final int FIRST_READ_BYTES = 16 * 1024;
  private static final int MOST_READ_BYTES = 256 * 1024;

  /**
   * The transport an operator asked for ({@code transport}).
   *
   * @throws IOException when this machine does not have it, with the reason
   */
  public static Transport of(TransportKind kind) throws IOException {
    return switch (kind) {
      case AUTO -> Epoll.isAvailable() ? epoll() : nio();
      case NIO -> nio();
      case EPOLL -> {
        require(kind, Epoll.unavailabilityCause());
        yield epoll();
      }
      case IO_URING -> {
        if (System.getProperty(POLL_MULTISHOT) == null) {
          System.setProperty(POLL_MULTISHOT, "false");
        }
        require(kind, IoUring.unavailabilityCause());
        yield ioUring();
      }
    };
  }

  private static void require(TransportKind kind, @Nullable Throwable cause) throws IOException {
    if (cause == null) {
      return;
    }
    // The first cause is often only that a class could not be initialised.
    Throwable reason = cause;
    while (reason.getCause() != null) {
      reason = reason.getCause();
    }
    throw new IOException(
        "transport "
            + kind.name().toLowerCase(Locale.ROOT)
            + " is not available on this machine, auto and nio are: "
            + reason.getMessage(),
        cause);
  }

  private static Transport epoll() {
    return new Transport(
        "epoll",
        EpollIoHandler.newFactory(),
        EpollServerSocketChannel.class,
        EpollSocketChannel.class,
        false);
  }

  private static Transport ioUring() {
    return new Transport(
        "io_uring",
        IoUringIoHandler.newFactory(),
        IoUringServerSocketChannel.class,
        IoUringSocketChannel.class,
        true);
  }

  private static Transport nio() {
    return new Transport(
        "nio",
        NioIoHandler.newFactory(),
        NioServerSocketChannel.class,
        NioSocketChannel.class,
        false);
  }

  /** Reads of a transport that completes: each connection into buffers of its own, one a turn. */
  public static RecvByteBufAllocator ownReads() {
    return new AdaptiveRecvByteBufAllocator(LEAST_READ_BYTES, FIRST_READ_BYTES, MOST_READ_BYTES)
        .maxMessagesPerRead(1);
  }

  /** Event loops of this kind. */
  public MultiThreadIoEventLoopGroup loops(int count) {
    return new MultiThreadIoEventLoopGroup(
        count, new DefaultThreadFactory("penstock-loop"), handlers);
  }
}
