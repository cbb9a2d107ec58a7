package io.penstock.picker.flow;

import java.util.List;

/**
 * What the flows of a band have had, where that decides whose turn it is: {@link
 * Fairness.ProgramAware}. Immutable.
 *
 * @param programs those that had something last
 */
public record ProgramService(int priority, List<Program> programs) {

  /**
   * One flow.
   *
   * @param meanWaitNanos of its requests that went on
   * @param tokens of its service as they count now: those of prompts, and twice those generated
   */
  public record Program(String flow, double meanWaitNanos, double tokens) {}

  /** Copies the list. */
  public ProgramService {
    programs = List.copyOf(programs);
  }

  /** Jain's index of fairness over the service: 1 where all had the same, 1/n where one had all. */
  public double jainsIndex() {
    double sum = 0;
    double squares = 0;
    for (var each : programs) {
      sum += each.tokens();
      squares += each.tokens() * each.tokens();
    }
    return squares == 0 ? 1 : sum * sum / (programs.size() * squares);
  }
}
