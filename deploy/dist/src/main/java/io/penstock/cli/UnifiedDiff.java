package io.penstock.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Two texts as {@code diff -u} shows them: by a longest common subsequence of lines, three lines of
 * context. What is common at both ends is set aside first; what is left costs time and memory of
 * one text's lines times the other's, and beyond {@link #MOST_CELLS} it is shown as replaced. Pure
 * functions.
 */
final class UnifiedDiff {

  private static final int CONTEXT = 3;
  private static final long MOST_CELLS = 4_000_000;

  /**
   * A line of the result.
   *
   * @param sign {@code ' '}, {@code '-'} or {@code '+'}
   */
  private record Line(char sign, String text) {}

  private UnifiedDiff() {}

  /**
   * The lines of the difference; none where the texts are equal.
   *
   * @param before lines of the old text, and what it is called
   * @param after lines of the new text, and what it is called
   */
  static List<String> of(
      String beforeName, List<String> before, String afterName, List<String> after) {
    if (before.equals(after)) {
      return List.of();
    }
    List<String> out = new ArrayList<>(List.of("--- " + beforeName, "+++ " + afterName));
    hunks(lines(before, after), out);
    return out;
  }

  private static List<Line> lines(List<String> before, List<String> after) {
    int shorter = Math.min(before.size(), after.size());
    int head = 0;
    while (head < shorter && before.get(head).equals(after.get(head))) {
      head++;
    }
    int tail = 0;
    while (tail < shorter - head
        && before.get(before.size() - 1 - tail).equals(after.get(after.size() - 1 - tail))) {
      tail++;
    }
    List<Line> lines = new ArrayList<>();
    before.subList(0, head).forEach(text -> lines.add(new Line(' ', text)));
    middle(
        before.subList(head, before.size() - tail),
        after.subList(head, after.size() - tail),
        lines);
    before
        .subList(before.size() - tail, before.size())
        .forEach(text -> lines.add(new Line(' ', text)));
    return lines;
  }

  private static void middle(List<String> before, List<String> after, List<Line> lines) {
    if ((long) before.size() * after.size() > MOST_CELLS) {
      before.forEach(text -> lines.add(new Line('-', text)));
      after.forEach(text -> lines.add(new Line('+', text)));
      return;
    }
    int[][] common = common(before, after);
    int i = 0;
    int j = 0;
    while (i < before.size() || j < after.size()) {
      if (i < before.size() && j < after.size() && before.get(i).equals(after.get(j))) {
        lines.add(new Line(' ', before.get(i)));
        i++;
        j++;
      } else if (j == after.size() || (i < before.size() && common[i + 1][j] >= common[i][j + 1])) {
        lines.add(new Line('-', before.get(i)));
        i++;
      } else {
        lines.add(new Line('+', after.get(j)));
        j++;
      }
    }
  }

  /** Length of the longest common subsequence of what begins at each pair of lines. */
  private static int[][] common(List<String> before, List<String> after) {
    int[][] common = new int[before.size() + 1][after.size() + 1];
    for (int i = before.size() - 1; i >= 0; i--) {
      for (int j = after.size() - 1; j >= 0; j--) {
        common[i][j] =
            before.get(i).equals(after.get(j))
                ? common[i + 1][j + 1] + 1
                : Math.max(common[i + 1][j], common[i][j + 1]);
      }
    }
    return common;
  }

  /** Changes with their context; those whose contexts meet are one hunk. */
  private static void hunks(List<Line> lines, List<String> out) {
    int oldLine = 1;
    int newLine = 1;
    int at = 0;
    while (at < lines.size()) {
      int first = nextChange(lines, at);
      if (first == lines.size()) {
        return;
      }
      int begin = Math.max(at, first - CONTEXT);
      int end = end(lines, first);
      // All that is passed over is common to both.
      oldLine += begin - at;
      newLine += begin - at;
      var hunk = lines.subList(begin, end);
      int olds = (int) hunk.stream().filter(line -> line.sign() != '+').count();
      int news = (int) hunk.stream().filter(line -> line.sign() != '-').count();
      out.add("@@ -%s +%s @@".formatted(range(oldLine, olds), range(newLine, news)));
      hunk.forEach(line -> out.add(line.sign() + line.text()));
      oldLine += olds;
      newLine += news;
      at = end;
    }
  }

  private static int nextChange(List<Line> lines, int from) {
    int at = from;
    while (at < lines.size() && lines.get(at).sign() == ' ') {
      at++;
    }
    return at;
  }

  /** Where the hunk ends that has a change at that line. */
  private static int end(List<Line> lines, int change) {
    int last = change;
    int next = change;
    while (next < lines.size() && next - last <= 2 * CONTEXT + 1) {
      last = next;
      next = nextChange(lines, next + 1);
    }
    return Math.min(lines.size(), last + 1 + CONTEXT);
  }

  /** As in {@code 3,7}; an empty range begins at the line before it. */
  private static String range(int line, int count) {
    return count == 1 ? Integer.toString(line) : (count == 0 ? line - 1 : line) + "," + count;
  }
}
