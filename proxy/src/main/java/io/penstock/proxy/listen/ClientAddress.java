package io.penstock.proxy.listen;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** The IP address of a client's connection. Stateless. */
final class ClientAddress {

  private ClientAddress() {}

  /** The address without its port, null when the channel has none. */
  static @Nullable String of(Channel channel) {
    return channel.remoteAddress() instanceof InetSocketAddress address
            && address.getAddress() != null
        ? address.getAddress().getHostAddress()
        : null;
  }
}
