package io.penstock.tools.replay.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Generates requests that share long prefixes: each request is the prefix of one of {@link #groups}
 * groups and a question of its own. Poisson arrivals; question and output lengths are exponential.
 *
 * @param name for people
 * @param groups number of prefixes
 * @param skew exponent s of the groups' popularity, the k-th being asked for in proportion to
 *     {@code 1/k^s}; 0: all alike
 * @param prefixTokens length of each prefix, whole blocks of 512
 * @param questionTokens mean length of what follows it
 * @param outputTokens mean length of the answer
 * @param perSecond requests per second
 */
public record PrefixWorkload(
    String name,
    int groups,
    double skew,
    int prefixTokens,
    int questionTokens,
    int outputTokens,
    double perSecond) {

  /** Names of {@link #named}. */
  public static final List<String> NAMES = List.of("shared-prefix", "zipf", "long-prompts");

  private static final int MOST_TIMES_MEAN = 4;

  /** Checks the bounds. */
  public PrefixWorkload {
    if (groups < 1
        || prefixTokens < 0
        || prefixTokens % TraceRequest.BLOCK_TOKENS != 0
        || questionTokens < 1
        || outputTokens < 1
        || !(perSecond > 0)
        || !(skew >= 0)) {
      throw new IllegalArgumentException("a workload out of range: " + name);
    }
  }

  /**
   * A workload by its name: {@code shared-prefix}, 150 groups of a 6,144-token prefix, all alike
   * (as in llm-d's published comparison); {@code zipf}, 1,000 groups with popularity 1/k, so that
   * one prefix in seven requests is the same; {@code long-prompts}, prompts of 8,000 tokens that
   * share the first 512 only, and answers of 200.
   *
   * @throws IllegalArgumentException for another name
   */
  public static PrefixWorkload named(String name, double perSecond) {
    return switch (name) {
      case "shared-prefix" -> new PrefixWorkload(name, 150, 0, 6_144, 1_200, 300, perSecond);
      case "zipf" -> new PrefixWorkload(name, 1_000, 1, 6_144, 1_200, 300, perSecond);
      case "long-prompts" -> new PrefixWorkload(name, 1, 0, 512, 7_488, 200, perSecond);
      default -> throw new IllegalArgumentException("no workload is called " + name);
    };
  }

  /** That many requests; the same for the same seed. */
  public Trace generate(int requests, long seed) {
    var random = new SplittableRandom(seed);
    double[] cumulative = popularity();
    int prefixBlocks = prefixTokens / TraceRequest.BLOCK_TOKENS;
    int nextId = groups * prefixBlocks;
    double seconds = 0;
    List<TraceRequest> made = new ArrayList<>();
    for (int number = 0; number < requests; number++) {
      seconds -= Math.log(1 - random.nextDouble()) / perSecond;
      int group = group(cumulative, random.nextDouble());
      int tokens = prefixTokens + length(questionTokens, random);
      int[] blocks = new int[Math.ceilDiv(tokens, TraceRequest.BLOCK_TOKENS)];
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = i < prefixBlocks ? group * prefixBlocks + i : nextId++;
      }
      made.add(
          new TraceRequest(
              number, Math.round(seconds * 1e9), tokens, length(outputTokens, random), blocks));
    }
    return new Trace(name, made);
  }

  private double[] popularity() {
    double[] cumulative = new double[groups];
    double sum = 0;
    for (int k = 0; k < groups; k++) {
      sum += Math.pow(k + 1, -skew);
      cumulative[k] = sum;
    }
    for (int k = 0; k < groups; k++) {
      cumulative[k] /= sum;
    }
    return cumulative;
  }

  private static int group(double[] cumulative, double draw) {
    int group = 0;
    while (group < cumulative.length - 1 && cumulative[group] <= draw) {
      group++;
    }
    return group;
  }

  /** Exponential around the mean, 1 to four times the mean. */
  private static int length(int mean, SplittableRandom random) {
    double drawn = -Math.log(1 - random.nextDouble()) * mean;
    return (int) Math.clamp(Math.round(drawn), 1, (long) MOST_TIMES_MEAN * mean);
  }
}
