package io.penstock.simulator.engine;

/**
 * Hears what becomes of one sequence.
 *
 * <p>Called on the engine's thread, never from inside {@link Engine#submit}. It may call the engine
 * again.
 */
public interface SequenceListener {

  /**
   * The sequence entered the batch for the first time, with {@link Sequence#cachedTokens} of its
   * prompt found in the cache.
   */
  default void scheduled(Sequence sequence) {}

  /**
   * One more token was generated; an end token is passed too.
   *
   * @return false to stop here: the sequence ends with {@link FinishReason#STOP}
   */
  boolean token(Sequence sequence, int tokenId);

  /**
   * The sequence ended; nothing follows. Its counts and {@link Sequence#finishReason} are final.
   */
  void finished(Sequence sequence, FinishReason reason);
}
