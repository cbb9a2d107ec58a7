package io.penstock.controller.api;

import java.util.Collection;
import java.util.Locale;

/** What somebody probably meant to write. Pure functions. */
final class Nearest {

  private Nearest() {}

  /** {@code ; did you mean x?}, or nothing where no word is near: a third of it may differ. */
  static String hint(String written, Collection<String> known) {
    String best = "";
    int fewest = Integer.MAX_VALUE;
    for (var word : known) {
      int edits = edits(written.toLowerCase(Locale.ROOT), word.toLowerCase(Locale.ROOT));
      if (edits < fewest && edits <= Math.max(1, word.length() / 3)) {
        best = word;
        fewest = edits;
      }
    }
    return best.isEmpty() ? "" : "; did you mean " + best + "?";
  }

  /** Insertions, deletions, substitutions and swaps of neighbours between two words. */
  private static int edits(String a, String b) {
    int[][] table = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        table[i][j] = i == 0 || j == 0 ? i + j : fewest(table, a, i, b, j);
      }
    }
    return table[a.length()][b.length()];
  }

  private static int fewest(int[][] table, String a, int i, String b, int j) {
    int kept = table[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
    int edits = Math.min(kept, Math.min(table[i - 1][j], table[i][j - 1]) + 1);
    boolean swapped =
        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    return swapped ? Math.min(edits, table[i - 2][j - 2] + 1) : edits;
  }
}
