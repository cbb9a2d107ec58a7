package io.penstock.picker.replica;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.penstock.picker.assembly.Placement;
import io.penstock.picker.request.PromptKeys;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replicas that hear each other through a Redis, each with a pool of its own. */
class ReplicaLinkTest {

  private static final PromptKeys KEYS = PromptKeys.owning(LongStream.rangeClosed(1, 30).toArray());

  private static final ChannelFactory<NioSocketChannel> SOCKETS =
      new ReflectiveChannelFactory<>(NioSocketChannel.class);

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Replica> replicas = new ArrayList<>();
  private final AtomicLong clock = new AtomicLong();
  private final AtomicBoolean fault = new AtomicBoolean();
  private final FakeRedis redis;
  @TempDir private Path folder;

  ReplicaLinkTest() throws IOException {
    redis = new FakeRedis("");
  }

  /** One replica: its link, and its pool, whose one event loop is the link's. */
  private final class Replica {
    private final EventLoop loop = (EventLoop) group.next();
    private final ReplicaLink link;
    private final MirroredPool pool;

    Replica(ReplicaSettings settings) {
      this(settings, SOCKETS, new SplittableRandom(replicas.size()));
    }

    Replica(
        ReplicaSettings settings,
        ChannelFactory<? extends Channel> factory,
        RandomGenerator random) {
      link =
          new ReplicaLink(
              settings,
              List.of("pool"),
              loop,
              factory,
              blocking,
              ReplicaLinkTest.this::now,
              random);
      pool = new MirroredPool(builder -> link.join("pool", builder));
      link.start();
      replicas.add(this);
    }

    Placement place(PromptKeys keys) throws Exception {
      return loop.submit(
              () -> {
                var route = pool.route(keys);
                return pool.picker
                    .placements()
                    .place(MirroredPool.request(keys), route, route.endpoint(), 0, 0);
              })
          .get(10, TimeUnit.SECONDS);
    }

    void run(Runnable task) throws Exception {
      loop.submit(task).get(10, TimeUnit.SECONDS);
    }

    int cachedTokens(PromptKeys keys) throws Exception {
      return loop.submit(() -> pool.route(keys).cachedTokens()).get(10, TimeUnit.SECONDS);
    }
  }

  @AfterEach
  void end() throws Exception {
    replicas.forEach(replica -> replica.link.close());
    redis.close();
    blocking.shutdownNow();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
  }

  private ReplicaSettings settings(FakeRedis at, String user, Path passwordFile) {
    return new ReplicaSettings(at.address(user), passwordFile, null, "test");
  }

  private Replica replica() {
    return new Replica(settings(redis, null, null));
  }

  private long now() {
    if (fault.getAndSet(false)) {
      throw new IllegalStateException("a fault");
    }
    return clock.get();
  }

  private static void awaitHeard(Replica replica, int others) {
    await().until(() -> replica.link.heard("pool") == others);
  }

  @Test
  void replicas_know_what_each_other_sends_and_forget_who_leaves() throws Exception {
    var first = replica();
    var second = replica();
    var third = replica();
    for (var each : replicas) {
      awaitHeard(each, 2);
    }

    var sent = first.place(KEYS);
    await().until(() -> second.pool.inFlight() == 1 && third.pool.inFlight() == 1);
    first.run(() -> sent.firstByte(0));
    await().until(() -> second.pool.picker.inFlight().decoding(sent.endpoint().slot()) == 1);

    assertThat(second.cachedTokens(KEYS)).isPositive();

    first.link.close();
    awaitHeard(second, 1);
    assertThat(second.pool.picker.inFlight().total()).isZero();
    assertThat(second.pool.picker.inFlight().fromHere().total()).isZero();
    first.run(() -> sent.completed(-1, -1, -1, 0));
    assertThat(first.pool.picker.inFlight().total()).isZero();
  }

