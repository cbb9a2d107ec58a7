package io.penstock.cli;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The flag of commands that ask a running gateway. */
final class AdminOption {

  @Option(
      names = "--admin",
      paramLabel = "URL",
      description = "the gateway's admin listener (default: ${DEFAULT-VALUE})")
  private String admin = AdminClient.DEFAULT;

  /**
   * A client of the listener that the flag names.
   *
   * @param spec of the command, for the usage error when it names none
   */
  AdminClient client(CommandSpec spec) {
    try {
      return AdminClient.of(admin);
    } catch (IllegalArgumentException e) {
      throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage());
    }
  }
}
