package io.penstock.tools.load;

import java.util.Locale;

/** What can go wrong with a request. */
public enum ErrorKind {
  /** No connection. */
  CONNECT,
  /** The connection ended before an answer's head. */
  RESET,
  /** An answer whose status is not 2xx. */
  STATUS,
  /** The answer ended early, or a stream without {@code [DONE]}. */
  TRUNCATED,
  /** A stream told of an error. */
  ERROR_EVENT,
  /** Not HTTP/1.1. */
  MALFORMED,
  /** No complete answer in time. */
  TIMEOUT,
  /** Due, but too many waited already; never sent. */
  OVERFLOW;

  /** As JSON and tables have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
