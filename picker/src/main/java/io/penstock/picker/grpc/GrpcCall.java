package io.penstock.picker.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.concurrent.Future;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One call, which is one HTTP/2 stream. A message is handed over only while the peer takes what is
 * sent: from one that is slow to read no more is read, so that answers cannot pile up. What waits
 * is bounded by the stream's window. Confined to the event loop of its connection.
 */
public final class GrpcCall {

  /**
   * Hears of a call. The last thing it hears is one of {@link #halfClosed}, if it then closes the
   * call, and {@link #cancelled}; after it closed the call it hears nothing more.
   */
  public interface Listener {

    /** A whole message, in an array that is the listener's from now on. */
    void message(byte[] bytes);

    /**
     * A long message begins, which is gathered until it is whole.
     *
     * @return whether there is room for so many bytes; where there is none, the call is closed for
     *     the listener if it does not do so itself
     */
    default boolean room(int bytes) {
      return true;
    }

    /**
     * A message that is longer than the method reads; no more messages can come. The call is closed
     * for the listener if it does not do so itself.
     */
    void tooLong(long bytes);

    /** The peer sends nothing more. */
    void halfClosed();

    /** The peer left, the connection broke, or what came was no gRPC. */
    void cancelled();
  }

  private static final int PREFIX_BYTES = 5;
  private static final int FIRST_ARRAY_BYTES = 256 << 10;

  private static final byte[] NOTHING = {};

  private final GrpcConnection connection;
  private final Http2Stream stream;
  private final long mostMessageBytes;
  private final ArrayDeque<ByteBuf> held = new ArrayDeque<>(0);
  private @Nullable Listener listener;

  // The message that is being read: its prefix is complete when prefixBytes is PREFIX_BYTES.
  private int prefixBytes;
  private long prefix;
  private byte[] message = NOTHING;
  private int expected;
  private int filled;

  private boolean remoteEnded;
  private boolean halfCloseTold;
  private boolean headersSent;
  private @Nullable Future<?> lastWrite;
  private boolean ended;

  GrpcCall(GrpcConnection connection, Http2Stream stream, long mostMessageBytes) {
    this.connection = connection;
    this.stream = stream;
    this.mostMessageBytes = mostMessageBytes;
  }

  void listener(Listener hears) {
    listener = hears;
  }

  /** Where everything of the call happens. */
  public EventLoop eventLoop() {
    return connection.eventLoop();
  }

  /** Whether messages can still be sent: neither side has ended the call. */
  public boolean open() {
    return !ended;
  }

  /** Sends a message; nothing once the call has ended. The array is not changed afterwards. */
  public void send(byte[] bytes) {
    send(bytes, NOTHING, 0, 0, NOTHING);
  }

  /**
   * Sends a message that lies in three pieces; nothing once the call has ended. The arrays are not
   * changed afterwards.
   */
  public void send(byte[] head, byte[] piece, int start, int length, byte[] tail) {
    if (ended) {
      return;
    }
    if (!headersSent) {
      headersSent = true;
      connection.writeHeaders(stream);
    }
    byte[] prefixed = new byte[PREFIX_BYTES + head.length];
    ByteBuffer.wrap(prefixed, 1, Integer.BYTES).putInt(head.length + length + tail.length);
    System.arraycopy(head, 0, prefixed, PREFIX_BYTES, head.length);
    lastWrite = connection.writeData(stream, prefixed, piece, start, length, tail);
  }

  /**
   * Runs a task, on the event loop, when every message sent so far has been written, or will never
   * be because the stream is gone; at once where nothing waits.
   */
  public void whenWritten(Runnable task) {
    if (lastWrite == null) {
      task.run();
    } else {
      lastWrite.addListener(written -> task.run());
    }
  }

  /** Ends the call in good order; nothing if it has ended. */
  public void close() {
    close(GrpcStatus.OK, "");
  }

