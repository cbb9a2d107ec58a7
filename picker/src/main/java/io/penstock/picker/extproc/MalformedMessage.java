package io.penstock.picker.extproc;

/** Bytes that are no protobuf message. Without a stack trace: the sender is to blame. */
final class MalformedMessage extends RuntimeException {

  private static final long serialVersionUID = 1;

  MalformedMessage(String reason) {
    super(reason, null, false, false);
  }
}
