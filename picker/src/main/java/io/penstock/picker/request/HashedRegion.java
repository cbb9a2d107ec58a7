package io.penstock.picker.request;

import org.jspecify.annotations.Nullable;

/**
 * The part of the body that is being hashed, if any: it may begin and end anywhere, also in
 * different pieces. Confined to one event loop; holds a piece only while it is scanned.
 */
final class HashedRegion {

  private static final byte[] NO_PIECE = {};

  private byte[] piece = NO_PIECE;

  /** Body offset of index 0 of the piece. */
  private int base;

  /** Index in the piece of the first byte not hashed yet. */
  private int from;

  private @Nullable BlockChain target;

  void reset() {
    target = null;
  }

  /** The bytes at {@code start} and after, which stand at {@code offset} in the body, are next. */
  void pieceStart(byte[] bytes, int start, int offset) {
    piece = bytes;
    base = offset - start;
    from = start;
  }

  /** The piece has been scanned up to {@code end}. */
  void pieceEnd(int end) {
    if (target != null) {
      target.update(piece, from, end);
    }
    piece = NO_PIECE;
  }

  boolean isOpen() {
    return target != null;
  }

  /** Hashing begins at body offset {@code at}, in this piece or where the next one begins. */
  void open(BlockChain chain, int at) {
    target = chain;
    from = at - base;
  }

  /** Hashing ends in front of body offset {@code end}. */
  void close(int end) {
    if (target != null) {
      target.update(piece, from, end - base);
      target = null;
    }
  }
}
