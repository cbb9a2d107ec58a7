package io.penstock.picker.explain;

/** How an attempt at an endpoint failed. */
public enum FailureKind {
  /** No connection came about. */
  CONNECT,
  /** The connection ended before the answer did. */
  RESET,
  /** The answer, or its next part, did not come in time. */
  TIMEOUT,
  /** The endpoint refused the request as the client's fault (4xx): it computed nothing. */
  REJECTED,
  /** The endpoint answered that it cannot serve now (429, 5xx). */
  UNAVAILABLE,
  /** What came is not HTTP, or not the answer it claims to be. */
  PROTOCOL,
  /** The gateway could not ask it, for reasons of its own. */
  INTERNAL
}
