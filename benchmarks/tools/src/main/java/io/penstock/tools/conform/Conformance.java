package io.penstock.tools.conform;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Examines a picker, requirement by requirement. Stateless. */
public final class Conformance {

  private Conformance() {}

  /**
   * Examines every requirement, in order. Each takes a few timeouts at most.
   *
   * @param each told of every result as it comes
   * @throws IOException if the CA file cannot be read
   * @throws InterruptedException if the thread is told to stop
   */
  public static ConformReport run(ConformOptions options, Consumer<ConformReport.Result> each)
      throws IOException, InterruptedException {
    Set<String> unmet = new HashSet<>();
    List<ConformReport.Result> results = new ArrayList<>();
    try (var gateway = new Gateway(options)) {
      for (var requirement : Requirements.ALL) {
        var missing = requirement.needs().stream().filter(unmet::contains).findFirst();
        var verdict =
            missing.isPresent()
                ? new Verdict.Skipped("cannot be told without " + missing.get())
                : requirement.check().examine(gateway);
        if (missing.isPresent() || verdict instanceof Verdict.Failed) {
          unmet.add(requirement.id());
        }
        var result = new ConformReport.Result(requirement, verdict);
        results.add(result);
        each.accept(result);
      }
    }
    return new ConformReport(options.target().toString(), results);
  }
}
