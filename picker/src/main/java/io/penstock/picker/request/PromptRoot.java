package io.penstock.picker.request;

/**
 * Hash of all that stands in front of the prompt in the engine's template, whatever its order in
 * the body: each member is hashed by itself, and the digests are mixed in the table's order.
 *
 * <p>Confined to one event loop; {@link #reset} makes it ready for another body.
 */
final class PromptRoot {

  private final BlockChain chain = new BlockChain();
  private final long[] digests = new long[Long.SIZE];
  private long present;

  void reset() {
    present = 0;
  }

  /** Where the bytes of the member that comes next go. */
  BlockChain begin() {
    chain.reset();
    return chain;
  }

  /** The member of that index in its table is over; the number of its bytes. */
  int end(int index) {
    digests[index] = chain.digest();
    present |= 1L << index;
    return chain.length();
  }

  /** The member of that index in its table has this value. */
  void put(int index, byte[] value) {
    chain.reset();
    chain.update(value, 0, value.length);
    end(index);
  }

  /** Hash of the members seen, for {@code api}. */
  long hash(ApiKind api) {
    long root = api.name().hashCode();
    for (long left = present; left != 0; left &= left - 1) {
      int index = Long.numberOfTrailingZeros(left);
      root = BlockChain.mix(root + index, digests[index]);
    }
    return root;
  }
}
