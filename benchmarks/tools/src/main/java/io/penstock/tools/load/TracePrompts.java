package io.penstock.tools.load;

import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceRequest;
import org.jspecify.annotations.Nullable;

/**
 * The prompts of a trace as text: equal block ids give equal text, so that prompts share what they
 * shared when they were recorded. A token is one word of four bytes. Starts over when the trace is
 * at its end.
 *
 * <p>A body is built when it is sent, in tens of µs: a source for recorded rates, not for
 * saturation.
 */
public final class TracePrompts implements RequestSource {

  private final ChatBody chat;
  private final Trace trace;
  private final long seed;
  private @Nullable OutgoingBody current;
  private int next;

  /**
   * The prompts.
   *
   * @param seed of the texts: runs of equal seeds send equal prompts
   */
  public TracePrompts(ChatBody chat, Trace trace, long seed) {
    this.chat = chat;
    this.trace = trace;
    this.seed = seed;
  }

  @Override
  public OutgoingBody next() {
    close();
    var body = new OutgoingBody(body(trace.requests().get(next)), -1);
    current = body;
    next = (next + 1) % trace.requests().size();
    return body;
  }

  @Override
  public void skipTo(long arrival) {
    next = (int) (arrival % trace.requests().size());
  }

  @Override
  public void close() {
    if (current != null) {
      current.close();
      current = null;
    }
  }

  /** The prompt as the system's and an empty question, so that blocks begin at equal places. */
  byte[] body(TraceRequest request) {
    byte[] head = chat.head();
    byte[] between = chat.between();
    byte[] tail = chat.tail(request.outputTokens());
    int promptBytes = request.promptTokens() * Words.WORD_BYTES;
    byte[] body = new byte[head.length + promptBytes + between.length + tail.length];
    System.arraycopy(head, 0, body, 0, head.length);
    int at = head.length;
    int end = at + promptBytes;
    for (int i = 0; i < request.blocks(); i++) {
      int blockEnd = Math.min(end, at + TraceRequest.BLOCK_TOKENS * Words.WORD_BYTES);
      Words.fill(body, at, blockEnd, Words.mix(seed ^ request.block(i)));
      at = blockEnd;
    }
    System.arraycopy(between, 0, body, end, between.length);
    System.arraycopy(tail, 0, body, end + between.length, tail.length);
    return body;
  }
}
