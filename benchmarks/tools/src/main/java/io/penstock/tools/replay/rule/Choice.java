package io.penstock.tools.replay.rule;

import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.random.RandomGenerator;

/** Least and greatest of a score over pods, ties at random. Stateless. */
final class Choice {

  private Choice() {}

  static int least(List<Integer> pods, IntToDoubleFunction score, RandomGenerator random) {
    return greatest(pods, pod -> -score.applyAsDouble(pod), random);
  }

  static int greatest(List<Integer> pods, IntToDoubleFunction score, RandomGenerator random) {
    int chosen = -1;
    double best = 0;
    int equal = 0;
    for (int pod : pods) {
      double value = score.applyAsDouble(pod);
      if (chosen < 0 || value > best) {
        chosen = pod;
        best = value;
        equal = 1;
      } else if (value == best && random.nextInt(++equal) == 0) {
        chosen = pod;
      }
    }
    return chosen;
  }
}
