package io.penstock.proxy.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import org.jspecify.annotations.Nullable;

/**
 * Ends of a client's connection that are no plain close, to be put into effect once everything is
 * written. Stateless.
 */
final class ConnectionEnd {

  /** The gateway sends nothing more, and reads on; over TLS that cannot be said. */
  static final ChannelFutureListener HALF =
      written -> {
        if (written.channel() instanceof DuplexChannel duplex && tls(duplex) == null) {
          duplex.shutdownOutput();
        }
      };

  private ConnectionEnd() {}

  /**
   * Behind an answer that is not whole. Where the end of a body is that of its connection, this is
   * a reset, whoever closes the channel: an end in good order would make a whole one of a part (RFC
   * 9112 §8).
   */
  static ChannelFutureListener cut(Channel channel, boolean untilClose) {
    if (!untilClose) {
      return ChannelFutureListener.CLOSE;
    }
    if (channel.isOpen()) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
    }
    return written -> closeWithoutWord(written.channel());
  }

  /** Does not have TLS say that nothing is missing. */
  private static void closeWithoutWord(Channel channel) {
    var tls = tls(channel);
    if (tls == null) {
      channel.close();
    } else {
      tls.close();
    }
  }

  private static @Nullable ChannelHandlerContext tls(Channel channel) {
    return channel.pipeline().context(SslHandler.class);
  }
}
