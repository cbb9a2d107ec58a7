package io.penstock.picker.request;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Finds the ranges to blank so that an object loses some members and stays JSON. Each range is a
 * member and one comma: the one in front of it if a member that stays is anywhere before it, else
 * the one after it. So of the commas between two members that stay exactly one is left, and none at
 * either end. Members in a row are one range, with the white space between them.
 *
 * <p>Confined to one event loop; {@link #reset} makes it ready for another body.
 */
final class StrippedSpans {

  private static final int NONE = -1;

  /** Ints for a range: its start and its end. */
  private static final int BOUNDS = 2;

  private static final int USUAL_RANGES = 16;

  /** Room for more ranges is not kept from one body to the next. */
  private static final int KEPT_RANGES = 1_024;

  private int[] bounds = new int[USUAL_RANGES * BOUNDS];
  private int used;

  /** Whether nothing that stays has come since the last range. */
  private boolean inRow;

  private boolean keptBefore;
  private int comma = NONE;

  /** A stripped member that waits for the comma after it. */
  private int waitingStart = NONE;

  private int waitingEnd;

  void reset() {
    if (room() > KEPT_RANGES) {
      bounds = new int[USUAL_RANGES * BOUNDS];
    }
    used = 0;
    inRow = false;
    keptBefore = false;
    comma = NONE;
    waitingStart = NONE;
  }

  void comma(int at) {
    comma = at;
    if (waitingStart != NONE) {
      add(waitingStart, at + 1);
      waitingStart = NONE;
    }
  }

  void keptMember() {
    keptBefore = true;
    inRow = false;
  }

  void strippedMember(int start, int end) {
    if (keptBefore) {
      add(comma, end);
    } else {
      waitingStart = start;
      waitingEnd = end;
    }
  }

  /** What is between the brackets of a value inside of a member that stays. */
  void contents(int start, int end) {
    inRow = false;
    add(start, end);
    inRow = false;
  }

  private void add(int start, int end) {
    if (inRow) {
      bounds[used - 1] = end;
      return;
    }
    if (used == bounds.length) {
      bounds = Arrays.copyOf(bounds, 2 * used);
    }
    bounds[used++] = start;
    bounds[used++] = end;
    inRow = true;
  }

  /** The ranges, ascending and disjoint, when the object has ended. */
  List<ByteSpan> finish() {
    if (waitingStart != NONE) {
      add(waitingStart, waitingEnd);
      waitingStart = NONE;
    }
    if (used == 0) {
      return List.of();
    }
    List<ByteSpan> spans = new ArrayList<>(used / BOUNDS);
    for (int i = 0; i < used; i += BOUNDS) {
      spans.add(new ByteSpan(bounds[i], bounds[i + 1]));
    }
    return Collections.unmodifiableList(spans);
  }

  /** Ranges for which there is room without growing. */
  int room() {
    return bounds.length / BOUNDS;
  }
}
