package io.penstock.picker.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoolRulesTest {

  private static final Instant OLD = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant NEW = Instant.parse("2026-02-01T00:00:00Z");

  @Nested
  class Priorities {

    @ParameterizedTest
    @CsvSource(
        nullValues = "null",
        textBlock =
            """
            batch,    -10
            critical, 100
            plain,    0
            unknown,  0
            null,     0
            """)
    void are_those_of_the_objective_that_a_request_names(String name, int expected) {
      var rules =
          PoolRules.of(
              List.of(
                  new Objective("batch", -10),
                  new Objective("critical", 100),
                  new Objective("plain", 0)),
              List.of());

      assertThat(rules.priority(name)).isEqualTo(expected);
      assertThat(PoolRules.NONE.priority(name)).isZero();
    }

    @Test
    void of_one_name_are_those_of_the_first() {
      var rules = PoolRules.of(List.of(new Objective("a", 1), new Objective("a", 2)), List.of());

      assertThat(rules.priority("a")).isEqualTo(1);
    }
  }

  @Nested
  class Precedence {

    @Test
    void a_rule_for_the_model_goes_before_one_for_every_model_however_old_that_is() {
      var rules =
          PoolRules.of(
              List.of(),
              List.of(
                  rewrite("every", OLD, rule(to("base"))),
                  rewrite("chat", NEW, rule(to("tuned"), "chat"))));

      assertThat(models(rules, "chat")).containsExactly("tuned");
      assertThat(models(rules, "other")).containsExactly("base");
      assertThat(rules.namedModels()).containsExactly("chat");
    }

    @Test
    void of_two_that_match_alike_the_older_rewrite_goes_first_whatever_their_order() {
      var older = rewrite("z", OLD, rule(to("old"), "chat"), rule(to("old-base")));
      var newer = rewrite("a", NEW, rule(to("new"), "chat"), rule(to("new-base")));

      for (var order : List.of(List.of(older, newer), List.of(newer, older))) {
        var rules = PoolRules.of(List.of(), order);
        assertThat(models(rules, "chat")).containsExactly("old");
        assertThat(models(rules, "else")).containsExactly("old-base");
        assertThat(rules.targets("chat").rewrite()).isEqualTo("z");
      }
    }

    @Test
    void of_the_same_age_the_name_decides_and_within_one_the_order_of_its_rules() {
      var rules =
          PoolRules.of(
              List.of(),
              List.of(
                  rewrite("b", OLD, rule(to("of-b"), "chat")),
                  rewrite("a", OLD, rule(to("first"), "x", "chat"), rule(to("second"), "chat"))));

      assertThat(models(rules, "chat")).containsExactly("first");
    }

    @Test
    void without_a_rule_nothing_is_changed() {
      var rules = PoolRules.of(List.of(), List.of(rewrite("a", OLD, rule(to("tuned"), "chat"))));

      assertThat(rules.targets("other")).isNull();
      assertThat(PoolRules.NONE.targets("chat")).isNull();
    }
  }

  @Nested
  class Targets {

    @Test
    void get_requests_in_proportion_to_their_weights() {
      var counts =
          chosen(new RewriteTarget("a", 1), new RewriteTarget("b", 3), new RewriteTarget("c", 6));

      assertThat(counts.get("a")).isBetween(900, 1_100);
      assertThat(counts.get("b")).isBetween(2_850, 3_150);
      assertThat(counts.get("c")).isBetween(5_850, 6_150);
    }

    @Test
    void without_weights_get_the_same() {
      var counts = chosen(to("a"), to("b"), to("c"), to("d"));

      assertThat(counts.values()).hasSize(4).allMatch(count -> count > 2_350 && count < 2_650);
    }

    @Test
    void without_a_weight_beside_some_with_one_get_nothing() {
      var mixed = new RewriteRule(List.of(), List.of(to("a"), new RewriteTarget("b", 5)));

      assertThat(mixed.mixesWeights()).isTrue();
      assertThat(chosen(to("a"), new RewriteTarget("b", 5))).containsOnlyKeys("b");
    }

    @Test
    void of_a_request_for_one_endpoint_are_shared_out_among_those_that_it_serves() {
      var targets =
          new RewriteTarget[] {
            new RewriteTarget("a", 1), new RewriteTarget("b", 3), new RewriteTarget("c", 6)
          };

      var two = chosen(model -> !model.equals("b"), targets);
      assertThat(two).containsOnlyKeys("a", "c");
      assertThat(two.get("a")).isBetween(1_330, 1_530);
      assertThat(chosen("b"::equals, targets)).isEqualTo(Map.of("b", 10_000));
      var none = chosen(model -> false, targets);
      assertThat(none).containsOnlyKeys("a", "b", "c");
      assertThat(none.get("c")).isBetween(5_850, 6_150);
    }

    @Test
    void have_bounds_that_are_named() {
      assertThatThrownBy(() -> new RewriteTarget("a", 1_000_001))
          .hasMessage("the weight of target a is 1000001, allowed: 1 to 1000000");
      assertThatThrownBy(() -> new RewriteTarget("", 1)).hasMessage("a target names no model");
      assertThatThrownBy(() -> new RewriteRule(List.of("a"), List.of()))
          .hasMessage("a rule has no targets");
    }

    private static Map<String, Integer> chosen(Predicate<String> served, RewriteTarget... targets) {
      var rules = PoolRules.of(List.of(), List.of(rewrite("r", OLD, rule(targets))));
      var random = new SplittableRandom(5);
      Map<String, Integer> counts = new HashMap<>();
      for (int i = 0; i < 10_000; i++) {
        counts.merge(rules.targets("any").choose(random, served), 1, Integer::sum);
      }
      return counts;
    }

    private static Map<String, Integer> chosen(RewriteTarget... targets) {
      var rules = PoolRules.of(List.of(), List.of(rewrite("r", OLD, rule(targets))));
      var random = new SplittableRandom(5);
      Map<String, Integer> counts = new HashMap<>();
      for (int i = 0; i < 10_000; i++) {
        counts.merge(rules.targets("any").choose(random), 1, Integer::sum);
      }
      return counts;
    }
  }

  private static ModelRewrite rewrite(String name, Instant created, RewriteRule... rules) {
    return new ModelRewrite(name, created, List.of(rules));
  }

  private static RewriteRule rule(RewriteTarget target, String... models) {
    return new RewriteRule(List.of(models), List.of(target));
  }

  private static RewriteRule rule(RewriteTarget[] targets) {
    return new RewriteRule(List.of(), Arrays.asList(targets));
  }

  private static RewriteTarget to(String model) {
    return new RewriteTarget(model, RewriteTarget.NO_WEIGHT);
  }

  private static List<String> models(PoolRules rules, String model) {
    return rules.targets(model).models();
  }
}
