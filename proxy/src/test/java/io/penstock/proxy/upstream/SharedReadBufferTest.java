package io.penstock.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SharedReadBufferTest {

  /** Without leak tracking, which takes minutes for so many reads; what is held is asserted. */
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

  private final SharedReadBuffer reads = new SharedReadBuffer();
  private final EmbeddedChannel channel = new EmbeddedChannel();

  @AfterEach
  void everythingIsGivenUp() {
    channel.finish();
    reads.close();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  /** One read of a connection, as a transport does it. */
  @SuppressWarnings("deprecation")
  private ByteBuf read(int bytes, int value) {
    var handle = reads.newHandle();
    handle.reset(channel.config());
    ByteBuf buffer = handle.allocate(allocator);
    assertThat(buffer.writableBytes()).isGreaterThanOrEqualTo(Math.max(bytes, 32 * 1024));
    if (bytes > 0) {
      buffer.writeBytes(filled(bytes, value));
    }
    handle.lastBytesRead(bytes);
    return buffer;
  }

  private static void assertHolds(ByteBuf buffer, int bytes, int value) {
    assertThat(ByteBufUtil.getBytes(buffer)).isEqualTo(filled(bytes, value));
  }

  private static byte[] filled(int bytes, int value) {
    var filled = new byte[bytes];
    Arrays.fill(filled, (byte) value);
    return filled;
  }

  @Test
  void reads_that_are_consumed_share_one_block() {
    for (int i = 0; i < 1_000; i++) {
      read(10_000, i).release();
    }
    assertThat(allocator.metric().usedDirectMemory()).isEqualTo(256 * 1024);
  }

  @Test
  void small_reads_that_are_held_lie_behind_each_other() {
    List<ByteBuf> held = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      held.add(read(1_000, i));
    }
    assertThat(allocator.metric().usedDirectMemory()).isEqualTo(256 * 1024);
    for (int i = 0; i < held.size(); i++) {
      assertHolds(held.get(i), 1_000, i);
      held.get(i).release();
    }
  }

  @Test
  void a_read_of_nothing_moves_nothing() {
    var kept = read(100, 1);
    read(0, 2).release();
    read(-1, 2).release();
    var next = read(100, 3);
    assertHolds(kept, 100, 1);
    assertHolds(next, 100, 3);
    kept.release();
    next.release();
  }

  /** As a decoder does that waits for the rest of a message. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void what_is_held_is_not_written_over_by_what_is_added_to_a_read(boolean firstOfItsBlock) {
    var before = firstOfItsBlock ? null : read(10, 9);
    var left = read(100, 1);
    var held = read(100, 2);

    left = SharedReadBuffer.cumulate(allocator, left, read(50, 1));
    left = SharedReadBuffer.cumulate(allocator, left, read(50, 1));

    assertHolds(held, 100, 2);
    assertHolds(left, 200, 1);
    held.release();
    left.release();
    if (before != null) {
      before.release();
    }
  }

  @Test
  void a_read_that_nothing_is_left_before_is_not_copied() {
    var left = read(100, 1).skipBytes(100);
    var next = read(100, 2);

    assertThat(SharedReadBuffer.cumulate(allocator, left, next)).isSameAs(next);

    next.release();
  }

  @Test
  void what_is_held_is_never_written_over_whatever_the_order_of_release() {
    for (int seed = 0; seed < 20; seed++) {
      var random = new SplittableRandom(seed);
      List<ByteBuf> held = new ArrayList<>();
      IdentityHashMap<ByteBuf, int[]> contents = new IdentityHashMap<>();
      for (int i = 0; i < 300; i++) {
        int bytes = random.nextInt(3) == 0 ? random.nextInt(30_000) : random.nextInt(500);
        var buffer = read(bytes, i);
        contents.put(buffer, new int[] {bytes, i});
        held.add(buffer);
        while (held.size() > 20) {
          var old = held.remove(random.nextInt(held.size()));
          assertHolds(old, contents.get(old)[0], contents.get(old)[1]);
          old.release();
        }
      }
      for (var rest : held) {
        assertHolds(rest, contents.get(rest)[0], contents.get(rest)[1]);
        rest.release();
      }
    }
    assertThat(allocator.metric().usedDirectMemory()).isLessThanOrEqualTo(256 * 1024);
  }
}