  @Test
  void a_link_that_breaks_is_made_again_and_until_then_each_counts_for_itself() throws Exception {
    var first = replica();
    var second = replica();
    awaitHeard(first, 1);
    awaitHeard(second, 1);
    var before = first.place(KEYS);
    await().until(() -> second.pool.inFlight() == 1);

    redis.drop();
    await().until(() -> second.pool.inFlight() == 0);
    await().until(() -> redis.logins.get() >= 4);
    awaitHeard(first, 1);
    awaitHeard(second, 1);

    first.run(() -> before.completed(-1, -1, -1, 0));
    var after = first.place(KEYS);
    await().until(() -> second.pool.inFlight() == 1);
    first.run(() -> after.completed(-1, -1, -1, 0));
    await().until(() -> second.pool.picker.inFlight().total() == 0);
  }

  @Test
  void who_has_more_to_tell_than_there_is_room_for_is_forgotten_and_heard_anew() throws Exception {
    var first = replica();
    var second = replica();
    awaitHeard(first, 1);
    awaitHeard(second, 1);
    var before = first.place(KEYS);
    await().until(() -> second.pool.inFlight() == 1);

    var endpoint = before.endpoint();
    first.run(
        () -> {
          for (int i = 0; i < 20_000; i++) {
            first.link.feed("pool").placed(endpoint, 1, 1, -1, PromptKeys.NONE);
          }
        });

    await().until(() -> second.link.missed("pool") == 1);
    assertThat(second.pool.inFlight()).isZero();
    assertThat(first.link.dropped("pool")).isEqualTo(20_000);
    var after = first.place(KEYS);
    await().until(() -> second.pool.inFlight() == 1);
    first.run(() -> after.completed(-1, -1, -1, 0));
    await().until(() -> second.pool.picker.inFlight().total() == 0);
  }

  @Test
  void a_redis_that_delivers_nothing_is_left() throws Exception {
    var first = replica();
    await().until(first.link::up);
    int before = redis.logins.get();

    redis.deaf = true;
    clock.addAndGet(Replicas.SILENCE + 1);

    await().until(() -> redis.logins.get() > before);
  }

  /** Writes down from which pauses the attempts were spread, and spreads none. */
  private static final class Pauses implements RandomGenerator {
    private final List<Long> millis = new CopyOnWriteArrayList<>();

    @Override
    public long nextLong() {
      return 1;
    }

    @Override
    public long nextLong(long bound) {
      millis.add(bound);
      return 0;
    }
  }

  @Test
  void a_redis_that_lets_nobody_publish_is_asked_less_and_less_often() {
    redis.mute = true;
    var pauses = new Pauses();
    var first = new Replica(settings(redis, null, null), SOCKETS, pauses);
    await().until(() -> pauses.millis.size() >= 3);
    assertThat(pauses.millis).startsWith(250L, 500L, 1_000L);

    redis.mute = false;
    await()
        .until(
            () -> {
              if (first.link.up()) {
                redis.drop();
              }
              return pauses.millis.getLast() == 250;
            });
  }

  @Test
  void a_link_for_which_no_socket_can_be_made_is_made_when_there_are_some_again() {
    var refusals = new AtomicInteger(4);
    var first =
        new Replica(
            settings(redis, null, null),
            () -> {
              if (refusals.getAndDecrement() > 0) {
                throw new ChannelException("too many open files");
              }
              return SOCKETS.newChannel();
            },
            new SplittableRandom(1));

    await().until(first.link::up);
    assertThat(redis.logins.get()).isEqualTo(1);
  }

  @Test
  void what_a_redis_that_reads_no_further_is_not_told_counts_as_dropped() throws Exception {
    var first = replica();
    await().until(first.link::up);
    redis.stalled = true;
    var keys = PromptKeys.owning(LongStream.rangeClosed(1, 60_000).toArray());
    var pod = first.pool.picker.snapshot().endpoints().getFirst();
    int placements = 100;
    first.run(
        () -> {
          for (int i = 0; i < placements; i++) {
            first.link.feed("pool").placed(pod, 1, 1, -1, keys);
          }
        });

    await().until(() -> first.link.dropped("pool") > 0);
    first.run(
        () ->
            assertThat(first.link.told("pool") + first.link.dropped("pool")).isEqualTo(placements));
  }

