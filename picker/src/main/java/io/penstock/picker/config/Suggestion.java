package io.penstock.picker.config;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds what a person probably meant to type. Pure functions. */
public final class Suggestion {

  /** Letters of the longest text that is compared with names: it takes the square of them. */
  private static final int LONGEST = 200;

  private Suggestion() {}

  /** {@code ; did you mean x?}, or nothing when no name is near. */
  public static String didYouMean(String typed, Collection<String> known) {
    var nearest = nearest(typed, known);
    return nearest == null ? "" : "; did you mean " + nearest + "?";
  }

  /** The known name with the fewest edits, at most a third of its letters; case is no edit. */
  static @Nullable String nearest(String typed, Collection<String> known) {
    @Nullable String best = null;
    int fewest = Integer.MAX_VALUE;
    for (var name : known) {
      int most = Math.max(1, name.length() / 3);
      if (typed.length() > LONGEST || Math.abs(typed.length() - name.length()) > most) {
        continue; // a difference in length alone is so many edits
      }
      int edits = edits(typed.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
      if (edits < fewest && edits <= most) {
        best = name;
        fewest = edits;
      }
    }
    return best;
  }

  /** Insertions, deletions, substitutions and swaps of neighbours between two words. */
  private static int edits(String a, String b) {
    var table = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          table[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int edits =
            Math.min(
                table[i - 1][j - 1] + (same ? 0 : 1),
                Math.min(table[i - 1][j], table[i][j - 1]) + 1);
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        table[i][j] = swapped ? Math.min(edits, table[i - 2][j - 2] + 1) : edits;
      }
    }
    return table[a.length()][b.length()];
  }
}
