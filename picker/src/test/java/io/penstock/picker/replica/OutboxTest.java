package io.penstock.picker.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.assembly.PlacementFeed;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import io.penstock.picker.request.PromptKeys;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutboxTest {

  private static final Endpoint POD =
      new Endpoint(0, EndpointSpec.of("10.0.0.1", 8000, Role.BOTH), List.of());

  private int calls;
  private final Outbox outbox = new Outbox(() -> calls++);

  @Test
  void each_step_of_a_placement_is_told_in_order_under_one_id() {
    outbox.open(true);
    assertThat(outbox.lost()).isFalse();
    var one = place();
    var other = place();
    one.firstToken();
    other.unlearned();
    other.ended();
    one.ended();

    assertThat(taken())
        .containsExactly(
            new Sent.Placed(1, POD.id(), 10, 20, -1, PromptKeys.NONE),
            new Sent.Placed(2, POD.id(), 10, 20, -1, PromptKeys.NONE),
            new Sent.FirstToken(1),
            new Sent.Ended(2, true),
            new Sent.Ended(1, false));
    assertThat(outbox.dropped()).isZero();
  }

  @Test
  void it_calls_once_for_all_that_comes_before_it_is_taken() {
    outbox.open(true);
    place();
    place();
    assertThat(calls).isEqualTo(1);

    outbox.lost();
    taken();
    place();
    assertThat(calls).isEqualTo(2);
  }

  @Test
  void nothing_is_kept_while_nobody_takes_it() {
    var told = place();
    outbox.open(true);
    told.ended();

    assertThat(outbox.lost()).as("something is missing").isTrue();
    assertThat(taken()).isEmpty();
    assertThat(outbox.dropped()).isEqualTo(2);
    assertThat(outbox.lost()).isFalse();
  }

  @Test
  void what_is_there_when_something_is_dropped_is_dropped_too_so_that_nothing_is_half_told() {
    outbox.open(true);
    assertThat(outbox.lost()).isFalse();
    List<PlacementFeed.Told> told = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      told.add(place());
    }
    long dropped = outbox.dropped();
    assertThat(dropped).isEqualTo(20_000 - 16_384);

    assertThat(outbox.lost()).isTrue();
    assertThat(outbox.poll()).isNull();
    assertThat(outbox.dropped()).isEqualTo(20_000);

    told.forEach(PlacementFeed.Told::firstToken);
    assertThat(outbox.poll()).isEqualTo(new Sent.FirstToken(1));
  }

  private PlacementFeed.Told place() {
    return outbox.placed(POD, 10, 20, -1, PromptKeys.NONE);
  }

  private List<Sent> taken() {
    List<Sent> taken = new ArrayList<>();
    for (var record = outbox.poll(); record != null; record = outbox.poll()) {
      taken.add(record);
    }
    return taken;
  }
}
