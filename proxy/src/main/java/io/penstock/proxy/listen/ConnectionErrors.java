package io.penstock.proxy.listen;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last handler of a client's HTTP/2 connection: takes note, for debugging only, of what goes
 * wrong outside any stream, since that is the client's doing. Confined to the channel's event loop.
 *
 * <p>It closes nothing: after an I/O error the socket is closed, and of a protocol error the codec
 * tells the client by GOAWAY before it closes.
 */
final class ConnectionErrors extends ChannelInboundHandlerAdapter {

  private static final Logger LOG = LoggerFactory.getLogger(ConnectionErrors.class);

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.debug("a client's connection failed", cause);
  }
}
