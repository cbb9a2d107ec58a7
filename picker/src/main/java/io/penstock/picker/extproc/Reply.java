package io.penstock.picker.extproc;

import io.penstock.picker.grpc.GrpcCall;

/**
 * One encoded {@code ProcessingResponse}: its beginning, and for a body the piece itself, which
 * lies in the array it came in, and what stands behind it. Whoever makes one does not change the
 * arrays afterwards.
 */
final class Reply {

  private static final byte[] NOTHING = {};

  private final byte[] head;
  private final byte[] body;
  private final int start;
  private final int length;
  private final byte[] tail;

  /** A message with a piece of a body between its beginning and its end. */
  Reply(byte[] head, byte[] body, int start, int length, byte[] tail) {
    this.head = head;
    this.body = body;
    this.start = start;
    this.length = length;
    this.tail = tail;
  }

  /** A message that is complete by itself. */
  static Reply of(byte[] message) {
    return new Reply(message, NOTHING, 0, 0, NOTHING);
  }

  /** Sends it; nothing once the call has ended. */
  void send(GrpcCall call) {
    call.send(head, body, start, length, tail);
  }
}
