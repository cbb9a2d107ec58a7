package io.penstock.picker.replica;

import io.penstock.picker.assembly.Mirror;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One pool of a {@link ReplicaLink}: what is to be told, and who is heard. Confined to the link's
 * event loop but for the outbox and the figures.
 */
final class SharedPool {

  private final String channel;
  private final byte[] name;
  private final Outbox outbox;
  private @Nullable Replicas replicas;
  private final LongAdder told = new LongAdder();
  private int number;

  /**
   * A pool that nobody is told of yet.
   *
   * @param channel its channel's name
   * @param call called with this when there is something to tell
   */
  SharedPool(String channel, Consumer<SharedPool> call) {
    this.channel = channel;
    this.name = channel.getBytes(StandardCharsets.UTF_8);
    this.outbox = new Outbox(() -> call.accept(this));
  }

  String channel() {
    return channel;
  }

  /** The channel's name in UTF-8; not to be changed. */
  byte[] name() {
    return name;
  }

  Outbox outbox() {
    return outbox;
  }

  /** Where what others tell is counted; before the link starts. */
  void mirror(Mirror mirror) {
    replicas = new Replicas(mirror);
  }

  Replicas replicas() {
    if (replicas == null) {
      throw new IllegalStateException(channel + " has no mirror");
    }
    return replicas;
  }

  /** The number of the next batch. */
  int nextNumber() {
    return ++number;
  }

  void countTold(int records) {
    told.add(records);
  }

  long told() {
    return told.sum();
  }
}
