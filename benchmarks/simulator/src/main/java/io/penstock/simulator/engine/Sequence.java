package io.penstock.simulator.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One prompt and the output growing behind it.
 *
 * <p>Confined to the engine's thread; the engine alone changes it. Times are of the engine's clock.
 */
public final class Sequence {

  /** Where a sequence is in its life. */
  enum State {
    WAITING,
    RUNNING,
    FINISHED
  }

  private final EngineRequest request;
  private final int promptTokens;
  final SequenceListener listener;
  final long outputSeed;
  final int outputLimit; // most tokens to generate
  final int endsAt; // output length at which the end token is drawn; 0: never

  State state = State.WAITING;
  boolean abortRequested;
  int scheduledTokens; // of the step in flight
  int computedTokens;
  int cachedTokens = -1; // -1: not scheduled yet
  int receivedTokens; // of these, from another engine
  int preemptions;
  @Nullable Sequence before; // neighbours in the waiting queue
  @Nullable Sequence behind;

  final long arrivalNanos;
  long scheduledNanos;
  long firstTokenNanos;
  long lastTokenNanos;

  private int[] tokens;
  private int size;
  private int[] blocks = new int[0];
  private int blockCount;
  private long[] blockHashes = new long[0];
  private int hashedBlocks;
  private int storedBlocks;
  private @Nullable FinishReason finishReason;

  Sequence(
      EngineRequest request,
      SequenceListener listener,
      long outputSeed,
      int outputLimit,
      int endsAt,
      long arrivalNanos) {
    this.request = request;
    this.listener = listener;
    this.outputSeed = outputSeed;
    this.outputLimit = outputLimit;
    this.endsAt = endsAt;
    this.arrivalNanos = arrivalNanos;
    tokens = request.promptTokenIds();
    size = tokens.length;
    promptTokens = size;
  }

  /** What was asked for. */
  public EngineRequest request() {
    return request;
  }

  /** Length of the prompt. */
  public int promptTokens() {
    return promptTokens;
  }

  /** Prompt tokens found in the cache when first scheduled; 0 before that. */
  public int cachedTokens() {
    return Math.max(0, cachedTokens);
  }

  /** Tokens generated so far. */
  public int completionTokens() {
    return size - promptTokens;
  }

  /** Why it ended, or null while it lives. */
  public @Nullable FinishReason finishReason() {
    return finishReason;
  }

  /** Prompt and output tokens. */
  int size() {
    return size;
  }

  int lastOutputToken() {
    return size > promptTokens ? tokens[size - 1] : -1;
  }

  /** Whether its next token needs no more than the last one computed. */
  boolean decoding() {
    return size > promptTokens && computedTokens == size - 1;
  }

  void append(int token) {
    if (size == tokens.length || size == promptTokens) {
      tokens = Arrays.copyOf(tokens, size + Math.max(16, completionTokens())); // prompt not ours
    }
    tokens[size++] = token;
  }

  void finish(FinishReason reason) {
    state = State.FINISHED;
    finishReason = reason;
  }

  // KV blocks: a table of block ids, the hashes of full blocks, and how many of them were stored.

  int blockCount() {
    return blockCount;
  }

  /** Ids of the blocks it holds, in the order of its tokens. */
  public int[] blockIds() {
    return Arrays.copyOf(blocks, blockCount);
  }

  int blocksFor(int tokenCount, int blockSize) {
    return Math.max(0, (tokenCount + blockSize - 1) / blockSize - blockCount);
  }

  void addBlock(int block) {
    if (blockCount == blocks.length) {
      blocks = Arrays.copyOf(blocks, Math.max(8, blockCount * 2));
    }
    blocks[blockCount++] = block;
  }

  /** Hash of full block {@code at}, computed once. */
  long blockHash(int at, int blockSize) {
    while (hashedBlocks <= at) {
      if (hashedBlocks == blockHashes.length) {
        blockHashes = Arrays.copyOf(blockHashes, Math.max(size / blockSize + 1, hashedBlocks + 8));
      }
      long extra = TokenHash.name(request.adapter());
      long parent = TokenHash.ROOT;
      if (hashedBlocks > 0) {
        parent = blockHashes[hashedBlocks - 1];
      } else {
        extra ^= Long.rotateLeft(TokenHash.name(request.cacheSalt()), 1);
      }
      blockHashes[hashedBlocks] =
          TokenHash.block(parent, extra, tokens, hashedBlocks * blockSize, blockSize);
      hashedBlocks++;
    }
    return blockHashes[at];
  }

  /** Marks the first {@code tokenCount} tokens, whole blocks of them, as found in the cache. */
  void adoptCached(int tokenCount) {
    computedTokens = tokenCount;
    storedBlocks = blockCount;
  }

  /** Leading tokens whose KV cache came from another engine. */
  int externalTokens() {
    return request.externalTokens();
  }

  /** Takes the first {@code tokenCount} tokens for computed: what another engine sent is there. */
  void adoptExternal(int tokenCount) {
    receivedTokens = tokenCount - computedTokens;
    computedTokens = tokenCount;
  }

  /** Makes every block that is computed to its end findable. */
  void storeFullBlocks(BlockPool pool, int blockSize) {
    int full = computedTokens / blockSize;
    for (; storedBlocks < full; storedBlocks++) {
      pool.store(blocks[storedBlocks], blockHash(storedBlocks, blockSize));
    }
  }

  /** Gives all blocks back, the last one first, so that a chain is evicted from its tail. */
  void releaseBlocks(BlockPool pool) {
    while (blockCount > 0) {
      pool.release(blocks[--blockCount]);
    }
    storedBlocks = 0;
    computedTokens = 0;
  }
}
