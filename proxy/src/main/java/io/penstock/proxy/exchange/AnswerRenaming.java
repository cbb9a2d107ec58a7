package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.JsonLiteral;
import io.penstock.picker.request.ModelRename;
import org.jspecify.annotations.Nullable;

/**
 * Gives an answer the name that the client gave its model, on the way from the pod. Confined to the
 * exchange's event loop; {@link #discard} ends it on every path.
 *
 * <p>Payload is taken in, without any framing, and goes on in the client's.
 */
final class AnswerRenaming {

  /** Bytes by which most answers grow at most. */
  private static final int ROOM = 64;

  private final ByteBufAllocator allocator;
  private final byte[] scratch;
  private final ModelRename rename;
  private final ModelRename.Sink sink = this::write;
  private @Nullable ByteBuf out;

  /**
   * The renaming of one answer.
   *
   * @param scratch that nobody else uses within a call
   * @param asked the name that the client gave the model
   * @param events whether the answer is an event stream
   */
  AnswerRenaming(
      ByteBufAllocator allocator, byte[] scratch, String asked, ApiKind api, boolean events) {
    this.allocator = allocator;
    this.scratch = scratch;
    this.rename = new ModelRename(JsonLiteral.of(asked), api, events);
  }

  /** Takes payload, borrowed. */
  void take(ByteBuf payload, int start, int length) {
    if (out == null) {
      out = allocator.directBuffer(length + ROOM);
    }
    for (int at = start, end = start + length; at < end; ) {
      int part = Math.min(scratch.length, end - at);
      payload.getBytes(at, scratch, 0, part);
      rename.feed(scratch, 0, part, sink);
      at += part;
    }
  }

  private void write(byte[] bytes, int start, int length) {
    if (out != null) {
      out.writeBytes(bytes, start, length);
    }
  }

  /** Writes to the client what has become of what was taken; the number of its bytes. */
  int pass(ClientStream client) {
    var ready = out;
    out = null;
    if (ready == null) {
      return 0;
    }
    int length = ready.readableBytes();
    if (length == 0) {
      ready.release();
    } else {
      client.comment(ready);
    }
    return length;
  }

  /** Releases what was taken and not passed. */
  void discard() {
    if (out != null) {
      out.release();
      out = null;
    }
  }
}
