package io.penstock.proxy.listen;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.penstock.proxy.upstream.SharedReadBuffer;
import java.util.List;

/**
 * Netty's request decoder with the choices that leave no room for two readings of one message: bare
 * line feeds, a length beside chunks, a second length and folded lines (RFC 9112 §5.2) are errors.
 * After an error nothing more is decoded.
 *
 * <p>Confined to the channel's event loop. Content comes in pieces of one read, not re-cut.
 */
final class StrictRequestDecoder extends HttpRequestDecoder {

  private static final int MAX_LINE_BYTES = 8 * 1024;
  private static final int MAX_PIECE_BYTES = 1024 * 1024;

  private final Runnable bytesSeen;
  private boolean inHead = true;
  private boolean afterFirstLine;
  private boolean refused;

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
    setCumulator(SharedReadBuffer::cumulate);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    if (message instanceof ByteBuf) {
      bytesSeen.run();
    }
    super.channelRead(ctx, message);
  }

  /** Whether a part of a head is here that is not whole yet. */
  boolean headBegun() {
    return inHead && !refused && (afterFirstLine || actualReadableBytes() > 0);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
    if (refused) {
      in.skipBytes(in.readableBytes());
      return;
    }
    if (inHead && folds(in)) {
      refused = true;
      in.skipBytes(in.readableBytes());
      out.add(foldedRequest());
      return;
    }
    int first = afterFirstLine ? 0 : firstLine(in);
    int known = out.size();
    super.decode(ctx, in, out);
    afterFirstLine |= in.readerIndex() > first;
    for (int i = known; i < out.size(); i++) {
      inHead &= !(out.get(i) instanceof HttpRequest);
      if (out.get(i) instanceof LastHttpContent) {
        inHead = true;
        afterFirstLine = false;
      }
    }
  }

  @Override
  protected void decodeLast(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
      throws Exception {
    if (!refused) {
      super.decodeLast(ctx, in, out);
    }
  }

  /**
   * Whether a line of the head, as far as it is here, begins with a blank. Netty would join it to
   * the line before. The bytes begin with a line, since whole lines are taken off them.
   */
  private boolean folds(ByteBuf in) {
    int end = in.writerIndex();
    int line = afterFirstLine ? in.readerIndex() : firstLine(in);
    boolean first = !afterFirstLine;
    while (line < end && !isLineEnd(in.getByte(line))) {
      if (!first && isBlank(in.getByte(line))) {
        return true;
      }
      first = false;
      int lineFeed = in.indexOf(line, end, (byte) '\n');
      line = lineFeed < 0 ? end : lineFeed + 1;
    }
    return false;
  }

  /** Where the request line begins: empty lines before it do not count. */
  private static int firstLine(ByteBuf in) {
    int at = in.readerIndex();
    while (at < in.writerIndex() && isLineEnd(in.getByte(at))) {
      at++;
    }
    return at;
  }

  private static boolean isLineEnd(byte b) {
    return b == '\r' || b == '\n';
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  private static HttpRequest foldedRequest() {
    var request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/bad-request");
    request.setDecoderResult(
        DecoderResult.failure(new IllegalArgumentException("a header line that is folded")));
    return request;
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
  }
}
