package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.signals.TokenUsage;
import io.penstock.proxy.upstream.BodyFraming;
import org.jspecify.annotations.Nullable;

/**
 * The body of one answer on its way from the pod to the client, read on the side. Confined to the
 * exchange's event loop.
 */
sealed interface AnswerBody permits EventStreamBody, PlainBody {

  /** Passes on one read of the pod, whose ownership passes; written, not flushed. */
  void read(ByteBuf raw, BodyFraming framing);

  /** Whether a body that ended here is complete by the rules of its API. */
  boolean whole();

  /** Whether the client gets as many bytes as the pod's head declares. */
  boolean keepsLength();

  /** Whether the client's end of a chunked body has been passed on already. */
  boolean endPassed();

  /** Events passed on so far; 0 unless the answer is an event stream. */
  int events();

  /** Of these, events that come of the engine's work: the first of them brings the first token. */
  int generated();

  /** Bytes passed on so far. */
  long bytes();

  /** Token counts as far as the pod told them. */
  TokenUsage usage();

  /** Id of a stored response that the answer announces, null where none was seen. */
  @Nullable String responseId();

  /** Releases what is held back. */
  void discard();
}