  @Test
  void a_replica_that_is_not_heard_any_more_is_forgotten() throws Exception {
    var first = replica();
    await().until(first.link::up);
    var batch = Unpooled.buffer();
    Batch.begin(batch, 77, 1);
    Batch.add(batch, new Sent.Placed(1, MirroredPool.ONE, 10, 20, -1, KEYS));
    redis.publish("test:pool", ByteBufUtil.getBytes(batch));
    awaitHeard(first, 1);
    await().until(() -> first.pool.inFlight() == 1);

    clock.addAndGet(Replicas.SILENCE - 1); // its own batches still come
    await().until(() -> first.link.heard("pool") == 1);
    redis.publish("test:pool", "what is this?".getBytes(US_ASCII));
    await().until(() -> first.link.refused() == 1);
    clock.addAndGet(2);

    awaitHeard(first, 0);
    assertThat(first.pool.picker.inFlight().total()).isZero();
  }

  @Test
  void a_heartbeat_that_fails_is_not_the_last_one() throws Exception {
    var first = replica();
    await().until(first.link::up);
    var batch = Unpooled.buffer();
    Batch.begin(batch, 77, 1);
    redis.publish("test:pool", ByteBufUtil.getBytes(batch));
    awaitHeard(first, 1);
    redis.deaf = true; // only heartbeats look at the clock now
    int before = redis.logins.get();

    fault.set(true);
    await().until(() -> !fault.get());
    clock.addAndGet(Replicas.SILENCE + 1);

    await().until(() -> redis.logins.get() > before);
    awaitHeard(first, 0);
  }

  @Test
  void who_has_the_wrong_password_or_none_is_refused_until_the_file_has_the_right_one()
      throws Exception {
    try (var guarded = new FakeRedis("secret")) {
      var file = folder.resolve("password");
      Files.writeString(file, "wrong\n");
      var none = new Replica(settings(guarded, null, null));
      var wrong = new Replica(settings(guarded, "gateway", file));
      await().until(() -> guarded.refusals.get() > 6);
      assertThat(none.link.up()).isFalse();
      assertThat(wrong.link.up()).isFalse();

      Files.writeString(file, "secret\n");
      await().until(wrong.link::up);
      assertThat(none.link.up()).isFalse();
      assertThat(guarded.logins.get()).isEqualTo(1);
    }
  }

  @Test
  void what_no_replica_says_ends_the_connection_and_not_the_process() throws Exception {
    var first = replica();
    for (var nonsense :
        List.of(
            "$2000000\r\n",
            "$999999999\r\n",
            "*2000000000\r\n",
            "$-7\r\n",
            "!?\r\n",
            "-NOPERM no\r\n")) {
      await().until(first.link::up);
      int before = redis.logins.get();
      redis.raw("test:pool", nonsense.getBytes(US_ASCII));
      await().until(() -> redis.logins.get() > before);
    }
    await().until(first.link::up);
  }

  @Test
  void a_password_file_that_is_missing_or_empty_is_seen_at_the_start() throws Exception {
    var missing = folder.resolve("missing");
    assertThatThrownBy(() -> link(missing))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(missing.toString());
    var empty = Files.createFile(folder.resolve("empty"));
    assertThatThrownBy(() -> link(empty))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("empty");
  }

  private ReplicaLink link(Path passwordFile) throws IOException {
    return ReplicaLink.of(
        settings(redis, null, passwordFile),
        List.of("pool"),
        (EventLoop) group.next(),
        NioSocketChannel.class,
        blocking,
        clock::get,
        new CollectorRegistry());
  }

  @Test
  void its_figures_are_metrics() throws Exception {
    var first = replica();
    var second = replica();
    awaitHeard(first, 1);
    awaitHeard(second, 1);
    var sent = first.place(KEYS);
    first.run(() -> sent.completed(-1, -1, -1, 0));
    await().until(() -> first.link.told("pool") == 3);

    var samples =
        new ReplicaCollector(first.link)
            .collect().stream().flatMap(family -> family.samples.stream()).toList();
    assertThat(samples)
        .contains(sample("penstock_replica_records_told_total", 3))
        .contains(sample("penstock_replicas_heard", 1))
        .contains(sample("penstock_replica_gaps_total", 0))
        .hasSize(7);
  }

  private static Collector.MetricFamilySamples.Sample sample(String name, double value) {
    return new Collector.MetricFamilySamples.Sample(name, List.of("pool"), List.of("pool"), value);
  }
}