  /**
   * Ends the call; nothing if it has ended.
   *
   * @param text for people, empty for none
   */
  public void close(GrpcStatus status, String text) {
    if (ended) {
      return;
    }
    end();
    connection.writeTrailers(stream, headersSent, status, text, remoteEnded);
  }

  private void end() {
    ended = true;
    message = NOTHING;
    for (var buffer = held.poll(); buffer != null; buffer = held.poll()) {
      connection.consumed(stream, buffer.readableBytes());
      buffer.release();
    }
  }

  /**
   * Bytes came.
   *
   * @param last whether the peer sends nothing more
   * @return how many of them need no room any more
   */
  int receive(ByteBuf data, boolean last) {
    int length = data.readableBytes();
    remoteEnded |= last;
    if (held.isEmpty()) {
      read(data);
    }
    int left = ended ? 0 : data.readableBytes();
    if (left > 0) {
      held.add(data.readRetainedSlice(left));
    }
    tellHalfClose();
    return length - left;
  }

  /** The peer takes more of what is sent. */
  void writable() {
    int consumed = 0;
    while (!ended && !held.isEmpty()) {
      var buffer = held.peek();
      int before = buffer.readableBytes();
      read(buffer);
      if (ended) {
        break; // what was held was let go
      }
      consumed += before - buffer.readableBytes();
      if (buffer.isReadable()) {
        break;
      }
      held.remove();
      buffer.release();
    }
    if (consumed > 0) {
      connection.consumed(stream, consumed);
    }
    tellHalfClose();
  }

  private void read(ByteBuf in) {
    while (!ended) {
      if (prefixBytes < PREFIX_BYTES) {
        if (!in.isReadable() || (prefixBytes == 0 && !connection.isWritable(stream))) {
          return;
        }
        prefix = prefix << 8 | in.readUnsignedByte();
        if (++prefixBytes == PREFIX_BYTES) {
          begin((int) (prefix >>> 32), prefix & 0xffff_ffffL);
        }
      } else {
        fill(in);
        if (filled < expected) {
          return;
        }
        deliver();
      }
    }
  }

  private void begin(int flag, long length) {
    if (flag != 0) {
      fail(GrpcStatus.INTERNAL, "a compressed message, of no encoding that was agreed on");
    } else if (length > mostMessageBytes) {
      hears().tooLong(length);
      close(
          GrpcStatus.RESOURCE_EXHAUSTED,
          "a message of " + length + " bytes, longer than " + mostMessageBytes);
    } else if (length > FIRST_ARRAY_BYTES && !hears().room((int) length)) {
      close(
          GrpcStatus.RESOURCE_EXHAUSTED,
          "a message of " + length + " bytes, for which there is no room");
    } else {
      expected = (int) length;
      filled = 0;
      message = new byte[Math.min(expected, FIRST_ARRAY_BYTES)];
    }
  }

  private void fill(ByteBuf in) {
    int more = Math.min(in.readableBytes(), expected - filled);
    if (filled + more > message.length) {
      message = Arrays.copyOf(message, (int) Math.min(expected, 2L * (filled + more)));
    }
    in.readBytes(message, filled, more);
    filled += more;
  }

  private void deliver() {
    byte[] whole = message;
    message = NOTHING;
    prefixBytes = 0;
    prefix = 0;
    hears().message(whole);
  }

  private void tellHalfClose() {
    if (!remoteEnded || ended || halfCloseTold || !held.isEmpty()) {
      return;
    }
    halfCloseTold = true;
    if (prefixBytes == 0) {
      hears().halfClosed();
    } else {
      fail(GrpcStatus.INTERNAL, "the stream ends within a message");
    }
  }

  private void fail(GrpcStatus status, String text) {
    hears().cancelled();
    close(status, text);
  }

  /** The stream is gone, whoever ended it. */
  void streamClosed() {
    if (!ended) {
      end();
      hears().cancelled();
    }
  }

  private Listener hears() {
    var hears = listener;
    if (hears == null) {
      throw new IllegalStateException("a call that has not begun");
    }
    return hears;
  }
}
