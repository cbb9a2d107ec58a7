package io.penstock.picker.assembly;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Conversations over shared system prompts, each turn sent some thinking time after the last
 * answer; beside it, what one infinite cache would have found.
 */
final class Conversations {

  private static final int BLOCK = 16;

  private final SimulatedPool pool;
  private final SplittableRandom random;
  private final int[][] systemPrompts;
  private final int turns;
  private final double thinkSeconds;
  private final Set<Long> infinite = new HashSet<>();
  private long possible;
  private int open;

  Conversations(
      SimulatedPool pool, long seed, int systems, int systemTokens, int turns, double think) {
    this.pool = pool;
    this.random = new SplittableRandom(seed);
    this.turns = turns;
    this.thinkSeconds = think;
    this.systemPrompts = new int[systems][];
    for (int i = 0; i < systems; i++) {
      systemPrompts[i] = words(systemTokens);
    }
  }

  /** Runs that many conversations to their ends, starting within the first seconds. */
  void run(int conversations, double startWithinSeconds) {
    for (int i = 0; i < conversations; i++) {
      int[] system = systemPrompts[i % systemPrompts.length];
      open++;
      later(startWithinSeconds, () -> turn(system, 0));
    }
    pool.runWhile(() -> open > 0);
  }

  /** Tokens that one infinite cache would have found, over all prompts. */
  long possible() {
    return possible;
  }

  private void turn(int[] history, int number) {
    if (number == turns) {
      open--;
      return;
    }
    int[] question = words(40 + random.nextInt(120));
    int[] prompt = Arrays.copyOf(history, history.length + question.length);
    System.arraycopy(question, 0, prompt, history.length, question.length);
    possible += remember(prompt);
    pool.submit(
        prompt,
        30 + random.nextInt(150),
        all -> {
          remember(all);
          later(thinkSeconds, () -> turn(all, number + 1));
        });
  }

  private void later(double meanSeconds, Runnable task) {
    pool.clock.schedule(Math.round(2 * meanSeconds * random.nextDouble() * 1e9), task);
  }

  /** Tokens in leading blocks that were there before. */
  private long remember(int[] tokens) {
    long hash = 7;
    long found = 0;
    boolean leading = true;
    for (int i = 0; i + BLOCK <= tokens.length; i += BLOCK) {
      for (int k = i; k < i + BLOCK; k++) {
        hash = (hash ^ tokens[k]) * 0xBF58476D1CE4E5B9L;
        hash ^= hash >>> 31;
      }
      leading &= !infinite.add(hash);
      found += leading ? BLOCK : 0;
    }
    return found;
  }

  private int[] words(int count) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = 1000 + random.nextInt(30_000);
    }
    return tokens;
  }
}
