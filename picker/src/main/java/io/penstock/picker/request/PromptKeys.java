package io.penstock.picker.request;

import java.util.Arrays;

/**
 * The chain of 64-bit keys that names a prompt's prefix, one for each full block of prompt bytes
 * that {@link KeyGrid} chooses: two prompts share their first k keys exactly if they share (but for
 * hash collisions) the bytes of the blocks up to there and everything that stands in front of the
 * prompt (model, tools, salt). The next turn of a conversation extends the chain of the last.
 * Immutable.
 */
public final class PromptKeys {

  /** Bytes of a block of prompt; about 64 tokens of text, exactly 64 token ids. */
  public static final int BLOCK_BYTES = 256;

  /** No key: the prompt is shorter than a block, or the request has none. */
  public static final PromptKeys NONE = new PromptKeys(new long[0]);

  private final long[] keys;

  private PromptKeys(long[] keys) {
    this.keys = keys;
  }

  /** Keys in prompt order; owns the array from now on. No key is 0. */
  public static PromptKeys owning(long[] keys) {
    return keys.length == 0 ? NONE : new PromptKeys(keys);
  }

  /** Number of keys. */
  public int count() {
    return keys.length;
  }

  /** Number of blocks that the keys stand for. */
  public int blocks() {
    return KeyGrid.blocks(keys.length);
  }

  /** Key {@code i}, which names every block up to its own; never 0. */
  public long key(int i) {
    return keys[i];
  }

  /** The keys themselves, for loops that cannot afford a copy: not to be changed. */
  public long[] array() {
    return keys;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PromptKeys that && Arrays.equals(keys, that.keys);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(keys);
  }

  @Override
  public String toString() {
    return "PromptKeys[" + keys.length + " keys]";
  }
}
