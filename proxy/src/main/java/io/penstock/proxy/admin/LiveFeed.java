package io.penstock.proxy.admin;

/**
 * What one open page hears: state of its own, asked again and again by one thread at a time. Nobody
 * asks, nothing is computed.
 */
public interface LiveFeed {
  /** What happened since the last call, as the text of one or more server-sent events. */
  String next();
}
