package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.objective.ModelRewrite;
import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.objective.RewriteRule;
import io.penstock.picker.objective.RewriteTarget;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.pool.ServedModel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ModelListingTest {

  private PoolSnapshot one = PoolSnapshot.empty("one");
  private PoolRules rules = PoolRules.NONE;
  private PoolSnapshot two = PoolSnapshot.empty("two");
  private final ModelListing listing =
      new ModelListing(
          List.of(
              new ModelListing.Source(() -> one, Set.of(), () -> rules),
              new ModelListing.Source(() -> two, Set.of("b", "c"), () -> PoolRules.NONE)));

  private static Endpoint pod(int slot, boolean terminating, String... models) {
    var spec =
        new EndpointSpec(
            new EndpointId("pod-" + slot),
            "pod-" + slot,
            "10.0.0.1",
            1 + slot,
            Role.BOTH,
            Map.of(),
            terminating);
    return new Endpoint(
        slot,
        spec,
        Stream.of(models)
            .map(id -> new ServedModel(id, "{\"id\":\"" + id + "\",\"root\":" + slot + "}"))
            .toList());
  }

  private String list() {
    return new String(listing.list(), StandardCharsets.UTF_8);
  }

  @Test
  void is_an_empty_list_while_no_pod_has_answered() {
    assertThat(list()).isEqualTo("{\"object\":\"list\",\"data\":[]}");
    assertThat(listing.entry("a")).isNull();
  }

  @Test
  void is_the_union_in_order_with_each_entry_as_its_first_pod_sent_it() {
    one = new PoolSnapshot("one", 1, List.of(pod(0, false, "a", "lora"), pod(1, false, "b", "a")));
    assertThat(list())
        .isEqualTo(
            "{\"object\":\"list\",\"data\":[{\"id\":\"a\",\"root\":0},"
                + "{\"id\":\"lora\",\"root\":0},{\"id\":\"b\",\"root\":1}]}");
    assertThat(new String(listing.entry("lora"), StandardCharsets.UTF_8))
        .isEqualTo("{\"id\":\"lora\",\"root\":0}");
    assertThat(listing.entry("none")).isNull();
    assertThat(listing.ids()).containsExactly("a", "lora", "b");
  }

  @Test
  void follows_the_pools() {
    one = new PoolSnapshot("one", 1, List.of(pod(0, false, "a")));
    var first = listing.list();
    assertThat(listing.list()).isSameAs(first);

    one = new PoolSnapshot("one", 2, List.of(pod(0, true, "a"), pod(1, false, "b")));
    assertThat(listing.ids()).containsExactly("b");

    one = new PoolSnapshot("one", 3, List.of());
    assertThat(listing.ids()).isEmpty();
  }

  @Test
  void of_a_pool_with_names_shows_those_only() {
    two = new PoolSnapshot("two", 1, List.of(pod(0, false, "a", "b", "d")));
    assertThat(listing.ids()).containsExactly("b");
  }

  @Test
  void has_the_names_of_rules_while_a_model_is_there_that_they_stand_for() {
    one = new PoolSnapshot("one", 1, List.of(pod(0, false, "a")));
    assertThat(listing.ids()).containsExactly("a");

    rules =
        PoolRules.of(
            List.of(),
            List.of(
                new ModelRewrite(
                    "r",
                    Instant.EPOCH,
                    List.of(rule("chat", "a"), rule("a", "b"), rule("gone", "c")))));
    assertThat(listing.ids()).containsExactly("a", "chat");
    assertThat(new String(listing.entry("chat"), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"id\":\"chat\",\"object\":\"model\",\"created\":0,\"owned_by\":\"penstock\"}");

    rules = PoolRules.NONE;
    assertThat(listing.ids()).containsExactly("a");
  }

  private static RewriteRule rule(String model, String target) {
    return new RewriteRule(List.of(model), List.of(new RewriteTarget(target, 1)));
  }

  @Test
  void for_a_key_shows_what_it_may_use() {
    one = new PoolSnapshot("one", 1, List.of(pod(0, false, "a", "b")));
    assertThat(new String(listing.list("b"::equals), StandardCharsets.UTF_8))
        .isEqualTo("{\"object\":\"list\",\"data\":[{\"id\":\"b\",\"root\":0}]}");
  }
}
