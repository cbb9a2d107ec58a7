package io.penstock.picker.extproc;

import io.penstock.picker.request.ByteSpan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * A request's body while nobody knows yet where it goes: the pieces as they came, in the arrays in
 * which they came. Empty pieces are not kept.
 */
final class HeldBody {

  private static final class Piece {
    final byte[] bytes;
    final int start;
    final int length;

    Piece(byte[] bytes, int start, int length) {
      this.bytes = bytes;
      this.start = start;
      this.length = length;
    }
  }

  private final List<Piece> pieces = new ArrayList<>(4);
  private final BodyBudget budget;
  private long bytes;

  HeldBody(BodyBudget budget) {
    this.budget = budget;
  }

  /** Bytes so far. */
  long bytes() {
    return bytes;
  }

  /** Keeps a piece, which nobody else changes; false when there is no room for it. */
  boolean add(byte[] array, int start, int length) {
    if (length == 0) {
      return true;
    }
    if (!budget.take(length)) {
      return false;
    }
    bytes += length;
    pieces.add(new Piece(array, start, length));
    return true;
  }

  /** Overwrites ranges of the body with spaces; ascending and disjoint. */
  void blank(List<ByteSpan> spans) {
    for (var span : spans) {
      blank(span.start(), span.end());
    }
  }

  private void blank(int from, int to) {
    int pieceStart = 0;
    for (var piece : pieces) {
      int start = Math.max(from, pieceStart);
      int end = Math.min(to, pieceStart + piece.length);
      if (start < end) {
        int shift = piece.start - pieceStart;
        Arrays.fill(piece.bytes, start + shift, end + shift, (byte) ' ');
      }
      pieceStart += piece.length;
    }
  }

  /** The body as one array, for the rare case that it must be sent whole. */
  byte[] whole() {
    byte[] whole = new byte[(int) bytes];
    int at = 0;
    for (var piece : pieces) {
      System.arraycopy(piece.bytes, piece.start, whole, at, piece.length);
      at += piece.length;
    }
    return whole;
  }

  /**
   * Hands every piece back.
   *
   * @param last whether the end of the body is the end of the request: no trailers follow
   */
  void handBack(boolean last, Consumer<Reply> replies) {
    if (pieces.isEmpty()) {
      if (last) {
        Replies.requestBody(new byte[0], 0, 0, true, replies);
      }
      return;
    }
    for (int i = 0; i < pieces.size(); i++) {
      var piece = pieces.get(i);
      boolean end = last && i == pieces.size() - 1;
      Replies.requestBody(piece.bytes, piece.start, piece.length, end, replies);
    }
  }

  /** Lets everything go; may be called again. */
  void release() {
    budget.give(bytes);
    bytes = 0;
    pieces.clear();
  }
}
