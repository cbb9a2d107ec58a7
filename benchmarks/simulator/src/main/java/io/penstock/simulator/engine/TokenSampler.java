package io.penstock.simulator.engine;

/** Turns an engine's random draws into token ids: the model's vocabulary as the engine knows it. */
@FunctionalInterface
public interface TokenSampler {

  /**
   * The next token; equal arguments give equal tokens.
   *
   * @param draw 64 random bits
   * @param previousToken the sequence's last generated token, or -1 at the first
   * @return a token id that does not end the sequence
   */
  int sample(long draw, int previousToken);
}
