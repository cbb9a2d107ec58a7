package io.penstock.proxy.upstream;

import org.jspecify.annotations.Nullable;

/**
 * Why a call has no whole answer.
 *
 * @param kind what happened
 * @param staleConnection a pooled connection that the pod had closed while it was idle: the request
 *     was not processed and may go out again, free of any budget
 * @param detail for the log, never for a client; may be null
 */
public record UpstreamFailure(Kind kind, boolean staleConnection, @Nullable String detail) {

  /** Whether no pod has begun to work on the request. */
  public boolean notProcessed() {
    return staleConnection || kind.neverSent();
  }

  /** What may happen to a call. */
  public enum Kind {
    /** Nobody listens there. */
    CONNECT_REFUSED,
    /** No connection within {@code timeouts.connect}. */
    CONNECT_TIMEOUT,
    /** Connecting failed in another way. */
    CONNECT_FAILED,
    /** This process has no file descriptor left to reach anybody. */
    NO_SOCKET,
    /** There is no TLS: the pod's certificate is not as wanted, or it does not speak TLS. */
    TLS_FAILED,
    /** The connection ended before the head of an answer was complete. */
    RESET_BEFORE_HEAD,
    /** The connection ended after the head, before any of the body. */
    RESET_BEFORE_BODY,
    /** The connection ended inside the body. */
    TRUNCATED,
    /** What came is not well-formed HTTP/1.1. */
    PROTOCOL_ERROR;

    /** Whether the request cannot have reached the pod. */
    public boolean neverSent() {
      return switch (this) {
        case CONNECT_REFUSED, CONNECT_TIMEOUT, CONNECT_FAILED, NO_SOCKET, TLS_FAILED -> true;
        case RESET_BEFORE_HEAD, RESET_BEFORE_BODY, TRUNCATED, PROTOCOL_ERROR -> false;
      };
    }
  }
}
