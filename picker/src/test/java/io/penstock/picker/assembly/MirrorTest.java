package io.penstock.picker.assembly;

import static io.penstock.picker.assembly.TestPool.keys;
import static io.penstock.picker.assembly.TestPool.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two replicas of one pool, of which the first tells the second at once what it places. */
class MirrorTest {

  private static final int ENDPOINTS = 4;

  private Mirror mirror;
  private final TestPool first = new TestPool(ENDPOINTS, this::tell);
  private final TestPool second = new TestPool(ENDPOINTS, PlacementFeed.NONE);
  private final List<Endpoint> told = new ArrayList<>();

  @BeforeEach
  void listen() {
    mirror = second.picker.mirror();
  }

  private PlacementFeed.Told tell(
      Endpoint endpoint, int uncached, int context, int handOver, PromptKeys keys) {
    told.add(endpoint);
    var heard = mirror.placed(endpoint.id(), uncached, context, handOver, keys);
    return Objects.requireNonNullElse(heard, PlacementFeed.Told.NOBODY);
  }

  @Test
  void what_one_replica_has_sent_the_other_finds_cached() {
    for (int family = 1; family <= 20; family++) {
      var sent = first.place(prompt(family, 40), first.route(prompt(family, 40)));
      sent.completed(-1, -1, -1, first.now);

      var found = second.route(prompt(family, 41));
      assertThat(found.endpoint().id()).isEqualTo(sent.endpoint().id());
      assertThat(found.cachedTokens()).isEqualTo(40 * 64);
    }
    assertThat(told).hasSize(20);
  }

  @Test
  void what_one_replica_has_in_flight_counts_at_the_other_until_it_ends() {
    var sent = first.place(prompt(1, 30), first.route(prompt(1, 30)));
    int slot = slotInSecond(sent);
    var inFlight = second.picker.inFlight();
    assertThat(inFlight.requests(slot)).isEqualTo(1);
    assertThat(inFlight.pendingPrefillTokens(slot)).isEqualTo(30 * 64);
    assertThat(inFlight.fromHere().total()).isZero();

    sent.firstByte(first.now);
    assertThat(inFlight.pendingPrefillTokens(slot)).isZero();
    assertThat(inFlight.decoding(slot)).isEqualTo(1);

    sent.completed(-1, -1, -1, first.now);
    assertThat(inFlight.total()).isZero();
  }

  @Test
  void another_replicas_prefill_sends_the_next_prompt_elsewhere() {
    var busy = first.place(prompt(1, 200), first.route(prompt(1, 200)));

    for (int family = 2; family < 30; family++) {
      assertThat(second.route(prompt(family, 40)).endpoint().id())
          .isNotEqualTo(busy.endpoint().id());
    }
  }

  @Test
  void what_the_others_route_is_load_of_the_pool() {
    var own = prompt(1, 100);
    second.place(own, second.route(own)).completed(-1, -1, -1, second.now);
    second.pass(100);
    second.pass(100);
    double before = second.picker.costs().load();

    for (int family = 2; family < 6; family++) {
      first.place(prompt(family, 100), first.route(prompt(family, 100)));
    }
    second.pass(100);

    assertThat(second.picker.costs().load()).isGreaterThan(2 * before).isPositive();
  }

  @Test
  void what_fails_before_its_first_byte_is_unlearned_at_both() {
    var failing = first.place(prompt(1, 30), first.route(prompt(1, 30)));
    failing.failed(FailureKind.RESET, first.now);

    assertThat(first.route(prompt(1, 31)).cachedTokens()).isZero();
    assertThat(second.route(prompt(1, 31)).cachedTokens()).isZero();
    assertThat(second.picker.inFlight().total()).isZero();
  }

  @Test
  void what_a_pod_has_refused_counts_in_the_load_of_neither() {
    second.pass(100);
    second.place(prompt(1, 40), second.route(prompt(1, 40))).unmeasured(second.now);
    second.pass(100);
    double load = second.picker.costs().load();

    var tooLong =
        InferenceRequest.builder(ApiKind.CHAT, TestPool.MODEL).promptBytes(4_000_000).build();
    first.place(tooLong, first.route(tooLong)).failed(FailureKind.REJECTED, first.now);
    second.pass(100);

    assertThat(second.picker.costs().load()).isPositive().isLessThan(load);
  }

  @Test
  void a_client_that_leaves_late_leaves_the_prefix_at_both() {
    var late = first.place(prompt(1, 30), first.route(prompt(1, 30)));
    late.aborted(first.now + late.predictedTtftNanos());

    assertThat(second.route(prompt(1, 31)).cachedTokens()).isEqualTo(30 * 64);
    assertThat(second.picker.inFlight().total()).isZero();
  }

  @Test
  void an_endpoint_that_has_come_and_gone_since_is_looked_up_anew() {
    var unknown = new EndpointId("10.0.0.200:8000");
    assertThat(mirror.placed(unknown, 1, 1, -1, PromptKeys.NONE)).isNull();
    var leaving = second.picker.snapshot().endpoints().getFirst();
    var before = mirror.placed(leaving.id(), 10, 20, -1, keys(1, 3));
    assertThat(before).isNotNull();

    second.remove(leaving);
    assertThat(mirror.placed(leaving.id(), 10, 20, -1, keys(1, 3))).isNull();
    before.firstToken();
    before.ended();
    second.pass(200);

    assertThat(second.picker.inFlight().total()).isZero();
    second.add(1);
    var again = mirror.placed(leaving.id(), 10, 20, -1, PromptKeys.NONE);
    assertThat(again).isNotNull();
    again.ended();
    assertThat(second.picker.inFlight().total()).isZero();
  }

  @Test
  void a_picker_that_is_alone_has_no_mirror() {
    assertThat(new TestPool(1, 1).picker.mirror()).isNull();
  }

  private int slotInSecond(Placement placement) {
    return second.picker.snapshot().endpoints().stream()
        .filter(endpoint -> endpoint.id().equals(placement.endpoint().id()))
        .findFirst()
        .orElseThrow()
        .slot();
  }
}
