package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.request.ByteSpan;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.ScanResult;
import io.penstock.picker.request.SentModel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request's body while it is collected: kept as it came, scanned once as it comes. Confined to
 * the exchange's event loop; {@link #release} ends it on every path.
 *
 * <p>Bytes are copied out of the read buffer, since a held slice would pin the whole of it, and
 * through a small array per loop into the scanner, which works on arrays.
 */
final class RequestBody {

  /** Above this a declared length is believed only as bytes arrive. */
  private static final int FIRST_BYTES = 1024 * 1024;

  private final LoopContext loop;
  private final BodyScan scan;
  private final long maxBytes;
  private final int firstBytes;
  private final int mostBytes;

  /** Nothing until the first byte comes: a head alone takes no memory. */
  private ByteBuf bytes = Unpooled.EMPTY_BUFFER;

  private long reserved;
  private boolean released;

  /** What goes to the pods in place of {@link #replaced}; null while nothing does. */
  private @Nullable ByteBuf model;

  private @Nullable ByteSpan replaced;

  /**
   * An empty body.
   *
   * @param declared its length in bytes as the head says, -1 when unknown
   * @param maxBytes limit of its length
   */
  RequestBody(LoopContext loop, BodyScan scan, long declared, long maxBytes) {
    this.loop = loop;
    this.scan = scan;
    this.maxBytes = maxBytes;
    int most = (int) Math.min(declared < 0 ? maxBytes : declared, Integer.MAX_VALUE - 8);
    this.firstBytes = declared < 0 ? 4 * 1024 : (int) Math.min(declared, FIRST_BYTES);
    this.mostBytes = Math.max(firstBytes, most);
  }

  /** What may go wrong with one more piece. */
  enum Fault {
    /** Longer than {@code limits.requestBody}. */
    TOO_LARGE,
    /** The sum over all requests is above {@code limits.bufferedBodies}. */
    NO_ROOM,
    /** {@link #scanned} says what is wrong. */
    MALFORMED
  }

  /** Takes one more piece, borrowed; null when all is well. */
  @Nullable Fault append(ByteBuf piece) {
    int length = piece.readableBytes();
    if (bytes.readableBytes() + (long) length > Math.min(maxBytes, mostBytes)) {
      return Fault.TOO_LARGE;
    }
    if (length > 0 && bytes.maxCapacity() == 0) {
      bytes = loop.allocator().directBuffer(firstBytes, mostBytes);
    }
    bytes.writeBytes(piece, piece.readerIndex(), length);
    // Memory is what counts: capacity, not length.
    long grown = bytes.capacity() - reserved;
    if (grown > 0) {
      if (!loop.gateway().bodies().reserve(grown)) {
        return Fault.NO_ROOM;
      }
      reserved += grown;
      loop.gateway().metrics().buffered(grown);
    }
    byte[] scratch = loop.scratch();
    int end = piece.writerIndex();
    for (int at = piece.readerIndex(); at < end; ) {
      int part = Math.min(scratch.length, end - at);
      piece.getBytes(at, scratch, 0, part);
      if (!scan.feed(scratch, 0, part)) {
        return Fault.MALFORMED;
      }
      at += part;
    }
    return null;
  }

  /** What the scan came to; call once, after the last piece or a fault. */
  ScanResult scanned() {
    return scanned(SentModel.AS_NAMED);
  }

  /**
   * The same.
   *
   * @param sentModel gives the model that a pod is asked for in place of the one named
   */
  ScanResult scanned(SentModel sentModel) {
    return scan.finish(sentModel);
  }

  /** Overwrites the spans with spaces: what remains is JSON of the same length without them. */
  void blank(List<ByteSpan> spans) {
    for (var span : spans) {
      for (int i = span.start(); i < span.end(); i++) {
        bytes.setByte(i, ' ');
      }
    }
  }

  /**
   * Puts another value in the place of the model's; nothing is moved, and no span may be blanked
   * afterwards.
   *
   * @param request of this body
   * @param value with its quotes where the body is JSON
   * @return the request whose spans are those of the body as it is then
   */
  InferenceRequest replaceModel(InferenceRequest request, byte[] value) {
    var span = request.modelSpan();
    if (span == null || model != null) {
      throw new IllegalStateException("no model to replace");
    }
    replaced = span;
    model = loop.allocator().directBuffer(value.length).writeBytes(value);
    return request.withModelOf(value.length);
  }

  /** The whole body for one attempt; the caller owns it. */
  ByteBuf share() {
    var span = replaced;
    if (span == null || model == null) {
      return bytes.retainedDuplicate();
    }
    return Unpooled.wrappedBuffer(
        bytes.retainedSlice(0, span.start()),
        model.retainedDuplicate(),
        bytes.retainedSlice(span.end(), bytes.writerIndex() - span.end()));
  }

  /** Length so far in bytes. */
  int length() {
    var span = replaced;
    int unchanged = bytes.readableBytes();
    return span == null || model == null
        ? unchanged
        : unchanged - span.length() + model.readableBytes();
  }

  /** Gives up the bytes and their budget; again is harmless. */
  void release() {
    if (!released) {
      released = true;
      scan.close();
      bytes.release();
      if (model != null) {
        model.release();
      }
      loop.gateway().bodies().release(reserved);
      loop.gateway().metrics().buffered(-reserved);
    }
  }
}
