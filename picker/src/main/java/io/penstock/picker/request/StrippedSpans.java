package io.penstock.picker.request;

import java.util.ArrayList;
import java.util.List;

/**
 * Finds the ranges to blank so that an object loses some members and stays JSON. Each range is a
 * member and one comma: the one in front of it if a member that stays is anywhere before it, else
 * the one after it. So of the commas between two members that stay exactly one is left, and none at
 * either end.
 *
 * <p>Confined to one event loop; {@link #reset} makes it ready for another body.
 */
final class StrippedSpans {

  private static final int NONE = -1;

  private final List<ByteSpan> spans = new ArrayList<>();
  private boolean keptBefore;
  private int comma = NONE;

  /** A stripped member that waits for the comma after it. */
  private int waitingStart = NONE;

  private int waitingEnd;

  void reset() {
    spans.clear();
    keptBefore = false;
    comma = NONE;
    waitingStart = NONE;
  }

  void comma(int at) {
    comma = at;
    if (waitingStart != NONE) {
      spans.add(new ByteSpan(waitingStart, at + 1));
      waitingStart = NONE;
    }
  }

  void keptMember() {
    keptBefore = true;
  }

  void strippedMember(int start, int end) {
    if (keptBefore) {
      spans.add(new ByteSpan(comma, end));
    } else {
      waitingStart = start;
      waitingEnd = end;
    }
  }

  /** What is between the brackets of a value inside of a member that stays. */
  void contents(int start, int end) {
    spans.add(new ByteSpan(start, end));
  }

  /** The ranges, ascending and disjoint, when the object has ended. */
  List<ByteSpan> finish() {
    if (waitingStart != NONE) {
      spans.add(new ByteSpan(waitingStart, waitingEnd));
      waitingStart = NONE;
    }
    return List.copyOf(spans);
  }
}
