package io.penstock.cli;

import io.penstock.controller.api.ManifestCheck;
import io.penstock.controller.desired.ConfigTrial;
import io.penstock.picker.config.EndpointPickerLoader;
import io.penstock.picker.config.EndpointPickerPrinter;
import io.penstock.picker.config.LoadedPicker;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code penstock validate FILE}: checks a gateway configuration, an EndpointPickerConfig, or
 * manifests of LLMInferenceServices and their configs; the two latter have a {@code kind}.
 */
@Command(
    name = "validate",
    description =
        "Checks a gateway configuration file, an EndpointPickerConfig, or a file of"
            + " LLMInferenceServices; every error with its line.",
    mixinStandardHelpOptions = true)
final class ValidateCommand implements Callable<Integer> {

  @Parameters(paramLabel = "FILE", description = "the file")
  private @Nullable Path file;

  @Option(
      names = "--allow-experimental-plugins",
      description = "takes plugins of an EndpointPickerConfig that llm-d calls experimental")
  private boolean experimental;

  @Option(
      names = "--print-config",
      description = "prints a valid EndpointPickerConfig as it is in force, with its sources")
  private boolean printConfig;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    if (file == null) {
      throw new CommandLine.ParameterException(spec.commandLine(), "no FILE was given");
    }
    String text;
    try {
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new CommandLine.ParameterException(spec.commandLine(), "there is no file " + file, e);
    }
    if (EndpointPickerLoader.claims(text)) {
      return picker(file, text);
    }
    return ManifestCheck.isManifest(text) ? manifests(file, text) : gateway(file);
  }

  private int picker(Path from, String text) {
    return switch (EndpointPickerLoader.load(from.toString(), text, experimental)) {
      case LoadedPicker.Invalid(var errors) -> end(errors, List.of(), "");
      case LoadedPicker.Valid(var config, var warnings) -> {
        if (printConfig) {
          spec.commandLine().getOut().print(EndpointPickerPrinter.yaml(config));
        }
        yield end(List.of(), warnings, printConfig ? "" : from + " is valid");
      }
    };
  }

  private int manifests(Path from, String text) {
    var check = ManifestCheck.of(from.toString(), text, ConfigTrial::check);
    if (check.ours() == 0 && check.errors().isEmpty()) {
      return end(
          List.of(
              "%s: nothing to check: it has no LLMInferenceService and no".formatted(from)
                  + " LLMInferenceServiceConfig, only "
                  + String.join(", ", check.others())),
          List.of(),
          "");
    }
    return end(
        check.errors(),
        check.warnings(),
        from
            + " is valid"
            + (check.others().isEmpty()
                ? ""
                : "; not checked: " + String.join(", ", check.others())));
  }

  private int gateway(Path from) {
    return switch (GatewayConfigLoader.load(ConfigSources.builder().file(from).build())) {
      case LoadResult.Invalid(var errors) -> end(errors, List.of(), "");
      case LoadResult.Loaded loaded -> end(List.of(), loaded.warnings(), from + " is valid");
    };
  }

  private int end(List<?> errors, List<?> warnings, String valid) {
    PrintWriter err = spec.commandLine().getErr();
    errors.forEach(err::println);
    warnings.forEach(err::println);
    err.flush();
    if (!errors.isEmpty()) {
      return CommandLine.ExitCode.SOFTWARE;
    }
    if (!valid.isEmpty()) {
      spec.commandLine().getOut().println(valid);
    }
    spec.commandLine().getOut().flush();
    return CommandLine.ExitCode.OK;
  }
}
