package io.penstock.picker.prefix;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The pool of holder sets, named by handles that fit a cell's word; bounded in bytes: what does not
 * fit is refused. One writer at a time; readers come without a lock and may come late, when the
 * handle is another block's: they compare the set's key and read the cell again.
 */
final class HolderSets {

  private static final int REFERENCE_BYTES = 8;
  private static final VarHandle SETS = MethodHandles.arrayElementVarHandle(HolderSet[].class);

  private final long maxBytes;
  private long bytes;
  private volatile @Nullable HolderSet[] sets = new HolderSet[64];
  private int fresh;
  private int[] free = new int[64];
  private int freeCount;

  HolderSets(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Keeps a set; its handle, or -1 when there is no room. Writer. */
  int keep(HolderSet set) {
    if (bytes + set.bytes() > maxBytes || (freeCount == 0 && !makeRoom())) {
      return -1;
    }
    bytes += set.bytes();
    int handle = freeCount > 0 ? free[--freeCount] : fresh++;
    SETS.setRelease(sets, handle, set);
    return handle;
  }

  private boolean makeRoom() {
    if (fresh < sets.length) {
      return true;
    }
    if (bytes + (long) fresh * REFERENCE_BYTES > maxBytes) {
      return false;
    }
    bytes += (long) fresh * REFERENCE_BYTES;
    sets = Arrays.copyOf(sets, 2 * fresh);
    return true;
  }

  /** The set of a handle; null or another block's when the cell has another handle by now. */
  @Nullable HolderSet get(int handle) {
    return (HolderSet) SETS.getAcquire(sets, handle);
  }

  /** The set that a cell names. Writer. */
  HolderSet named(int handle) {
    return requireNonNull(get(handle));
  }

  /** Puts another set under a handle; false when there is no room for it. Writer. */
  boolean replace(int handle, HolderSet from, HolderSet to) {
    int more = to.bytes() - from.bytes();
    if (more > 0 && bytes + more > maxBytes) {
      return false;
    }
    bytes += more;
    SETS.setRelease(sets, handle, to);
    return true;
  }

  /** Puts a set with fewer holders under a handle. A list may take more than its bitmap. Writer. */
  void shrink(int handle, HolderSet from, HolderSet to) {
    bytes += to.bytes() - from.bytes();
    SETS.setRelease(sets, handle, to);
  }

  /** Gives a handle back, which no cell names any more. Writer. */
  void free(int handle, HolderSet set) {
    bytes -= set.bytes();
    SETS.setRelease(sets, handle, null);
    if (freeCount == free.length) {
      free = Arrays.copyOf(free, 2 * freeCount);
    }
    free[freeCount++] = handle;
  }

  long bytes() {
    return bytes;
  }
}
