package io.penstock.controller.preset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The same names that KServe gives, to the letter. */
class ChildNameTest {

  @Test
  void is_parent_and_suffix_where_both_fit() {
    assertThat(ChildName.of("qwen", "-kserve")).isEqualTo("qwen-kserve");
    var parent = "a".repeat(56);
    assertThat(ChildName.of(parent, "-kserve")).isEqualTo(parent + "-kserve");
  }

  @Test
  void is_cut_around_a_sum_of_the_parent_where_they_do_not() {
    // printf %s aaaa… | md5sum
    assertThat(ChildName.of("a".repeat(57), "-kserve"))
        .isEqualTo("a".repeat(24) + "652b906d60af96844ebd21b674f35e93-kserve");
  }

  @Test
  void has_as_much_of_a_long_suffix_as_fits_and_ends_in_a_letter_or_digit() {
    var name = ChildName.of("b".repeat(60), "-a-very-long-suffix-of-a-child--");
    assertThat(name).startsWith("b".repeat(31)).hasSize(31 + 32);
    var cut = ChildName.of("b".repeat(20), "-".repeat(31) + "x".repeat(20));
    assertThat(cut).matches("b{20}[0-9a-f]{32}");
  }

  @Test
  void is_never_longer_than_a_label_and_differs_where_parents_do() {
    var random = new SplittableRandom(7);
    for (int i = 0; i < 2_000; i++) {
      var parent = "p".repeat(random.nextInt(1, 120)) + i;
      var suffix = "-" + "s".repeat(random.nextInt(1, 60));
      assertThat(ChildName.of(parent, suffix)).hasSizeLessThanOrEqualTo(63);
      assertThat(ChildName.of(parent, suffix)).isNotEqualTo(ChildName.of(parent + "x", suffix));
    }
  }
}
