package io.penstock.picker.replica;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pair of connections to Redis, one that publishes and one that hears, made again whenever one of
 * them ends: after a quarter of a second, then after twice as long each time until something {@link
 * #arrives}, up to ten seconds. Confined to its event loop.
 */
final class RedisLink implements RedisConnection.Listener {

  private static final Logger LOG = LoggerFactory.getLogger(RedisLink.class);

  private static final long FIRST_PAUSE_MILLIS = 250;
  private static final long LONGEST_PAUSE_MILLIS = 10_000;

  /** Hears what comes, and whether anything can. */
  interface Listener {

    /** From now on something can be published, and what others publish arrives. */
    void up();

    /** See {@link RedisConnection.Listener#message}. */
    void message(String channel, ByteBuf payload);

    /** Nothing arrives any more. */
    void down();
  }

  private final ReplicaSettings settings;
  private final List<String> channels;
  private final EventLoop loop;
  private final ChannelFactory<? extends Channel> factory;
  private final Executor blocking;
  private final RandomGenerator random;
  private final Listener listener;
  private @Nullable RedisConnection publishing;
  private @Nullable RedisConnection hearing;
  private int ready;
  private int failures;
  private boolean arrives;
  private boolean closed;

  /**
   * A link, not opened.
   *
   * @param blocking for what blocks: names and files
   */
  RedisLink(
      ReplicaSettings settings,
      List<String> channels,
      EventLoop loop,
      ChannelFactory<? extends Channel> factory,
      Executor blocking,
      RandomGenerator random,
      Listener listener) {
    this.settings = settings;
    this.channels = List.copyOf(channels);
    this.loop = loop;
    this.factory = factory;
    this.blocking = blocking;
    this.random = random;
    this.listener = listener;
  }

  /** Connects; goes on until {@link #close}. */
  void open() {
    blocking.execute(
        () -> {
          try {
            var login = RedisLogin.read(settings);
            loop.execute(() -> connect(login));
          } catch (IOException e) {
            loop.execute(() -> failed(String.valueOf(e.getMessage())));
          } catch (RejectedExecutionException over) {
            LOG.debug("the event loop has ended before", over);
          }
        });
  }

  private void connect(RedisLogin login) {
    if (closed) {
      return;
    }
    ready = 0;
    publishing = new RedisConnection(login, List.of(), this);
    hearing = new RedisConnection(login, channels, this);
    publishing.open(loop, factory);
    hearing.open(loop, factory);
  }

  private boolean isUp() {
    return ready == 2;
  }

  @Override
  public void ready(RedisConnection connection) {
    if (!isOurs(connection)) {
      return;
    }
    ready++;
    if (isUp()) {
      listener.up();
    }
  }

  /** Something that was published here has come: who fails after that fails for the first time. */
  void arrives() {
    if (!arrives) {
      arrives = true;
      failures = 0;
      LOG.info("replicas hear each other through {}", settings.redis());
    }
  }

  private boolean isOurs(RedisConnection connection) {
    return connection.equals(publishing) || connection.equals(hearing);
  }

  @Override
  public void message(String channel, ByteBuf payload) {
    if (isUp()) {
      listener.message(channel, payload);
    }
  }

  @Override
  public void closed(RedisConnection connection, String why) {
    if (isOurs(connection)) {
      failed(why);
    }
  }

  /** Publishes; takes the payload over. False when it is not sent. */
  boolean publish(byte[] channel, ByteBuf payload) {
    if (publishing == null || !isUp()) {
      payload.release();
      return false;
    }
    return publishing.publish(channel, payload);
  }

  /** Begins anew, since what is there does not do. */
  void failed(String why) {
    boolean wasUp = isUp();
    drop(why);
    if (closed) {
      return;
    }
    if (wasUp || failures == 0) {
      LOG.warn("replicas do not hear each other through {}: {}", settings.redis(), why);
    }
    if (wasUp) {
      listener.down();
    }
    long pause = Math.min(FIRST_PAUSE_MILLIS << Math.min(failures, 6), LONGEST_PAUSE_MILLIS);
    failures++;
    long spread = pause / 2 + random.nextLong(pause);
    var _ = loop.schedule(this::again, spread, TimeUnit.MILLISECONDS);
  }

  private void again() {
    if (!closed) {
      open();
    }
  }

  private void drop(String why) {
    var both = new RedisConnection[] {publishing, hearing};
    publishing = null;
    hearing = null;
    ready = 0;
    arrives = false;
    for (var each : both) {
      if (each != null) {
        each.close(why);
      }
    }
  }

  /** Ends for good; what is published before is still sent. */
  void close() {
    closed = true;
    drop("the replica ends");
  }
}
