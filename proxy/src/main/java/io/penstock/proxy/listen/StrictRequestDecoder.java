package io.penstock.proxy.listen;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;

/**
 * Netty's request decoder with the choices that leave no room for two readings of one message: bare
 * line feeds, a length beside chunks and a second length are errors.
 *
 * <p>Confined to the channel's event loop. Content comes in pieces of one read, not re-cut.
 */
final class StrictRequestDecoder extends HttpRequestDecoder {

  private static final int MAX_LINE_BYTES = 8 * 1024;
  private static final int MAX_PIECE_BYTES = 1024 * 1024;

  private final Runnable bytesSeen;

  /**
   * A decoder for one connection.
   *
   * @param maxHeadBytes limit of all header fields together
   * @param bytesSeen told of each read, before it is decoded
   */
  StrictRequestDecoder(int maxHeadBytes, Runnable bytesSeen) {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(MAX_LINE_BYTES)
            .setMaxHeaderSize(maxHeadBytes)
            .setMaxChunkSize(MAX_PIECE_BYTES)
            .setChunkedSupported(true)
            .setAllowPartialChunks(true)
            .setAllowDuplicateContentLengths(false)
            .setValidateHeaders(true)
            .setUseRfc9112TransferEncoding(true)
            .setStrictLineParsing(true));
    this.bytesSeen = bytesSeen;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    if (message instanceof ByteBuf) {
      bytesSeen.run();
    }
    super.channelRead(ctx, message);
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
  }
}
