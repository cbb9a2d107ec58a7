package io.penstock.picker.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.netty.handler.codec.http2.Http2RemoteFlowController.FlowControlled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages of a stream that wait for the peer's windows, and then become DATA frames (RFC 9113,
 * section 6.1) in the connection's {@link TurnBuffer}. Confined to the connection's event loop.
 */
final class MessageFrames implements FlowControlled {

  private static final int FRAME_HEAD_BYTES = 9;

  /** What is left of a range of an array. */
  private static final class Piece {
    final byte[] bytes;
    final int end;
    int at;

    Piece(byte[] bytes, int start, int length) {
      this.bytes = bytes;
      this.at = start;
      this.end = start + length;
    }
  }

  private final GrpcConnection connection;
  private final int streamId;
  private final ArrayDeque<Piece> pieces = new ArrayDeque<>(4);
  private final List<ChannelPromise> promises = new ArrayList<>(1);

  private int left;

  /**
   * Nothing yet.
   *
   * @param written completed when all was written, or never will be because the stream is gone
   */
  MessageFrames(GrpcConnection connection, int streamId, ChannelPromise written) {
    this.connection = connection;
    this.streamId = streamId;
    promises.add(written);
  }

  /** Adds a range of an array, which is not changed until it was written. */
  MessageFrames add(byte[] bytes, int start, int length) {
    if (length > 0) {
      pieces.add(new Piece(bytes, start, length));
      left += length;
    }
    return this;
  }

  @Override
  public int size() {
    return left;
  }

  @Override
  public void write(ChannelHandlerContext ctx, int allowedBytes) {
    var turn = connection.turn();
    int most = connection.mostFrameBytes();
    int now = Math.min(left, allowedBytes);
    while (now > 0) {
      int length = Math.min(now, most);
      var out = turn.room(FRAME_HEAD_BYTES + length);
      out.writeMedium(length).writeByte(Http2FrameTypes.DATA).writeByte(0).writeInt(streamId);
      copy(out, length);
      now -= length;
      left -= length;
      if (left == 0) {
        promises.forEach(turn::complete);
      }
      turn.passOnIfFull();
    }
  }

  private void copy(ByteBuf out, int length) {
    int missing = length;
    while (missing > 0) {
      var piece = pieces.element();
      int more = Math.min(missing, piece.end - piece.at);
      out.writeBytes(piece.bytes, piece.at, more);
      missing -= more;
      piece.at += more;
      if (piece.at == piece.end) {
        pieces.remove();
      }
    }
  }

  @Override
  public boolean merge(ChannelHandlerContext ctx, FlowControlled next) {
    if (!(next instanceof MessageFrames more) || (long) left + more.left > Integer.MAX_VALUE) {
      return false;
    }
    pieces.addAll(more.pieces);
    promises.addAll(more.promises);
    left += more.left;
    return true;
  }

  @Override
  public void writeComplete() {}

  @Override
  public void error(ChannelHandlerContext ctx, Throwable cause) {
    // The size stays: so much is given back to the windows.
    pieces.clear();
    promises.forEach(promise -> promise.tryFailure(cause));
    connection.onError(ctx, true, cause);
  }
}
