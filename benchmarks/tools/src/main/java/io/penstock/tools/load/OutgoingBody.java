package io.penstock.tools.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;

/**
 * A request's body, built once and sent many times, with a hole of 16 bytes that each sending fills
 * with hexadecimal digits of its own. Confined to one thread, which closes it.
 */
public final class OutgoingBody implements AutoCloseable {

  /** Bytes of the hole. */
  static final int NONCE_BYTES = 16;

  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  private final ByteBuf bytes;
  private final int hole;
  private long nonce;

  /**
   * A body.
   *
   * @param body the whole body, copied
   * @param hole where the 16 bytes start, or −1 for a body that is always the same
   */
  OutgoingBody(byte[] body, int hole) {
    if (hole > body.length - NONCE_BYTES) {
      throw new IllegalArgumentException("the hole must lie inside the body");
    }
    this.bytes = PooledByteBufAllocator.DEFAULT.directBuffer(body.length).writeBytes(body);
    this.hole = hole;
  }

  /** What the next sending puts into the hole. */
  OutgoingBody with(long nextNonce) {
    nonce = nextNonce;
    return this;
  }

  /** Bytes of the body. */
  int length() {
    return bytes.readableBytes();
  }

  /** Writes the body without a flush and without copying more than the hole. */
  void writeTo(Channel channel) {
    if (hole < 0) {
      channel.write(bytes.retainedDuplicate(), channel.voidPromise());
      return;
    }
    if (hole > 0) {
      channel.write(bytes.retainedSlice(0, hole), channel.voidPromise());
    }
    ByteBuf digits = PooledByteBufAllocator.DEFAULT.directBuffer(NONCE_BYTES);
    for (int shift = 60; shift >= 0; shift -= 4) {
      digits.writeByte(HEX[(int) (nonce >>> shift) & 15]);
    }
    channel.write(digits, channel.voidPromise());
    int rest = hole + NONCE_BYTES;
    if (rest < length()) {
      channel.write(bytes.retainedSlice(rest, length() - rest), channel.voidPromise());
    }
  }

  @Override
  public void close() {
    bytes.release();
  }
}
