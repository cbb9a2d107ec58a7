package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UnifiedDiffTest {

  @Test
  void equal_texts_have_none() {
    assertThat(UnifiedDiff.of("a", List.of("x"), "b", List.of("x"))).isEmpty();
  }

  @Test
  void a_change_is_shown_with_three_lines_around_it() {
    var before = numbers(1, 20);
    List<String> after = new ArrayList<>(before);
    after.set(9, "ten");

    assertThat(UnifiedDiff.of("old", before, "new", after))
        .containsExactly(
            "--- old",
            "+++ new",
            "@@ -7,7 +7,7 @@",
            " 7",
            " 8",
            " 9",
            "-10",
            "+ten",
            " 11",
            " 12",
            " 13");
  }

  @Test
  void what_comes_and_goes_whole_begins_at_line_zero() {
    assertThat(UnifiedDiff.of("/dev/null", List.of(), "new", List.of("x", "y")))
        .containsExactly("--- /dev/null", "+++ new", "@@ -0,0 +1,2 @@", "+x", "+y");
    assertThat(UnifiedDiff.of("old", List.of("x"), "/dev/null", List.of()))
        .containsExactly("--- old", "+++ /dev/null", "@@ -1 +0,0 @@", "-x");
  }

  @Test
  void changes_that_are_near_share_a_hunk_and_others_do_not() {
    var before = numbers(1, 40);
    List<String> near = new ArrayList<>(before);
    near.set(9, "a");
    near.set(16, "b");
    assertThat(hunks(UnifiedDiff.of("o", before, "n", near))).containsExactly("@@ -7,14 +7,14 @@");

    List<String> far = new ArrayList<>(before);
    far.set(9, "a");
    far.remove(17);
    assertThat(hunks(UnifiedDiff.of("o", before, "n", far)))
        .containsExactly("@@ -7,7 +7,7 @@", "@@ -15,7 +15,6 @@");
  }

  @Test
  void applied_to_the_old_text_it_gives_the_new_one() {
    for (int seed = 0; seed < 2_000; seed++) {
      var random = new SplittableRandom(seed);
      var before = words(random);
      var after = words(random);
      assertThat(apply(before, UnifiedDiff.of("o", before, "n", after)))
          .as("seed " + seed)
          .isEqualTo(after);
    }
  }

  @Test
  void long_texts_that_share_little_are_shown_as_replaced() {
    var before = numbers(1, 3_000);
    var after = numbers(10_001, 13_000);

    var diff = UnifiedDiff.of("o", before, "n", after);

    assertThat(diff).hasSize(3 + 6_000);
    assertThat(apply(before, diff)).isEqualTo(after);
  }

  private static List<String> apply(List<String> before, List<String> diff) {
    List<String> after = new ArrayList<>();
    int at = 0;
    for (var line : diff.subList(Math.min(2, diff.size()), diff.size())) {
      if (line.startsWith("@@")) {
        var old = line.split(" ", -1)[1].substring(1).split(",", -1);
        int begin = Integer.parseInt(old[0]) - (old.length == 2 && old[1].equals("0") ? 0 : 1);
        while (at < begin) {
          after.add(before.get(at++));
        }
        continue;
      }
      if (line.charAt(0) != '+') {
        assertThat(before.get(at++)).isEqualTo(line.substring(1));
      }
      if (line.charAt(0) != '-') {
        after.add(line.substring(1));
      }
    }
    after.addAll(before.subList(at, before.size()));
    return after;
  }

  private static List<String> words(SplittableRandom random) {
    return IntStream.range(0, random.nextInt(30))
        .mapToObj(i -> Integer.toString(random.nextInt(6)))
        .toList();
  }

  private static List<String> numbers(int first, int last) {
    return IntStream.rangeClosed(first, last).mapToObj(Integer::toString).toList();
  }

  private static List<String> hunks(List<String> diff) {
    return diff.stream().filter(line -> line.startsWith("@@")).toList();
  }
}
