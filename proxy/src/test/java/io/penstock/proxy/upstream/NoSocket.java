package io.penstock.proxy.upstream;

import io.netty.channel.ChannelException;
import io.netty.channel.socket.nio.NioSocketChannel;

/** Such as those of a process that has no file descriptor left. */
public final class NoSocket extends NioSocketChannel {

  /** Fails. */
  public NoSocket() {
    throw new ChannelException("Too many open files");
  }
}
