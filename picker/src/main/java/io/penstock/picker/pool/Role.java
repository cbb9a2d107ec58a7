package io.penstock.picker.pool;

/** What an endpoint does for a request: both legs, one of them, or what comes before them. */
public enum Role {
  /** Prefills and decodes. */
  BOTH,
  /** Prefills only and hands the KV cache on; may answer where a kind does not keep up. */
  PREFILL,
  /** Decodes only, after a remote prefill; prefills too when it must. */
  DECODE,
  /** Encodes images, audio and video for others, and computes no prompt. */
  ENCODE;

  /** Whether a whole request, prefill and decode, may be sent to an endpoint of this role. */
  public boolean answersAlone() {
    return this == BOTH || this == DECODE;
  }
}
