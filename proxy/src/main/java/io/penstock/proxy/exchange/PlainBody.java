package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.proxy.openai.ResponseIds;
import io.penstock.proxy.openai.Usage;
import io.penstock.proxy.upstream.BodyFraming;
import org.jspecify.annotations.Nullable;

/**
 * A body that is not an event stream: passed on read by read. Confined to the exchange's event
 * loop.
 *
 * <p>Chunks go on with their framing where the client's side is chunked too, up to and with the
 * last one.
 */
final class PlainBody implements AnswerBody {

  private final ClientStream client;
  private final boolean announcesResponse;
  private final Usage usage = new Usage();
  private @Nullable String responseId;
  private long bytes;
  private boolean endPassed;

  /**
   * A body for a client.
   *
   * @param announcesResponse whether its object may be a stored response
   */
  PlainBody(ClientStream client, boolean announcesResponse) {
    this.client = client;
    this.announcesResponse = announcesResponse;
  }

  @Override
  public void read(ByteBuf raw, BodyFraming framing) {
    if (framing.segments() > 0) {
      look(raw, framing);
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

  private void look(ByteBuf raw, BodyFraming framing) {
    if (announcesResponse && responseId == null) {
      int start = framing.segmentStart(0);
      responseId = ResponseIds.find(raw, start, start + framing.segmentLength(0));
    }
    int last = framing.segments() - 1;
    int start = framing.segmentStart(last);
    usage.look(raw, start, start + framing.segmentLength(last));
  }

  @Override
  public boolean whole() {
    return true;
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
  public long bytes() {
    return bytes;
  }

  @Override
  public Usage usage() {
    return usage;
  }

  @Override
  public @Nullable String responseId() {
    return responseId;
  }

  @Override
  public void discard() {}
}
