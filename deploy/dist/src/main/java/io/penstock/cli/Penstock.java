package io.penstock.cli;

import io.penstock.picker.config.Suggestion;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line. Exit status: 0 done, 1 failed, 2 used wrongly; an error is one sentence on
 * standard error.
 */
@Command(
    name = "penstock",
    description = "An inference gateway for vLLM pods that knows whose KV cache holds your prompt.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = BuildFacts.class,
    subcommands = {
      ConformCommand.class,
      ControllerCommand.class,
      DemoCommand.class,
      ExplainCommand.class,
      LoadCommand.class,
      RenderCommand.class,
      ReplayCommand.class,
      SimulateCommand.class,
      TopCommand.class,
      ValidateCommand.class,
      VersionCommand.class,
      WhyCommand.class,
    })
public final class Penstock implements Callable<Integer> {

  @CommandLine.Spec private @Nullable CommandSpec spec;

  private Penstock() {}

  /** Runs the command and ends the process with its exit status. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** The parsed command line's owner; for tests too. */
  static CommandLine commandLine() {
    return new CommandLine(new Penstock())
        .addSubcommand(ServeCommand.commandLine())
        .addSubcommand(PickerCommand.commandLine())
        .setParameterExceptionHandler(Penstock::usedWrongly)
        .setExecutionExceptionHandler(Penstock::failed)
        .setCaseInsensitiveEnumValuesAllowed(true);
  }

  @Override
  public Integer call() {
    if (spec != null) {
      spec.commandLine().usage(spec.commandLine().getErr());
    }
    return CommandLine.ExitCode.USAGE;
  }

  private static int usedWrongly(ParameterException wrong, String[] arguments) {
    CommandLine command = wrong.getCommandLine();
    PrintWriter err = command.getErr();
    err.print("penstock: " + firstLine(wrong.getMessage()));
    if (wrong instanceof UnmatchedArgumentException unmatched) {
      var known = new ArrayList<String>(command.getCommandSpec().optionsMap().keySet());
      known.addAll(command.getSubcommands().keySet());
      err.print(Suggestion.didYouMean(unmatched.getUnmatched().getFirst(), known));
    }
    err.println(" (" + command.getCommandSpec().qualifiedName() + " --help lists what is allowed)");
    err.flush();
    return CommandLine.ExitCode.USAGE;
  }

  private static int failed(Exception cause, CommandLine command, CommandLine.ParseResult parsed) {
    command.getErr().println("penstock: " + firstLine(describe(cause)));
    command.getErr().flush();
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static String describe(Exception cause) {
    String message = cause.getMessage();
    return message == null || message.isEmpty() ? cause.getClass().getSimpleName() : message;
  }

  private static String firstLine(@Nullable String text) {
    String whole = text == null ? "" : text.strip();
    int end = whole.indexOf('\n');
    return end < 0 ? whole : whole.substring(0, end);
  }
}
