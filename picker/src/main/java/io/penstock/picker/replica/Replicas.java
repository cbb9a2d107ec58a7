package io.penstock.picker.replica;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.penstock.picker.assembly.Mirror;
import io.penstock.picker.assembly.PlacementFeed;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The other replicas of one pool, as far as they are heard: what each has placed and not ended is
 * counted in the {@link Mirror}. All of a replica's ends when it says that it leaves, when one of
 * its batches is missing, and when it is silent for {@link #SILENCE}. Confined to the thread of the
 * mirror.
 */
final class Replicas implements Batch.Listener {

  /** Heartbeats that a replica may leave out, and some. */
  static final long SILENCE = TimeUnit.SECONDS.toNanos(5);

  /** Further replicas are not counted. */
  static final int MOST = 64;

  /** Placements of one replica at a time; further ones are not counted. */
  static final int MOST_PLACEMENTS = 1 << 16;

  private final Mirror mirror;
  private final Map<Long, Replica> replicas = new HashMap<>();
  private volatile int heard;
  private final LongAdder missed = new LongAdder();
  private final LongAdder records = new LongAdder();
  private @Nullable Replica current;
  private long nowNanos;

  Replicas(Mirror mirror) {
    this.mirror = mirror;
  }

  /** How many are heard. From any thread. */
  int heard() {
    return heard;
  }

  /** How often all of a replica's was ended since something of it was missing. From any thread. */
  long missed() {
    return missed.sum();
  }

  /** Placements, first tokens and ends that were heard. From any thread. */
  long records() {
    return records.sum();
  }

  /** The time of what comes next. */
  void now(long nanos) {
    nowNanos = nanos;
  }

  @Override
  public boolean begins(long id, int number) {
    current = null;
    var replica = replicas.get(id);
    if (replica == null) {
      if (replicas.size() == MOST) {
        return false;
      }
      replica = new Replica(id);
      replicas.put(id, replica);
      heard = replicas.size();
    } else if (number != replica.number + 1) {
      replica.endAll();
      missed.increment();
    }
    replica.number = number;
    replica.heardNanos = nowNanos;
    current = replica;
    return true;
  }

  @Override
  public void placed(Sent.Placed placed) {
    records.increment();
    var live = current().live;
    if (live.size() == MOST_PLACEMENTS) {
      return;
    }
    var told =
        mirror.placed(
            placed.endpoint(),
            placed.uncachedTokens(),
            placed.contextTokens(),
            placed.handOverTokens(),
            placed.keys());
    if (told != null) {
      var before = live.put(placed.id(), told);
      if (before != null) {
        before.ended();
      }
    }
  }

  @Override
  public void firstToken(long id) {
    records.increment();
    var told = current().live.get(id);
    if (told != null) {
      told.firstToken();
    }
  }

  @Override
  public void ended(long id, boolean unlearned) {
    records.increment();
    var told = current().live.remove(id);
    if (told != null) {
      if (unlearned) {
        told.unlearned();
      }
      told.ended();
    }
  }

  @Override
  public void left() {
    forget(current());
    heard = replicas.size();
  }

  @Override
  public void ends() {
    current = null;
  }

  /** What has come is no batch, or none from its middle on: then the rest of it is missing. */
  void broken() {
    if (current != null) {
      current.endAll();
      missed.increment();
    }
    current = null;
  }

  private Replica current() {
    if (current == null) {
      throw new IllegalStateException("a record before any batch");
    }
    return current;
  }

  /** Forgets whom nobody has heard for long. */
  void tick() {
    var silent =
        replicas.values().stream()
            .filter(replica -> nowNanos - replica.heardNanos > SILENCE)
            .toList();
    silent.forEach(this::forget);
    heard = replicas.size();
  }

  /** Forgets all, who cannot be heard any more. */
  void clear() {
    replicas.values().forEach(Replica::endAll);
    replicas.clear();
    heard = 0;
  }

  private void forget(Replica replica) {
    replica.endAll();
    replicas.remove(replica.id);
  }

  private static final class Replica {
    private final long id;
    private final LongObjectMap<PlacementFeed.Told> live = new LongObjectHashMap<>();
    private int number;
    private long heardNanos;

    Replica(long id) {
      this.id = id;
    }

    void endAll() {
      live.values().forEach(PlacementFeed.Told::ended);
      live.clear();
    }
  }
}
