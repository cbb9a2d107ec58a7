package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;

/** The exchange has its outcome; whatever still comes is ignored. Stateless. */
final class Done implements ExchangeState {

  static final Done INSTANCE = new Done();

  private Done() {}

  @Override
  public void body(ByteBuf piece) {}

  @Override
  public void bodyEnd() {}

  @Override
  public void clientWritable(boolean writable) {}

  @Override
  public void clientGone() {}

  @Override
  public void shutDown() {}

  @Override
  public void evicted() {}

  @Override
  public void expired(long nowNanos) {}
}
