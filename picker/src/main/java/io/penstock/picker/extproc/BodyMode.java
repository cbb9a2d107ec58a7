package io.penstock.picker.extproc;

/** How the gateway sends the body of one direction ({@code ProcessingMode.BodySendMode}). */
enum BodyMode {
  /** Not at all. */
  NONE,
  /** Piece by piece, each answered before the next, after the answer to the headers. */
  STREAMED,
  /** Whole, after the answer to the headers. */
  BUFFERED,
  /**
   * Whole or as much as fits the gateway's buffer, after the answer to the headers. What does not
   * fit passes by unseen; then, as before trailers, the piece that comes does not end the body.
   */
  BUFFERED_PARTIAL,
  /** As it arrives, without waiting for answers; what comes back is the body. */
  FULL_DUPLEX,
  /** Message by message, for gRPC; answered like {@link #FULL_DUPLEX}. */
  GRPC;

  private static final BodyMode[] VALUES = values();

  /** The mode of that number in the protocol; {@link #FULL_DUPLEX} for one that came later. */
  static BodyMode of(long number) {
    return number >= 0 && number < VALUES.length ? VALUES[(int) number] : FULL_DUPLEX;
  }

  /** Whether pieces may come before the headers are answered, and are taken away by the gateway. */
  boolean handsOver() {
    return this == FULL_DUPLEX || this == GRPC;
  }

  /** Whether the whole body comes after the headers are answered, and may still choose the pod. */
  boolean buffers() {
    return this == BUFFERED || this == BUFFERED_PARTIAL;
  }
}
