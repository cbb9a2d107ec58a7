package io.penstock.picker.replica;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.request.PromptKeys;
import java.nio.charset.StandardCharsets;

/**
 * The form of a message between replicas: a head and any number of records, numbers big-endian.
 *
 * <pre>
 * head    "PSB" and 1, i64 replica, i32 number of the batch
 * placed  1, i64 id, u16 bytes of the endpoint's id and these in UTF-8, i32 uncached, i32 context
 *         and i32 hand-over tokens (-1: none), u16 keys and an i64 for each
 * first   2, i64 id
 * ended   3, i64 id, u8 1 where the endpoint does not hold the prompt after all
 * left    4: the replica ends, and with it whatever it has sent
 * </pre>
 *
 * <p>A replica's batches of a pool are numbered one by one; who misses a number has missed a batch,
 * or its replica had to leave something out. Stateless.
 */
final class Batch {

  /** Bytes of a batch; what is larger is refused. */
  static final int MOST_BYTES = 1 << 20;

  private static final int MAGIC = 'P' << 24 | 'S' << 16 | 'B' << 8 | 1;
  private static final int PLACED = 1;
  private static final int FIRST_TOKEN = 2;
  private static final int ENDED = 3;
  private static final int LEFT = 4;
  private static final int MOST_TOKENS = 1 << 28;

  /** Hears what is in a batch. */
  interface Listener {

    /**
     * A batch begins.
     *
     * @return whether the rest is wanted
     */
    boolean begins(long replica, int number);

    void placed(Sent.Placed placed);

    void firstToken(long id);

    void ended(long id, boolean unlearned);

    void left();

    /** All of it was heard, or is not wanted. */
    void ends();
  }

  private Batch() {}

  /** Begins a batch. */
  static void begin(ByteBuf out, long replica, int number) {
    out.writeInt(MAGIC).writeLong(replica).writeInt(number);
  }

  /** Adds a record. */
  static void add(ByteBuf out, Sent sent) {
    switch (sent) {
      case Sent.Placed placed -> {
        out.writeByte(PLACED).writeLong(placed.id());
        int length = ByteBufUtil.utf8Bytes(placed.endpoint().value());
        out.writeShort(length);
        ByteBufUtil.writeUtf8(out, placed.endpoint().value());
        out.writeInt(placed.uncachedTokens()).writeInt(placed.contextTokens());
        out.writeInt(placed.handOverTokens());
        var keys = placed.keys();
        out.writeShort(keys.count());
        for (int i = 0; i < keys.count(); i++) {
          out.writeLong(keys.key(i));
        }
      }
      case Sent.FirstToken(var id) -> out.writeByte(FIRST_TOKEN).writeLong(id);
      case Sent.Ended(var id, var unlearned) ->
          out.writeByte(ENDED).writeLong(id).writeByte(unlearned ? 1 : 0);
    }
  }

  /** Adds that the replica ends. */
  static void addLeft(ByteBuf out) {
    out.writeByte(LEFT);
  }

  /** Whether it is of that replica, as far as it is a batch. */
  static boolean isOf(ByteBuf batch, long replica) {
    return batch.readableBytes() >= Integer.BYTES + Long.BYTES
        && batch.getInt(batch.readerIndex()) == MAGIC
        && batch.getLong(batch.readerIndex() + Integer.BYTES) == replica;
  }

  /**
   * Reads a batch; the listener has heard what stands before a mistake.
   *
   * @throws IllegalArgumentException when it has not this form; says in what
   */
  static void read(ByteBuf in, Listener listener) {
    try {
      if (in.readInt() != MAGIC) {
        throw new IllegalArgumentException("it does not begin like a batch of this version");
      }
      if (listener.begins(in.readLong(), in.readInt())) {
        boolean more = in.isReadable();
        while (more) {
          more = record(in, listener) && in.isReadable();
        }
      }
      listener.ends();
    } catch (IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("it ends within a record", e);
    }
  }

  /** False after the last thing that a replica says. */
  private static boolean record(ByteBuf in, Listener listener) {
    int type = in.readByte();
    switch (type) {
      case PLACED -> listener.placed(placed(in));
      case FIRST_TOKEN -> listener.firstToken(in.readLong());
      case ENDED -> listener.ended(in.readLong(), in.readByte() != 0);
      case LEFT -> listener.left();
      default -> throw new IllegalArgumentException("there is no record of type " + type);
    }
    return type != LEFT;
  }

  private static Sent.Placed placed(ByteBuf in) {
    long id = in.readLong();
    int length = in.readUnsignedShort();
    var endpoint = in.readCharSequence(length, StandardCharsets.UTF_8).toString();
    int uncached = tokens(in.readInt(), 0);
    int context = tokens(in.readInt(), 0);
    int handOver = tokens(in.readInt(), -1);
    long[] keys = new long[in.readUnsignedShort()];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = in.readLong();
      if (keys[i] == 0) {
        throw new IllegalArgumentException("a key is 0");
      }
    }
    return new Sent.Placed(
        id, new EndpointId(endpoint), uncached, context, handOver, PromptKeys.owning(keys));
  }

  private static int tokens(int tokens, int least) {
    if (tokens < least || tokens > MOST_TOKENS) {
      throw new IllegalArgumentException("tokens: " + tokens);
    }
    return tokens;
  }
}
