package io.penstock.simulator.engine;

/** Why a sequence ended. */
public enum FinishReason {
  /** The end token came, or the listener saw a stop string. */
  STOP,
  /** Its max_tokens or the model's length was reached. */
  LENGTH,
  /** The caller no longer wanted it. */
  ABORT
}
