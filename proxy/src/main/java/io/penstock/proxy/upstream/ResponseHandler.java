package io.penstock.proxy.upstream;

import io.netty.buffer.ByteBuf;

/**
 * Hears of one call's answer, on the event loop: a head, reads of the body, and exactly one of
 * {@link #complete} and {@link #failed}. Nothing after {@link UpstreamCall#cancel}, and nothing
 * from within {@link UpstreamPool#send}.
 */
public interface ResponseHandler {

  /**
   * An interim answer (1xx), before {@link #head}. 100 never comes, since no request expects it,
   * and 101 is an error.
   */
  void interim(ResponseHead head);

  /** The head of the final answer. */
  void head(ResponseHead head);

  /**
   * One read of the body as it came, cut only where the message ends; ownership passes.
   *
   * @param framing where in it the payload lies; valid until this method returns
   */
  void body(ByteBuf raw, BodyFraming framing);

  /** Everything that was there to read has been handed over: the moment to flush. */
  void readComplete();

  /** The answer ended well; its connection is pooled again or closed. */
  void complete();

  /** There is no answer, or no whole one. */
  void failed(UpstreamFailure failure);
}
