package io.penstock.picker.request;

/** A range of body bytes, {@code start} inclusive to {@code end} exclusive. Immutable. */
public record ByteSpan(int start, int end) {

  /** Refuses negative and empty ranges. */
  public ByteSpan {
    if (start < 0 || end <= start) {
      throw new IllegalArgumentException("not a span: " + start + " to " + end);
    }
  }

  /** Number of bytes covered, at least 1. */
  public int length() {
    return end - start;
  }
}
