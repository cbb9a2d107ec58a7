package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.proxy.upstream.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of one exchange: an HTTP/1 connection between two requests, or one HTTP/2
 * stream. Confined to the channel's event loop.
 *
 * <p>Order of calls: any number of {@link #interim}, {@link #begin} once, any number of {@link
 * #body} and {@link #comment}, then {@link #end} or {@link #abort}. Writes reach the wire with
 * {@link #flush}. After {@code end} or {@code abort} the exchange makes no further call.
 */
public interface ClientStream {

  /** {@code 1.0}, {@code 1.1} or {@code 2}. */
  String httpVersion();

  /** The client's IP address, null when it is not known. */
  @Nullable String address();

  /** The loop everything of this exchange runs on. */
  EventLoop loop();

  /**
   * Whether bodies without a declared length are sent in HTTP/1.1 chunks, so that {@link #body}
   * expects bytes that already are whole chunks; else it expects payload.
   */
  boolean chunked();

  /**
   * Sends an interim answer of the pod (102, 103, ...; RFC 9110 §15.2), where the client can take
   * one: HTTP/1.0 has none.
   */
  void interim(ResponseHead head);

  /**
   * Writes the head of the answer.
   *
   * @param status 200..599
   * @param relayed the pod's head, whose end-to-end fields are passed on, or null
   * @param extra names and values in turn
   * @param contentLength length of the body in bytes, -1 when it ends with {@link #end}
   */
  void begin(int status, @Nullable ResponseHead relayed, String[] extra, long contentLength);

  /** Writes a piece of the body; ownership passes. Framed by the caller where {@link #chunked}. */
  void body(ByteBuf bytes);

  /** Writes payload of the gateway's own into an open body, framed here; ownership passes. */
  void comment(ByteBuf payload);

  /** Sends what was written. */
  void flush();

  /**
   * Ends the answer well, and flushes.
   *
   * @param endPassed whether the last chunk was among the {@link #body} bytes already
   */
  void end(boolean endPassed);

  /** Ends the answer so that the client sees that it is not complete; flushes what was written. */
  void abort();

  /** Whether the client takes more without the gateway queueing beyond its high-water mark. */
  boolean writable();

  /** Answers {@code 100 Continue}. */
  void continueReading();
}
