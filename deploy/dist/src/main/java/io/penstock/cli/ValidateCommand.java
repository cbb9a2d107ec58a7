package io.penstock.cli;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock validate FILE}: checks a gateway configuration. */
@Command(
    name = "validate",
    description = "Checks a gateway configuration file; every error with its line.",
    mixinStandardHelpOptions = true)
final class ValidateCommand implements Callable<Integer> {

  @Parameters(paramLabel = "FILE", description = "the file")
  private @Nullable Path file;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    if (file == null) {
      throw new CommandLine.ParameterException(spec.commandLine(), "no FILE was given");
    }
    return switch (GatewayConfigLoader.load(ConfigSources.builder().file(file).build())) {
      case LoadResult.Invalid(var errors) -> {
        errors.forEach(error -> spec.commandLine().getErr().println(error));
        spec.commandLine().getErr().flush();
        yield CommandLine.ExitCode.SOFTWARE;
      }
      case LoadResult.Loaded loaded -> {
        loaded.warnings().forEach(warning -> spec.commandLine().getErr().println(warning));
        spec.commandLine().getErr().flush();
        spec.commandLine().getOut().println(file + " is valid");
        spec.commandLine().getOut().flush();
        yield 0;
      }
    };
  }
}
