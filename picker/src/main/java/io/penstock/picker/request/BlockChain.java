package io.penstock.picker.request;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Hashes a stream of bytes in chained blocks: {@code h_i = XXH64(block_i, seed h_(i-1))}, one for
 * every full block of {@link PromptKeys#BLOCK_BYTES}. A block that lies whole in a piece is hashed
 * where it lies; one that is cut is put together in a buffer of one block.
 *
 * <p>Confined to one event loop; {@link #reset} makes it ready for another stream. About 0.08 ns
 * per byte.
 */
public final class BlockChain {

  private static final int BLOCK = PromptKeys.BLOCK_BYTES;

  /** A larger store of hashes is not kept from one stream to the next. */
  private static final int KEPT_HASHES = 16_384;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long P1 = 0x9E3779B185EBCA87L;
  private static final long P2 = 0xC2B2AE3D27D4EB4FL;
  private static final long P3 = 0x165667B19E3779F9L;
  private static final long P4 = 0x85EBCA77C2B2AE63L;

  private final byte[] partial = new byte[BLOCK];
  private int filled;
  private long hash;
  private int length;
  private long[] hashes = new long[64];
  private int count;

  /** Makes ready for another stream. */
  public void reset() {
    filled = 0;
    hash = 0;
    length = 0;
    count = 0;
    if (hashes.length > KEPT_HASHES) {
      hashes = new long[64];
    }
  }

  /** Takes the next piece; borrows the array for the time of the call. */
  public void update(byte[] b, int from, int to) {
    length += to - from;
    int i = from;
    if (filled > 0) {
      i = fill(b, from, to);
    }
    while (i <= to - BLOCK) {
      endBlock(b, i);
      i += BLOCK;
    }
    if (i < to) {
      fill(b, i, to);
    }
  }

  /** Appends one byte. */
  void put(byte b) {
    length++;
    partial[filled++] = b;
    endFullPartial();
  }

  /** Appends four bytes, least significant first. */
  void putInt(int value) {
    if (filled > BLOCK - 4) {
      for (int shift = 0; shift < 32; shift += 8) {
        put((byte) (value >>> shift));
      }
      return;
    }
    length += 4;
    INTS.set(partial, filled, value);
    filled += 4;
    endFullPartial();
  }

  /** Bytes so far. */
  int length() {
    return length;
  }

  /** Number of full blocks so far. */
  public int count() {
    return count;
  }

  /** Hash of block {@code i} and all before it. */
  long hash(int i) {
    return hashes[i];
  }

  /** Hash of everything so far, the last partial block included. */
  long digest() {
    Arrays.fill(partial, filled, BLOCK, (byte) 0);
    return xxh64(partial, 0, hash + length * P1);
  }

  /** Final key of a block that stands behind {@code root}; never 0. */
  static long mix(long root, long hash) {
    long x = hash + root * P1;
    x = (x ^ (x >>> 33)) * P2;
    x = (x ^ (x >>> 29)) * P3;
    x ^= x >>> 32;
    return x == 0 ? 1 : x;
  }

  private int fill(byte[] b, int from, int to) {
    int taken = Math.min(to - from, BLOCK - filled);
    System.arraycopy(b, from, partial, filled, taken);
    filled += taken;
    endFullPartial();
    return from + taken;
  }

  private void endFullPartial() {
    if (filled == BLOCK) {
      filled = 0;
      endBlock(partial, 0);
    }
  }

  private void endBlock(byte[] b, int from) {
    hash = xxh64(b, from, hash);
    if (count == hashes.length) {
      hashes = Arrays.copyOf(hashes, count * 2);
    }
    hashes[count++] = hash;
  }

  /** XXH64 of one block. */
  static long xxh64(byte[] b, int from, long seed) {
    long v1 = seed + P1 + P2;
    long v2 = seed + P2;
    long v3 = seed;
    long v4 = seed - P1;
    for (int i = from; i < from + BLOCK; i += 32) {
      v1 = round(v1, (long) LONGS.get(b, i));
      v2 = round(v2, (long) LONGS.get(b, i + 8));
      v3 = round(v3, (long) LONGS.get(b, i + 16));
      v4 = round(v4, (long) LONGS.get(b, i + 24));
    }
    long h =
        Long.rotateLeft(v1, 1)
            + Long.rotateLeft(v2, 7)
            + Long.rotateLeft(v3, 12)
            + Long.rotateLeft(v4, 18);
    h = (h ^ round(0, v1)) * P1 + P4;
    h = (h ^ round(0, v2)) * P1 + P4;
    h = (h ^ round(0, v3)) * P1 + P4;
    h = (h ^ round(0, v4)) * P1 + P4;
    h += BLOCK;
    h = (h ^ (h >>> 33)) * P2;
    h = (h ^ (h >>> 29)) * P3;
    return h ^ (h >>> 32);
  }

  private static long round(long accumulator, long input) {
    return Long.rotateLeft(accumulator + input * P2, 31) * P1;
  }
}
