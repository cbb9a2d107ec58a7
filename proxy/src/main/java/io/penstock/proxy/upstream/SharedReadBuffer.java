package io.penstock.proxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Reads of all connections of one event loop go into one block of 256 KiB, as long as they are
 * consumed before the next. Confined to that loop.
 *
 * <p>A read whose bytes are still held moves the next one behind them, so that many small held
 * reads share a block instead of pinning one each; a block without room is left to its holders and
 * a new one begun. One read per turn: what was read is flushed before more is read.
 *
 * <p>Nobody may add to a read: what lies behind it is another's. A decoder that waits for the rest
 * of a message has to have {@link #cumulate}.
 *
 * <p>For transports that read when a socket is ready. One that hands a buffer to the kernel and
 * hears later how much is in it would have many of them out at a time, over the same memory.
 */
public final class SharedReadBuffer extends DefaultMaxMessagesRecvByteBufAllocator {

  private static final int BLOCK_BYTES = 256 * 1024;
  private static final int LEAST_READ_BYTES = 32 * 1024;

  private @Nullable ByteBuf block;
  private int used;

  /** A loop's read buffer; the block is allocated with the first read. */
  public SharedReadBuffer() {
    super(1);
  }

  @Override
  @SuppressWarnings("deprecation")
  public Handle newHandle() {
    return new MaxMessageHandle() {
      @Override
      public int guess() {
        return BLOCK_BYTES;
      }

      @Override
      public ByteBuf allocate(ByteBufAllocator allocator) {
        return take(allocator);
      }

      @Override
      public void lastBytesRead(int bytes) {
        if (bytes > 0) {
          used += bytes;
        }
        super.lastBytesRead(bytes);
      }
    };
  }

  private ByteBuf take(ByteBufAllocator allocator) {
    ByteBuf current = block;
    if (current != null && current.refCnt() == 1) {
      used = 0;
      return current.clear().retain();
    }
    if (current != null && BLOCK_BYTES - used >= LEAST_READ_BYTES) {
      return current.retainedSlice(used, BLOCK_BYTES - used).clear();
    }
    if (current != null) {
      // Forgotten first: should the allocation fail, the next read tries anew.
      block = null;
      current.release();
    }
    ByteBuf fresh = allocator.directBuffer(BLOCK_BYTES, BLOCK_BYTES);
    block = fresh;
    used = 0;
    return fresh.retain();
  }

  /**
   * What a decoder has left of its reads and one more, in a buffer of their own: how Netty's
   * decoders ({@code ByteToMessageDecoder}) cumulate what is read here. Both are released.
   */
  public static ByteBuf cumulate(ByteBufAllocator allocator, ByteBuf left, ByteBuf read) {
    if (!left.isReadable()) {
      left.release();
      return read;
    }
    try {
      int length = left.readableBytes() + read.readableBytes();
      return allocator.directBuffer(length).writeBytes(left).writeBytes(read);
    } finally {
      left.release();
      read.release();
    }
  }

  /** Gives the block up, when the loop ends. */
  public void close() {
    if (block != null) {
      block.release();
      block = null;
    }
  }
}
