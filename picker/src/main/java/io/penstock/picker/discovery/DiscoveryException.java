package io.penstock.picker.discovery;

/** A source of endpoints that cannot work as configured; the message is one sentence for people. */
public final class DiscoveryException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** The sentence names the value and what is allowed. */
  public DiscoveryException(String message) {
    super(message);
  }
}
