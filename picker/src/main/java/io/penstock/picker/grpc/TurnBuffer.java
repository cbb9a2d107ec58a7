package io.penstock.picker.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gathers what is written to a connection until it is flushed into one buffer: TLS gets whole
 * records to encrypt and the kernel one piece to take, and what lies in arrays is copied to where
 * both need it once. Confined to the connection's event loop.
 *
 * <p>What has been gathered is not seen by the channel's watermarks, so no more than {@link
 * #MOST_BYTES} and a frame is kept back.
 */
final class TurnBuffer extends ChannelOutboundHandlerAdapter {

  /** So much goes on without waiting for a flush. */
  static final int MOST_BYTES = 64 << 10;

  private static final int LEAST_BYTES = 1 << 10;

  private @Nullable ChannelHandlerContext context;
  private @Nullable ByteBuf gathered;
  private @Nullable ChannelPromise written;
  private int expectedBytes = LEAST_BYTES;

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    passOn();
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    var bytes = (ByteBuf) message;
    try {
      room(bytes.readableBytes()).writeBytes(bytes);
    } catch (RuntimeException | Error failure) {
      promise.tryFailure(failure);
      return;
    } finally {
      bytes.release();
    }
    complete(promise);
    passOnIfFull();
  }

  @Override
  public void flush(ChannelHandlerContext ctx) {
    passOn();
    ctx.flush();
  }

  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    passOn();
    ctx.close(promise);
  }

  /** Where so many bytes are to be written to at once. */
  ByteBuf room(int bytes) {
    var into = gathered;
    if (into == null) {
      into = context().alloc().directBuffer(Math.max(bytes, expectedBytes));
      gathered = into;
      written = context().newPromise();
    }
    return into.ensureWritable(bytes);
  }

  /** Passes on what has been gathered when it is much. */
  void passOnIfFull() {
    var all = gathered;
    if (all != null && all.readableBytes() >= MOST_BYTES) {
      passOn();
    }
  }

  /**
   * Completes a promise when what has been gathered was written, or never will be; between a {@link
   * #room} and the next {@link #passOnIfFull}.
   */
  void complete(ChannelPromise promise) {
    if (promise.isVoid()) {
      return;
    }
    Objects.requireNonNull(written)
        .addListener(
            done -> {
              if (done.isSuccess()) {
                promise.trySuccess();
              } else {
                promise.tryFailure(done.cause());
              }
            });
  }

  private void passOn() {
    var all = gathered;
    var turn = written;
    if (all == null || turn == null) {
      return;
    }
    gathered = null;
    written = null;
    expectedBytes =
        Math.clamp(Integer.highestOneBit(all.readableBytes()) * 2L, LEAST_BYTES, MOST_BYTES);
    turn.addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    context().write(all, turn);
  }

  private ChannelHandlerContext context() {
    var ctx = context;
    if (ctx == null) {
      throw new IllegalStateException("a buffer that is not in a pipeline");
    }
    return ctx;
  }
}
