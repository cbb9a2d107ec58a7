package io.penstock.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock explain ID}: why a request went to its pod. */
@Command(
    name = "explain",
    description =
        "Says why a request went to its pod: the candidates with each term of their cost, who was"
            + " excluded and why, what was expected and what came.",
    mixinStandardHelpOptions = true,
    versionProvider = BuildFacts.class)
final class ExplainCommand implements Callable<Integer> {

  @Parameters(
      paramLabel = "ID",
      description = "a request id, whose latest decision is shown, or a decision id")
  private String id = "";

  @Mixin private AdminOption admin = new AdminOption();

  @Option(
      names = "--pool",
      paramLabel = "NAME",
      description = "where to look; each pool counts its decisions by itself (default: in all)")
  private @Nullable String pool;

  @Option(names = "--json", description = "prints the record as the gateway gives it")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    var client = admin.client(spec);
    var path = "/debug/decisions/" + AdminClient.encoded(id);
    var record = client.text(pool == null ? path : path + "?pool=" + AdminClient.encoded(pool));
    if (record == null) {
      spec.commandLine()
          .getErr()
          .println(
              "penstock: the gateway at "
                  + client
                  + " remembers no decision or request '"
                  + id
                  + "'; it keeps the newest 2,048 of each pool");
      return CommandLine.ExitCode.SOFTWARE;
    }
    var out = spec.commandLine().getOut();
    if (json) {
      out.println(record.strip());
    } else {
      DecisionText.lines(new ObjectMapper().readTree(record), Ink.ofTerminal())
          .forEach(out::println);
    }
    out.flush();
    return CommandLine.ExitCode.OK;
  }
}
