package io.penstock.picker.scrape;

/** Why a page could not be had. */
public enum ScrapeFailure {
  /** No connection. */
  CONNECT,
  /** No TLS: the pod's certificate is not as wanted, or it does not speak TLS. */
  TLS,
  /** The head or the body did not come in time. */
  TIMEOUT,
  /** The connection broke before the answer was whole. */
  CLOSED,
  /** The answer's status is not 200. */
  STATUS,
  /** The answer is not HTTP. */
  PROTOCOL,
  /** The page is longer than the limit. */
  TOO_LARGE,
  /** The page is not what it should be: no engine metrics, not a list of models, cut short. */
  CONTENT
}
