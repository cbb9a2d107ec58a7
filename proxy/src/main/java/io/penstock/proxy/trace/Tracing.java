package io.penstock.proxy.trace;

import org.jspecify.annotations.Nullable;

/** Traces requests. Thread-safe; called on every event loop, where it must not wait. */
@FunctionalInterface
public interface Tracing {

  /** Nothing is traced; what clients say of their traces goes to the pods as it is. */
  Tracing OFF = (parent, nowNanos) -> null;

  /**
   * A request begins.
   *
   * @param parent the client's {@code traceparent}, as sent; null without one
   * @param nowNanos time of the monotonic clock, as everywhere here
   * @return its trace; null where nothing is traced
   */
  @Nullable RequestTrace begin(@Nullable String parent, long nowNanos);
}
