package io.penstock.picker.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.request.PromptKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class BatchTest {

  private static final Sent.Placed PLACED =
      new Sent.Placed(
          7, new EndpointId("pod-ü"), 100, 300, -1, PromptKeys.owning(new long[] {3, -9}));

  @Test
  void what_is_written_is_read() {
    var handOver = new Sent.Placed(8, new EndpointId("b"), 0, 5, 4, PromptKeys.NONE);
    var batch =
        batch(PLACED, handOver, new Sent.FirstToken(7), new Sent.Ended(7, true))
            .writeBytes(bytes(new Sent.Ended(8, false)));

    assertThat(Batch.isOf(batch, 42)).isTrue();
    assertThat(Batch.isOf(batch, 43)).isFalse();
    assertThat(read(batch))
        .containsExactly(
            "replica 42, batch -3",
            PLACED.toString(),
            handOver.toString(),
            "first token of 7",
            "end of 7, unlearned",
            "end of 8");
  }

  @Test
  void nothing_is_read_of_whom_nobody_wants_and_after_a_farewell() {
    var batch = batch(PLACED);
    Batch.addLeft(batch);
    batch.writeBytes(bytes(PLACED));
    assertThat(read(batch)).containsExactly("replica 42, batch -3", PLACED.toString(), "left");

    var unwanted = new Heard(false);
    Batch.read(batch(PLACED), unwanted);
    assertThat(unwanted.said).containsExactly("replica 42, batch -3");
    assertThat(unwanted.ended).isTrue();
  }

  @Test
  void a_batch_that_ends_within_a_record_is_refused_wherever_it_ends() {
    var whole = batch(PLACED, new Sent.FirstToken(7), new Sent.Ended(7, false));
    int head = batch().readableBytes();
    int refused = 0;
    for (int length = 0; length < whole.readableBytes(); length++) {
      var cut = whole.copy(0, length);
      boolean atRecord = length == head || length == batch(PLACED).readableBytes();
      atRecord |= length == batch(PLACED, new Sent.FirstToken(7)).readableBytes();
      if (atRecord) {
        read(cut);
      } else {
        refused++;
        assertThatThrownBy(() -> read(cut))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("ends within a record");
      }
    }
    assertThat(refused).isGreaterThan(50);
  }

  @Test
  void what_is_no_batch_is_refused_with_the_reason() {
    refuses(batch -> batch.setByte(3, 2), "this version");
    refuses(batch -> batch.writeByte(9), "record of type 9");
    refuses(batch -> batch.writeBytes(bytes(placed(-1, 1, -1, "a"))), "tokens: -1");
    refuses(batch -> batch.writeBytes(bytes(placed(1, -5, -1, "a"))), "tokens: -5");
    refuses(batch -> batch.writeBytes(bytes(placed(1, 1, -2, "a"))), "tokens: -2");
    refuses(batch -> batch.writeBytes(bytes(placed(1 << 29, 1, 1, "a"))), "tokens: 536870912");
    refuses(batch -> batch.writeBytes(bytes(PLACED)).setLong(batch.writerIndex() - 8, 0), "key");
    refuses(
        batch -> batch.writeByte(1).writeLong(7).writeShort(0).writeZero(14),
        "an endpoint id is empty");
  }

  private static Sent.Placed placed(int uncached, int context, int handOver, String endpoint) {
    return new Sent.Placed(
        1, new EndpointId(endpoint), uncached, context, handOver, PromptKeys.NONE);
  }

  private static void refuses(Consumer<ByteBuf> change, String reason) {
    var batch = batch();
    change.accept(batch);
    assertThatThrownBy(() -> read(batch))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  private static ByteBuf batch(Sent... records) {
    var batch = Unpooled.buffer();
    Batch.begin(batch, 42, -3);
    batch.writeBytes(bytes(records));
    return batch;
  }

  private static ByteBuf bytes(Sent... records) {
    var bytes = Unpooled.buffer();
    for (var record : records) {
      Batch.add(bytes, record);
    }
    return bytes;
  }

  private static List<String> read(ByteBuf batch) {
    var heard = new Heard(true);
    Batch.read(batch, heard);
    return heard.said;
  }

  private static final class Heard implements Batch.Listener {
    private final boolean wants;
    private final List<String> said = new ArrayList<>();
    private boolean ended;

    Heard(boolean wants) {
      this.wants = wants;
    }

    @Override
    public boolean begins(long replica, int number) {
      said.add("replica " + replica + ", batch " + number);
      return wants;
    }

    @Override
    public void placed(Sent.Placed placed) {
      said.add(placed.toString());
    }

    @Override
    public void firstToken(long id) {
      said.add("first token of " + id);
    }

    @Override
    public void ended(long id, boolean unlearned) {
      said.add("end of " + id + (unlearned ? ", unlearned" : ""));
    }

    @Override
    public void left() {
      said.add("left");
    }

    @Override
    public void ends() {
      ended = true;
    }
  }
}
