package io.penstock.picker.extproc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

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

  int size() {
    return head.length + length + tail.length;
  }

  /** Hands replies to gRPC. Stateless, thread-safe. */
  static final class Writer implements MethodDescriptor.Marshaller<Reply> {

    @Override
    public InputStream stream(Reply reply) {
      return new Bytes(reply);
    }

    @Override
    public Reply parse(InputStream stream) {
      throw new UnsupportedOperationException("the picker does not receive replies");
    }
  }

  /** A reply as gRPC takes it: drained at once, never read. */
  private static final class Bytes extends InputStream implements Drainable, KnownLength {
    private final Reply reply;
    private boolean drained;

    Bytes(Reply reply) {
      this.reply = reply;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      drained = true;
      target.write(reply.head, 0, reply.head.length);
      target.write(reply.body, reply.start, reply.length);
      target.write(reply.tail, 0, reply.tail.length);
      return reply.size();
    }

    @Override
    public int available() {
      return drained ? 0 : reply.size();
    }

    @Override
    public int read(byte[] into, int offset, int count) {
      throw new UnsupportedOperationException("drained, not read");
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException("drained, not read");
    }
  }
}
