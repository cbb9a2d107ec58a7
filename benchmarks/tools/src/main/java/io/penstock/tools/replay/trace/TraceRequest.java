package io.penstock.tools.replay.trace;

/**
 * One request of a trace. Immutable.
 *
 * <p>A prompt is named by ids, one for each {@link #BLOCK_TOKENS} of its tokens, the last block
 * being cut where the prompt ends. Equal ids mean an equal prefix up to and including that block.
 */
public final class TraceRequest {

  /** Tokens of prompt that one block id stands for. */
  public static final int BLOCK_TOKENS = 512;

  private final int number;
  private final long arrivalNanos;
  private final int promptTokens;
  private final int outputTokens;
  private final int[] blocks;

  /**
   * A request.
   *
   * @param number place in the trace, from 0
   * @param arrivalNanos since the start of the replay
   * @param promptTokens at least 1
   * @param outputTokens at least 1
   * @param blocks ids, one for each begun block of the prompt; owned from now on
   * @throws IllegalArgumentException if a number is out of range or the ids do not fit the length
   */
  public TraceRequest(
      int number, long arrivalNanos, int promptTokens, int outputTokens, int[] blocks) {
    if (arrivalNanos < 0 || promptTokens < 1 || outputTokens < 1) {
      throw new IllegalArgumentException(
          "request " + number + ": its arrival is negative or a length is below 1");
    }
    if (blocks.length != Math.ceilDiv(promptTokens, BLOCK_TOKENS)) {
      throw new IllegalArgumentException(
          "request %d: %d block ids for %d tokens".formatted(number, blocks.length, promptTokens));
    }
    this.number = number;
    this.arrivalNanos = arrivalNanos;
    this.promptTokens = promptTokens;
    this.outputTokens = outputTokens;
    this.blocks = blocks;
  }

  /** Place in the trace, from 0. */
  public int number() {
    return number;
  }

  /** Arrival since the start of the replay. */
  public long arrivalNanos() {
    return arrivalNanos;
  }

  /** Tokens of the prompt. */
  public int promptTokens() {
    return promptTokens;
  }

  /** Tokens that are generated. */
  public int outputTokens() {
    return outputTokens;
  }

  /** Blocks of the prompt, the last one perhaps cut. */
  public int blocks() {
    return blocks.length;
  }

  /** Full blocks of the prompt: only these can be cached. */
  public int fullBlocks() {
    return promptTokens / BLOCK_TOKENS;
  }

  /** Id of block {@code i}. */
  public int block(int i) {
    return blocks[i];
  }

  /** The same request at another place and time. */
  TraceRequest at(int otherNumber, long otherArrivalNanos) {
    return new TraceRequest(otherNumber, otherArrivalNanos, promptTokens, outputTokens, blocks);
  }
}
