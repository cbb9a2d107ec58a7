package io.penstock.picker.prefix;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The {@link SlotRing} of each slot, and the trails in them. One writer at a time, any number of
 * readers.
 */
final class Rings {

  private final AtomicReferenceArray<@Nullable SlotRing> rings;
  private long following;

  Rings(int slots) {
    this.rings = new AtomicReferenceArray<>(slots);
  }

  /** The ring of a slot, null where nothing was learned yet. Any thread. */
  @Nullable SlotRing get(int slot) {
    return rings.getAcquire(slot);
  }

  /** The ring of a slot, made if there is none. Writer. */
  SlotRing of(int slot) {
    var ring = get(slot);
    if (ring == null) {
      ring = new SlotRing();
      rings.setRelease(slot, ring);
    }
    return ring;
  }

  /** A slot has no ring any more. Writer. */
  void clear(int slot) {
    rings.setRelease(slot, null);
  }

  /**
   * How many keys of a chain a trail holds. Any thread.
   *
   * @param trail the word of key {@code i}'s cell
   * @param to end of the chain
   * @return 0 when key {@code i} is not where the word says, so that the word is out of date
   */
  int matches(long trail, long[] keys, int i, int to) {
    var ring = get(HolderWord.trailSlot(trail));
    return ring == null ? 0 : ring.matches(HolderWord.trailPosition(trail), keys, i, to);
  }

  /** Entries have been pushed that follow another. Writer. */
  void pushed(int entries) {
    following += entries;
  }

  /** An entry that follows another was popped; false when it named no block any more. Writer. */
  boolean popped(long entry) {
    if (SlotRing.dead(entry)) {
      return false;
    }
    following--;
    return true;
  }

  /** An entry that follows another gets a cell of its own. Writer. */
  void unfollow(SlotRing ring, int position) {
    if (alive(ring, position)) {
      following--;
      ring.unfollow(position);
    }
  }

  /** An entry names no block any more. Writer. */
  void kill(SlotRing ring, int position) {
    following -= alive(ring, position) ? 1 : 0;
    ring.kill(position);
  }

  /** The cell of a trail is lost, so nothing leads to what follows: the number of that. Writer. */
  int lost(long trail) {
    var ring = get(HolderWord.trailSlot(trail));
    int lost = ring == null ? 0 : ring.killFollowing(HolderWord.trailPosition(trail));
    following -= lost;
    return lost;
  }

  /** Whether the entry at a position follows another and names a block. */
  static boolean alive(SlotRing ring, int position) {
    long entry = ring.at(position);
    return SlotRing.follows(entry) && !SlotRing.dead(entry);
  }

  /** Blocks without a cell of their own. */
  long following() {
    return following;
  }

  /** Bytes of all rings. */
  long bytes() {
    long bytes = 0;
    for (int slot = 0; slot < rings.length(); slot++) {
      var ring = get(slot);
      bytes += ring == null ? 0 : ring.bytes();
    }
    return bytes;
  }
}
