package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.penstock.picker.schedule.Decision;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Whom a picker with a configuration of llm-d's picks, through everything that is before and behind
 * its plugins, is whom llm-d's formulas say. Each situation of {@code llm-d-situations.yaml} has
 * its derivation beside it.
 */
class LlmdSituationsTest {

  private static final int TRIES = 60;

  private static List<?> situations() {
    try (var in =
        Objects.requireNonNull(
            LlmdSituationsTest.class.getResourceAsStream("llm-d-situations.yaml"))) {
      return (List<?>) new Load(LoadSettings.builder().build()).loadFromInputStream(in);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @TestFactory
  Stream<DynamicTest> every_situation_has_the_pick_that_was_derived() {
    return situations().stream()
        .map(each -> (Map<?, ?>) each)
        .map(each -> dynamicTest((String) each.get("name"), () -> check(each)));
  }

  @Test
  void there_are_enough_of_them_and_each_says_why() {
    assertThat(situations()).hasSizeGreaterThanOrEqualTo(60);
    assertThat(situations())
        .allSatisfy(each -> assertThat((String) ((Map<?, ?>) each).get("because")).isNotBlank());
  }

  private static void check(Map<?, ?> situation) {
    var pool = new LlmdSituation(situation);
    if (situation.containsKey("none")) {
      assertThat(pool.decide())
          .isEqualTo(
              new Decision.NoEndpoint(Decision.Reason.valueOf((String) situation.get("none"))));
      return;
    }
    if (situation.containsKey("decode")) {
      for (int i = 0; i < TRIES; i++) {
        var divided = (Decision.Disaggregated) pool.decide();
        assertThat(divided.decode().endpoint().slot()).isEqualTo(situation.get("decode"));
        assertThat(divided.prefill().slot()).isEqualTo(situation.get("prefill"));
      }
    } else if (situation.containsKey("turns")) {
      for (var turn : (List<?>) situation.get("turns")) {
        assertThat(pool.pick()).isEqualTo(turn);
      }
    } else {
      Set<Integer> picked = new TreeSet<>();
      for (int i = 0; i < TRIES; i++) {
        picked.add(pool.pick());
      }
      switch (situation.get("picks")) {
        case List<?> any -> assertThat(List.copyOf(picked)).isEqualTo(any);
        case Integer one -> assertThat(picked).containsExactly(one);
        default -> assertThat(picked).hasSize(1);
      }
    }
    if (situation.get("scores") instanceof List<?> scores) {
      checkScores(scores, pool.scores());
    }
  }

  /** A score that is none stands for an endpoint that is no candidate. */
  private static void checkScores(List<?> expected, double[] scores) {
    for (int slot = 0; slot < expected.size(); slot++) {
      if (expected.get(slot) instanceof Number number) {
        assertThat(scores[slot])
            .as("score of %d", slot)
            .isEqualTo(number.doubleValue(), within(1e-6));
      } else {
        assertThat(scores[slot]).as("score of %d", slot).isNaN();
      }
    }
  }
}
