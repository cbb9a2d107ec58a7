package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.signals.TokenUsage;
import io.penstock.proxy.openai.CachedTokens;
import io.penstock.proxy.openai.EventRelay;
import io.penstock.proxy.openai.ResponseIds;
import io.penstock.proxy.upstream.BodyFraming;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * An event stream: whole events are passed on as they come. Confined to the exchange's event loop.
 *
 * <p>Until {@link #open} what would be written is kept, so that the first event can still decide
 * what the answer is.
 */
final class EventStreamBody implements AnswerBody {

  private final ClientStream client;
  private final ApiKind api;
  private final EventRelay relay;
  private final ArrayDeque<ByteBuf> kept = new ArrayDeque<>(2);
  private final int cachedTokens;
  private final @Nullable AnswerRenaming renaming;
  private @Nullable String responseId;
  private boolean open;
  private long bytes;

  /**
   * A stream for a client.
   *
   * @param readUsage whether the stream may carry usage objects
   * @param cachedTokens what they are to say of tokens cached, -1 for what the pod says
   * @param renaming gives its events another model's name, null to leave them
   */
  EventStreamBody(
      ClientStream client,
      ApiKind api,
      boolean readUsage,
      int cachedTokens,
      @Nullable AnswerRenaming renaming,
      ByteBufAllocator allocator) {
    this.client = client;
    this.api = api;
    this.cachedTokens = readUsage ? cachedTokens : -1;
    this.renaming = renaming;
    this.relay =
        new EventRelay(client.chunked() && renaming == null, readUsage, allocator, this::write);
  }

  private void write(ByteBuf bytesOut) {
    if (cachedTokens >= 0) {
      CachedTokens.set(api, bytesOut, bytesOut.readerIndex(), bytesOut.writerIndex(), cachedTokens);
    }
    if (open) {
      pass(bytesOut);
    } else {
      kept.addLast(bytesOut);
    }
  }

  private void pass(ByteBuf bytesOut) {
    if (renaming == null) {
      bytes += bytesOut.readableBytes();
      client.body(bytesOut);
      return;
    }
    renaming.take(bytesOut, bytesOut.readerIndex(), bytesOut.readableBytes());
    bytesOut.release();
    bytes += renaming.pass(client);
  }

  @Override
  public void read(ByteBuf raw, BodyFraming framing) {
    if (api == ApiKind.RESPONSES && responseId == null && framing.segments() > 0) {
      int start = framing.segmentStart(0);
      responseId = ResponseIds.find(raw, start, start + framing.segmentLength(0));
    }
    relay.read(raw, framing);
  }

  /** Whether something waits for {@link #open}. */
  boolean hasOutput() {
    return !kept.isEmpty();
  }

  /** Writes what was kept; from now on everything is written as it comes. */
  void open() {
    open = true;
    for (var first = kept.pollFirst(); first != null; first = kept.pollFirst()) {
      pass(first);
    }
  }

  /** Whether the first event is an error: this is no stream, whatever the head said. */
  boolean firstEventIsError() {
    return relay.firstEventIsError();
  }

  /** The JSON of that error. */
  byte[] errorJson() {
    return relay.firstError();
  }

  /** Whether the client is inside an event that was too long to be held. */
  boolean passedPart() {
    return relay.passedPart();
  }

  @Override
  public boolean whole() {
    return relay.atEventEnd()
        && switch (api) {
          case CHAT, COMPLETIONS, SGLANG -> relay.sawDone();
          case RESPONSES, MESSAGES -> relay.sawLastEvent() || relay.sawError();
          case GENERATE, EMBEDDINGS, OPAQUE -> true;
        };
  }

  @Override
  public boolean keepsLength() {
    return false;
  }

  @Override
  public boolean endPassed() {
    return false;
  }

  @Override
  public int events() {
    return relay.events();
  }

  @Override
  public int generated() {
    return relay.generated();
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public TokenUsage usage() {
    return relay.usage();
  }

  @Override
  public @Nullable String responseId() {
    return responseId;
  }

  @Override
  public void discard() {
    relay.discard();
    for (var each = kept.pollFirst(); each != null; each = kept.pollFirst()) {
      each.release();
    }
    if (renaming != null) {
      renaming.discard();
    }
  }
}
