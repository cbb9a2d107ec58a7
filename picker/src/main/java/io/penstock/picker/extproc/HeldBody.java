package io.penstock.picker.extproc;

import io.penstock.picker.request.ByteSpan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * A request's body while nobody knows yet where it goes: the pieces as they came, in the arrays in
 * which they came. Empty pieces are not kept. What counts for the budget is the arrays, in which
 * more may lie than a piece: the gateway's metadata is in every message.
 */
final class HeldBody {

  /** What keeping a piece takes beside the contents of its array, about. */
  private static final int PIECE_BYTES = 64;

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
  private long takenBytes;

  /** By how much the body has grown by what was put into it. */
  private int replacedBytes;

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
    long taken = (long) array.length + PIECE_BYTES;
    if (!budget.take(taken)) {
      return false;
    }
    takenBytes += taken;
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

  /** Puts other bytes in the place of a range; what stands around it stays where it is. */
  void replace(ByteSpan span, byte[] value) {
    List<Piece> changed = new ArrayList<>(pieces.size() + 2);
    int pieceStart = 0;
    boolean put = false;
    for (var piece : pieces) {
      int before = Math.clamp(span.start() - pieceStart, 0, piece.length);
      int behind = Math.clamp(span.end() - pieceStart, 0, piece.length);
      add(changed, piece.bytes, piece.start, before);
      if (!put && pieceStart + piece.length > span.start()) {
        add(changed, value, 0, value.length);
        put = true;
      }
      add(changed, piece.bytes, piece.start + behind, piece.length - behind);
      pieceStart += piece.length;
    }
    pieces.clear();
    pieces.addAll(changed);
    replacedBytes += value.length - span.length();
  }

  private static void add(List<Piece> to, byte[] bytes, int start, int length) {
    if (length > 0) {
      to.add(new Piece(bytes, start, length));
    }
  }

  /**
   * The body as one array in place of its pieces, for the rare case that it must be sent whole. The
   * room for them stays taken until {@link #release}, which is due when it has been written.
   */
  byte[] whole() {
    byte[] whole = new byte[(int) bytes + replacedBytes];
    int at = 0;
    for (var piece : pieces) {
      System.arraycopy(piece.bytes, piece.start, whole, at, piece.length);
      at += piece.length;
    }
    pieces.clear();
    return whole;
  }

  /**
   * Hands every piece back. The room for them stays taken until {@link #release}, which is due when
   * they have been written.
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
    pieces.clear();
  }

  /** Lets everything go; may be called again. */
  void release() {
    budget.give(takenBytes);
    takenBytes = 0;
    bytes = 0;
    pieces.clear();
  }
}
