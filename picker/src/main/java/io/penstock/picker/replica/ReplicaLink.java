package io.penstock.picker.replica;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.ReflectiveChannelFactory;
import io.penstock.picker.assembly.PlacementFeed;
import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerBuilder;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the other replicas of this process what it sends to the pools' endpoints, and counts what
 * they tell. Without Redis, and while none of the others is heard, each replica picks by what it
 * knows itself.
 *
 * <p>What comes is sent in batches, {@value #BATCH_MILLIS} ms after the first of each, and a batch
 * without records once a second says that the replica lives. Own batches come back, which shows
 * that the way is whole.
 *
 * <p>{@link #join}, {@link #start} and {@link #close} belong to the wiring's thread, figures may be
 * read by any; everything else happens on the event loop.
 */
public final class ReplicaLink implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReplicaLink.class);

  private static final long BATCH_MILLIS = 5;
  private static final long HEARTBEAT_MILLIS = 1_000;
  private static final int BATCH_BYTES = 64 << 10;
  private static final int FIRST_BYTES = 1 << 10;
  private static final long CLOSE_MILLIS = 500;

  private final ReplicaSettings settings;
  private final EventLoop loop;
  private final LongSupplier nanoClock;
  private final List<String> names;
  private final long self;
  private final Map<String, SharedPool> pools = new LinkedHashMap<>();
  private final RedisLink redis;
  private final LongAdder refused = new LongAdder();
  private volatile boolean up;
  private Future<?> beating = CompletableFuture.completedFuture(null);
  private long ownHeardNanos;

  /**
   * A link for pools, which connects at {@link #start}, under a name that no other replica has.
   *
   * @param pools their names
   * @param loop one of those that the pools' pickers were built with
   * @param channel kind of sockets that fits the loop
   * @param blocking for what blocks
   * @param registry gets its figures
   * @throws IOException when the password or the authorities cannot be read
   */
  public static ReplicaLink of(
      ReplicaSettings settings,
      List<String> pools,
      EventLoop loop,
      Class<? extends Channel> channel,
      Executor blocking,
      LongSupplier nanoClock,
      CollectorRegistry registry)
      throws IOException {
    RedisLogin.check(settings);
    var factory = new ReflectiveChannelFactory<>(channel);
    var random = new SecureRandom();
    var link = new ReplicaLink(settings, pools, loop, factory, blocking, nanoClock, random);
    registry.register(new ReplicaCollector(link));
    return link;
  }

  /**
   * A link for pools, which connects at {@link #start}.
   *
   * @param pools their names
   * @param loop one of those that the pools' pickers were built with
   * @param blocking for what blocks
   * @param random names this replica, and spreads attempts
   */
  ReplicaLink(
      ReplicaSettings settings,
      List<String> pools,
      EventLoop loop,
      ChannelFactory<? extends Channel> factory,
      Executor blocking,
      LongSupplier nanoClock,
      RandomGenerator random) {
    this.settings = settings;
    this.loop = loop;
    this.nanoClock = nanoClock;
    this.names = List.copyOf(pools);
    this.self = random.nextLong();
    for (var pool : pools) {
      var shared = new SharedPool(channel(pool), this::call);
      this.pools.put(shared.channel(), shared);
    }
    this.redis =
        new RedisLink(
            settings,
            List.copyOf(this.pools.keySet()),
            loop,
            factory,
            blocking,
            random,
            new RedisLink.Listener() {
              @Override
              public void up() {
                turnedUp();
              }

              @Override
              public void message(String channel, ByteBuf payload) {
                heard(channel, payload);
              }

              @Override
              public void down() {
                turnedDown();
              }
            });
  }

  private String channel(String pool) {
    return settings.channel() + ":" + pool;
  }

  private SharedPool pool(String name) {
    var pool = pools.get(channel(name));
    if (pool == null) {
      throw new IllegalArgumentException("pool " + name + " was not named at first");
    }
    return pool;
  }

  /** Builds the picker of a pool, which tells the others and counts what they tell. */
  public PoolPicker join(String pool, PoolPickerBuilder builder) {
    var shared = pool(pool);
    var picker = builder.replicas(shared.outbox()).build();
    shared.mirror(Objects.requireNonNull(picker.mirror()));
    return picker;
  }

  /** What the picker of a pool tells. */
  PlacementFeed feed(String pool) {
    return pool(pool).outbox();
  }

  /** Connects, and goes on trying. */
  public void start() {
    redis.open();
    beating =
        loop.scheduleWithFixedDelay(
            this::guardedBeat, HEARTBEAT_MILLIS, HEARTBEAT_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** There is something to tell. From any event loop. */
  private void call(SharedPool pool) {
    var _ = loop.schedule(() -> flush(pool, false), BATCH_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void turnedUp() {
    up = true;
    ownHeardNanos = nanoClock.getAsLong();
    for (var pool : pools.values()) {
      pool.outbox().open(true);
      flush(pool, true);
    }
  }

  private void turnedDown() {
    up = false;
    for (var pool : pools.values()) {
      pool.outbox().open(false);
      pool.replicas().clear();
    }
  }

  /** A scheduled task that throws, for want of direct memory too, would never run again. */
  private void guardedBeat() {
    try {
      beat();
    } catch (RuntimeException | OutOfMemoryError e) {
      LOG.error("a heartbeat failed", e);
    }
  }

  private void beat() {
    if (!up) {
      return;
    }
    long now = nanoClock.getAsLong();
    if (now - ownHeardNanos > Replicas.SILENCE) {
      redis.failed("what is published does not arrive");
      return;
    }
    for (var pool : pools.values()) {
      pool.replicas().now(now);
      pool.replicas().tick();
      flush(pool, true);
    }
  }

  /**
   * Publishes what there is.
   *
   * @param beats whether also when there is nothing
   */
  private void flush(SharedPool pool, boolean beats) {
    if (!up) {
      return;
    }
    var outbox = pool.outbox();
    if (outbox.lost()) {
      pool.nextNumber();
    }
    boolean due = beats;
    while (due || !outbox.isEmpty()) {
      due = false;
      var batch = begin(pool); // first, since without memory for it nothing may be taken out
      int records = 0;
      for (var record = outbox.poll(); record != null; record = outbox.poll()) {
        Batch.add(batch, record);
        records++;
        if (batch.readableBytes() >= BATCH_BYTES) {
          break;
        }
      }
      if (redis.publish(pool.name(), batch)) {
        pool.countTold(records);
      } else {
        outbox.drop(records);
      }
    }
  }

  private ByteBuf begin(SharedPool pool) {
    var batch = PooledByteBufAllocator.DEFAULT.buffer(FIRST_BYTES);
    Batch.begin(batch, self, pool.nextNumber());
    return batch;
  }

  private void heard(String channel, ByteBuf payload) {
    var pool = pools.get(channel);
    if (pool == null) {
      return;
    }
    long now = nanoClock.getAsLong();
    if (Batch.isOf(payload, self)) {
      ownHeardNanos = now;
      redis.arrives();
      return;
    }
    pool.replicas().now(now);
    try {
      Batch.read(payload, pool.replicas());
    } catch (IllegalArgumentException e) {
      pool.replicas().broken();
      if (refused.sum() == 0) {
        LOG.warn("channel {} has something that is no batch: {}", channel, e.getMessage());
      }
      refused.increment();
    }
  }

  /** The pools' names. */
  List<String> pools() {
    return names;
  }

  /** Whether replicas can hear each other now. */
  public boolean up() {
    return up;
  }

  /** How many others of that pool are heard now. */
  public int heard(String pool) {
    return pool(pool).replicas().heard();
  }

  /** Records that were told the others of that pool, so far. */
  public long told(String pool) {
    return pool(pool).told();
  }

  /** Records of that pool that others have told, so far. */
  public long recordsHeard(String pool) {
    return pool(pool).replicas().records();
  }

  /** Records of that pool that nobody was told, so far. */
  public long dropped(String pool) {
    return pool(pool).outbox().dropped();
  }

  /** How often something that another replica of that pool said was missing, so far. */
  public long missed(String pool) {
    return pool(pool).replicas().missed();
  }

  /** Messages that were no batches, so far. */
  public long refused() {
    return refused.sum();
  }

  /** Tells the others that this replica ends, as far as they can be told within half a second. */
  @Override
  public void close() {
    try {
      loop.submit(this::leave).awaitUninterruptibly(CLOSE_MILLIS);
    } catch (RejectedExecutionException over) {
      LOG.debug("the event loop has ended before", over);
    }
  }

  private void leave() {
    beating.cancel(false);
    for (var pool : pools.values()) {
      if (up) {
        flush(pool, false);
        var last = begin(pool);
        Batch.addLeft(last);
        redis.publish(pool.name(), last);
      }
    }
    redis.close();
    turnedDown();
  }
}
