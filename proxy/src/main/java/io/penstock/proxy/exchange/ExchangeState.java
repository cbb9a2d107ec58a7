package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;

/**
 * Where an exchange stands: Reading (→ Admitting) → Routing (→ Prefilling → Routing) → Streaming →
 * Done, and from each of them to Done. Each state is told everything that can happen and ignores
 * what does not concern it.
 */
sealed interface ExchangeState permits Reading, Admitting, Routing, Prefilling, Streaming, Done {

  /** A piece of the request's body; borrowed. */
  void body(ByteBuf piece);

  /** The request's body is complete. */
  void bodyEnd();

  /** The client's socket takes more, or no more. */
  void clientWritable(boolean writable);

  /** The client has left: everything it caused ends now. */
  void clientGone();

  /** The gateway stops and cannot wait any longer. */
  void shutDown();

  /** The request is to make room for one of more importance; only after it was admitted. */
  void evicted();

  /** The deadline that this state set has passed. */
  void expired(long nowNanos);
}
