package io.penstock.tools.beside;

import io.netty.buffer.ByteBuf;

/**
 * Walks a body in chunks (RFC 9112 §7.1), as Envoy sends it when a picker may change it. Trusts its
 * sender. Confined to the event loop.
 */
final class ChunkWalk {

  private enum Place {
    SIZE,
    EXTENSION,
    DATA,
    DATA_END,
    TRAILER,
    END
  }

  private Place place = Place.SIZE;
  private long left;
  private int lineBytes;

  /** Before the next body. */
  void reset() {
    place = Place.SIZE;
    left = 0;
    lineBytes = 0;
  }

  /**
   * Goes on to the next piece of data, which then lies at the reader's index.
   *
   * @return its length; 0 when the buffer is used up, -1 when the body has ended
   */
  int next(ByteBuf in) {
    while (in.isReadable()) {
      if (place == Place.DATA) {
        int length = (int) Math.min(left, in.readableBytes());
        left -= length;
        place = left == 0 ? Place.DATA_END : Place.DATA;
        return length;
      }
      framing(in.readByte());
      if (place == Place.END) {
        return -1;
      }
    }
    return 0;
  }

  private void framing(byte b) {
    switch (place) {
      case SIZE -> {
        int digit = Character.digit(b, 16);
        if (digit >= 0) {
          left = left * 16 + digit;
        } else {
          place = Place.EXTENSION;
          framing(b);
        }
      }
      case EXTENSION -> {
        if (b == '\n') {
          place = left == 0 ? Place.TRAILER : Place.DATA;
        }
      }
      case DATA_END -> {
        if (b == '\n') {
          place = Place.SIZE;
        }
      }
      case TRAILER -> {
        if (b != '\n') {
          lineBytes += b == '\r' ? 0 : 1;
        } else if (lineBytes == 0) {
          place = Place.END;
        } else {
          lineBytes = 0;
        }
      }
      case DATA, END -> throw new IllegalStateException("no framing is read here");
    }
  }
}
