package io.penstock.picker.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.assembly.PlacementFeed;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.request.PromptKeys;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ReplicasTest {

  private static final PromptKeys KEYS = PromptKeys.owning(new long[] {11, 12, 13, 14});

  private final MirroredPool pool =
      new MirroredPool(builder -> builder.replicas(PlacementFeed.NONE).build());
  private final Replicas replicas = new Replicas(Objects.requireNonNull(pool.picker.mirror()));

  @Test
  void what_another_replica_sends_counts_until_it_ends() {
    hear(1, 1, placed(1, MirroredPool.ONE), placed(2, MirroredPool.TWO));
    assertThat(replicas.heard()).isEqualTo(1);
    assertThat(pool.inFlight()).isEqualTo(2);
    assertThat(pool.picker.inFlight().pendingPrefillTokens(0)).isEqualTo(100);

    hear(1, 2, new Sent.FirstToken(1), new Sent.Ended(2, false));
    assertThat(pool.inFlight()).isEqualTo(1);
    assertThat(pool.picker.inFlight().decoding(0)).isEqualTo(1);

    hear(1, 3, new Sent.Ended(1, false));
    assertThat(pool.picker.inFlight().total()).isZero();
    assertThat(pool.route(KEYS).cachedTokens()).isPositive();
    assertThat(replicas.missed()).isZero();
  }

  @Test
  void ids_are_each_replicas_own() {
    hear(1, 1, placed(1, MirroredPool.ONE));
    hear(2, 1, placed(1, MirroredPool.ONE));
    assertThat(replicas.heard()).isEqualTo(2);

    hear(2, 2, new Sent.Ended(1, false));
    assertThat(pool.inFlight()).isEqualTo(1);
  }

  @Test
  void a_batch_that_is_missing_ends_all_that_its_replica_had_and_no_other() {
    hear(1, 5, placed(1, MirroredPool.ONE));
    hear(2, 9, placed(1, MirroredPool.TWO));

    hear(1, 7, placed(3, MirroredPool.ONE), new Sent.FirstToken(1), new Sent.Ended(2, true));
    assertThat(replicas.missed()).isEqualTo(1);
    assertThat(pool.inFlight()).isEqualTo(2);

    hear(1, 8, new Sent.Ended(3, false));
    hear(2, 10, new Sent.Ended(1, false));
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  @Test
  void numbers_go_round() {
    hear(1, Integer.MAX_VALUE, placed(1, MirroredPool.ONE));
    hear(1, Integer.MIN_VALUE);
    assertThat(replicas.missed()).isZero();
    assertThat(pool.inFlight()).isEqualTo(1);
  }

  @Test
  void who_leaves_and_who_is_silent_takes_everything_along() {
    hear(1, 1, placed(1, MirroredPool.ONE));
    hear(2, 1, placed(1, MirroredPool.TWO));
    var farewell = batch(1, 2);
    Batch.addLeft(farewell);
    Batch.read(farewell, replicas);
    assertThat(replicas.heard()).isEqualTo(1);
    assertThat(pool.inFlight()).isEqualTo(1);

    replicas.now(Replicas.SILENCE);
    replicas.tick();
    assertThat(replicas.heard()).isEqualTo(1);
    replicas.now(Replicas.SILENCE + 1);
    replicas.tick();
    assertThat(replicas.heard()).isZero();
    assertThat(pool.picker.inFlight().total()).isZero();

    hear(2, 2, new Sent.Ended(1, false), placed(2, MirroredPool.TWO));
    assertThat(pool.inFlight()).isEqualTo(1);
  }

  @Test
  void nothing_is_left_when_nobody_can_be_heard() {
    hear(1, 1, placed(1, MirroredPool.ONE), placed(2, MirroredPool.TWO));
    replicas.clear();
    assertThat(replicas.heard()).isZero();
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  @Test
  void of_a_batch_that_breaks_off_nothing_stays() {
    hear(1, 1, placed(1, MirroredPool.ONE));
    var broken = batch(1, 2, placed(2, MirroredPool.TWO)).writeByte(9);
    assertThatThrownBy(() -> Batch.read(broken, replicas))
        .isInstanceOf(IllegalArgumentException.class);
    replicas.broken();
    assertThat(pool.picker.inFlight().total()).isZero();
    assertThat(replicas.missed()).isEqualTo(1);

    assertThatThrownBy(() -> Batch.read(Unpooled.buffer().writeInt(1), replicas))
        .isInstanceOf(IllegalArgumentException.class);
    replicas.broken();
    hear(1, 3, placed(4, MirroredPool.ONE));
    assertThat(pool.inFlight()).isEqualTo(1);
  }

  @Test
  void what_is_no_batch_ends_nothing_of_whoever_was_heard_before() {
    hear(1, 1, placed(1, MirroredPool.ONE));

    assertThatThrownBy(() -> Batch.read(Unpooled.buffer().writeInt(1), replicas))
        .isInstanceOf(IllegalArgumentException.class);
    replicas.broken();

    assertThat(pool.inFlight()).isEqualTo(1);
    assertThat(replicas.missed()).isZero();
  }

  @Test
  void what_failed_is_unlearned() {
    hear(1, 1, placed(1, MirroredPool.ONE), new Sent.Ended(1, true));
    assertThat(pool.route(KEYS).cachedTokens()).isZero();
  }

  @Test
  void an_endpoint_that_is_not_known_and_an_id_that_comes_twice_leave_nothing_behind() {
    hear(1, 1, placed(1, new EndpointId("10.0.0.9:8000")), new Sent.FirstToken(1));
    hear(1, 2, new Sent.Ended(1, true));
    assertThat(pool.picker.inFlight().total()).isZero();

    hear(1, 3, placed(2, MirroredPool.ONE), placed(2, MirroredPool.TWO));
    assertThat(pool.inFlight()).isEqualTo(1);
    hear(1, 4, new Sent.Ended(2, false));
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  @Test
  void there_is_a_bound_for_replicas_and_for_what_each_has() {
    for (int replica = 1; replica <= Replicas.MOST + 3; replica++) {
      hear(replica, 1, placed(1, MirroredPool.ONE));
    }
    assertThat(replicas.heard()).isEqualTo(Replicas.MOST);
    assertThat(pool.inFlight()).isEqualTo(Replicas.MOST);

    var many = batch(1, 2);
    var small = new Sent.Placed(0, MirroredPool.TWO, 1, 1, -1, PromptKeys.NONE);
    for (int id = 2; id <= Replicas.MOST_PLACEMENTS + 5; id++) {
      Batch.add(many, new Sent.Placed(id, small.endpoint(), 1, 1, -1, PromptKeys.NONE));
    }
    Batch.read(many, replicas);
    assertThat(pool.picker.inFlight().requests(1)).isEqualTo(Replicas.MOST_PLACEMENTS - 1);
    replicas.clear();
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  private void hear(long replica, int number, Sent... records) {
    Batch.read(batch(replica, number, records), replicas);
  }

  private static ByteBuf batch(long replica, int number, Sent... records) {
    var batch = Unpooled.buffer();
    Batch.begin(batch, replica, number);
    for (var record : records) {
      Batch.add(batch, record);
    }
    return batch;
  }

  private static Sent.Placed placed(long id, EndpointId endpoint) {
    return new Sent.Placed(id, endpoint, 100, 300, -1, KEYS);
  }
}
