package io.penstock.picker.app;

/** How the ext-proc address is secured. */
public sealed interface TlsChoice {

  /** Not at all. */
  record Plaintext() implements TlsChoice {}
}
