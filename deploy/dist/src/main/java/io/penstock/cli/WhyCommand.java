package io.penstock.cli;

import io.penstock.controller.app.Explanation;
import io.penstock.controller.app.Services;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock why NAME}: from a service that is not ready to what holds it up. */
@Command(
    name = "why",
    description =
        "Says why an LLMInferenceService is not ready: its conditions as a tree, and the cause."
            + " Status 0 when it is ready, 1 when it is not.",
    mixinStandardHelpOptions = true,
    versionProvider = BuildFacts.class)
final class WhyCommand implements Callable<Integer> {

  @Parameters(paramLabel = "NAME", description = "name of the LLMInferenceService")
  private String name = "";

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      description = "its namespace (default: that of the kubeconfig)")
  private @Nullable String namespace;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    try (var services = new Services()) {
      var service = services.find(namespace, name);
      if (service.isEmpty()) {
        spec.commandLine()
            .getErr()
            .println("penstock: there is no LLMInferenceService " + services.key(namespace, name));
        return CommandLine.ExitCode.SOFTWARE;
      }
      var explanation = Explanation.of(service.get());
      var out = spec.commandLine().getOut();
      explanation.lines().forEach(out::println);
      out.flush();
      return explanation.ready() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }
  }
}
