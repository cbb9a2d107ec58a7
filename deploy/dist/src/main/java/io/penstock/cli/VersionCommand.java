package io.penstock.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code penstock version}: build facts. */
@Command(
    name = "version",
    description = "Prints what was built and what runs it.",
    mixinStandardHelpOptions = true)
final class VersionCommand implements Callable<Integer> {

  @Option(names = "--json", description = "as one JSON object")
  private boolean json;

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    if (json) {
      out.printf("{\"version\":\"%s\",\"java\":\"%s\"}%n", BuildFacts.version(), Runtime.version());
    } else {
      for (String line : new BuildFacts().getVersion()) {
        out.println(line);
      }
    }
    out.flush();
    return 0;
  }
}
