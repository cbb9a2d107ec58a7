package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.signals.TokenUsage;
import io.penstock.proxy.openai.CachedTokens;
import io.penstock.proxy.openai.ResponseIds;
import io.penstock.proxy.openai.UsageReader;
import io.penstock.proxy.upstream.BodyFraming;
import org.jspecify.annotations.Nullable;

/**
 * A body that is not an event stream: passed on read by read. Confined to the exchange's event
 * loop.
 *
 * <p>Chunks go on with their framing where the client's side is chunked too, up to and with the
 * last one. Usage is read out of the last bytes of the body: in place where it came in one piece,
 * otherwise from a copy of so many, which is all that is kept of it.
 */
final class PlainBody implements AnswerBody {

  private static final byte[] NOTHING = new byte[0];

  private final ClientStream client;
  private final ApiKind api;
  private final boolean announcesResponse;
  private final int cachedTokens;
  private final @Nullable AnswerRenaming renaming;
  private final TokenUsage usage = new TokenUsage();
  private byte[] tail = NOTHING;
  private int tailLength;
  private @Nullable String responseId;
  private long bytes;
  private boolean endPassed;
  private @Nullable ByteBuf held;

  /**
   * A body for a client.
   *
   * @param announcesResponse whether its object may be a stored response
   * @param cachedTokens what its usage is to say of tokens cached, -1 for what the pod says
   * @param renaming gives it another model's name, null to leave it
   */
  PlainBody(
      ClientStream client,
      ApiKind api,
      boolean announcesResponse,
      int cachedTokens,
      @Nullable AnswerRenaming renaming) {
    this.client = client;
    this.api = api;
    this.announcesResponse = announcesResponse;
    this.cachedTokens = cachedTokens;
    this.renaming = renaming;
  }

  @Override
  public void read(ByteBuf raw, BodyFraming framing) {
    if (framing.segments() > 0) {
      look(raw, framing);
    }
    if (cachedTokens >= 0) {
      if (framing.segments() == 1 && !framing.chunked() && !framing.endsWithConnection()) {
        passWithTruth(raw, framing.ended());
        return;
      }
      for (int i = 0; i < framing.segments(); i++) {
        int start = framing.segmentStart(i);
        CachedTokens.set(api, raw, start, start + framing.segmentLength(i), cachedTokens);
      }
    }
    if (renaming != null) {
      passRenamed(renaming, raw, framing);
      return;
    }
    boolean rawChunks = framing.chunked() && client.chunked();
    if (rawChunks || (framing.segments() == 1 && !framing.chunked())) {
      bytes += raw.readableBytes();
      endPassed = rawChunks && framing.ended();
      if (framing.endsWithConnection() && client.chunked()) {
        client.comment(raw);
      } else {
        client.body(raw);
      }
      return;
    }
    for (int i = 0; i < framing.segments(); i++) {
      bytes += framing.segmentLength(i);
      client.body(raw.retainedSlice(framing.segmentStart(i), framing.segmentLength(i)));
    }
    raw.release();
  }

  /** Payload alone: its length changes, and the client's chunks with it. */
  private void passRenamed(AnswerRenaming by, ByteBuf raw, BodyFraming framing) {
    try {
      for (int i = 0; i < framing.segments(); i++) {
        by.take(raw, framing.segmentStart(i), framing.segmentLength(i));
      }
    } finally {
      raw.release();
    }
    bytes += by.pass(client);
  }

  /** Holds the last bytes back until more come, since the number may be cut in two. */
  private void passWithTruth(ByteBuf raw, boolean ended) {
    ByteBuf whole = raw;
    if (held != null) {
      whole = raw.alloc().directBuffer(held.readableBytes() + raw.readableBytes());
      whole.writeBytes(held).writeBytes(raw);
      held.release();
      held = null;
      raw.release();
    }
    CachedTokens.set(api, whole, whole.readerIndex(), whole.writerIndex(), cachedTokens);
    if (!ended) {
      int kept = Math.min(CachedTokens.LONGEST_BYTES, whole.readableBytes());
      int from = whole.writerIndex() - kept;
      held = whole.alloc().directBuffer(kept).writeBytes(whole, from, kept);
      whole.writerIndex(from);
    }
    if (renaming != null) {
      renaming.take(whole, whole.readerIndex(), whole.readableBytes());
      whole.release();
      bytes += renaming.pass(client);
      return;
    }
    bytes += whole.readableBytes();
    if (whole.isReadable()) {
      client.body(whole);
    } else {
      whole.release();
    }
  }

  private void look(ByteBuf raw, BodyFraming framing) {
    if (announcesResponse && responseId == null) {
      int start = framing.segmentStart(0);
      responseId = ResponseIds.find(raw, start, start + framing.segmentLength(0));
    }
    if (framing.ended() && framing.segments() == 1 && tailLength == 0) {
      int start = framing.segmentStart(0);
      UsageReader.look(usage, raw, start, start + framing.segmentLength(0));
      return;
    }
    for (int i = 0; i < framing.segments(); i++) {
      keep(raw, framing.segmentStart(i), framing.segmentLength(i));
    }
  }

  /** Keeps the last bytes of what was kept and this. */
  private void keep(ByteBuf raw, int start, int length) {
    if (tail.length == 0) {
      tail = new byte[2 * TokenUsage.TAIL_BYTES];
    }
    int taken = Math.min(length, TokenUsage.TAIL_BYTES);
    if (tailLength + taken > tail.length) {
      int still = TokenUsage.TAIL_BYTES;
      System.arraycopy(tail, tailLength - still, tail, 0, still);
      tailLength = still;
    }
    raw.getBytes(start + length - taken, tail, tailLength, taken);
    tailLength += taken;
  }

  @Override
  public boolean whole() {
    return true;
  }

  @Override
  public boolean keepsLength() {
    return renaming == null;
  }

  @Override
  public boolean endPassed() {
    return endPassed;
  }

  @Override
  public int events() {
    return 0;
  }

  @Override
  public int generated() {
    return 0;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public TokenUsage usage() {
    if (tailLength > 0) {
      usage.look(tail, Math.max(0, tailLength - TokenUsage.TAIL_BYTES), tailLength);
      tailLength = 0;
    }
    return usage;
  }

  @Override
  public @Nullable String responseId() {
    return responseId;
  }

  @Override
  public void discard() {
    if (held != null) {
      held.release();
      held = null;
    }
    if (renaming != null) {
      renaming.discard();
    }
  }
}
