package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock top}: the pods as the gateway sees them, again and again. */
@Command(
    name = "top",
    description =
        "Shows the pods as the gateway sees them: redrawn in place on a terminal, once elsewhere.",
    mixinStandardHelpOptions = true,
    versionProvider = BuildFacts.class)
final class TopCommand implements Callable<Integer> {

  private static final int MOST_ROWS_IN_PLACE = 60;
  private static final String HOME = "\033[H";
  private static final String CLEAR = "\033[2J";
  private static final String REST_OF_LINE = "\033[K";
  private static final String REST_OF_SCREEN = "\033[J";

  @Mixin private AdminOption admin = new AdminOption();

  @Option(
      names = "--interval",
      paramLabel = "SECONDS",
      description = "between two looks (default: ${DEFAULT-VALUE})")
  private double interval = 1;

  @Option(names = "--once", description = "one table, also on a terminal")
  private boolean once;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    var client = admin.client(spec);
    if (!(interval >= 0.1 && interval <= 3600)) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--interval is " + interval + ", allowed: 0.1 to 3600");
    }
    var out = spec.commandLine().getOut();
    var ink = Ink.ofTerminal();
    if (once || !Terminal.attached()) {
      lines(client, ink).forEach(out::println);
      out.flush();
      return CommandLine.ExitCode.OK;
    }
    out.print(CLEAR);
    while (!Thread.currentThread().isInterrupted()) {
      draw(out, lines(client, ink));
      LockSupport.parkNanos(Duration.ofMillis(Math.round(interval * 1_000)).toNanos());
    }
    return CommandLine.ExitCode.OK;
  }

  private static void draw(PrintWriter out, List<String> lines) {
    out.print(HOME);
    for (var line : lines.subList(0, Math.min(MOST_ROWS_IN_PLACE, lines.size()))) {
      out.print(line + REST_OF_LINE + "\n");
    }
    int more = lines.size() - MOST_ROWS_IN_PLACE;
    out.print(more > 0 ? "and " + more + " more" + REST_OF_LINE + "\n" : "");
    out.print(REST_OF_SCREEN);
    out.flush();
  }

  private static List<String> lines(AdminClient client, Ink ink)
      throws IOException, InterruptedException {
    var pods = client.json("/debug/endpoints");
    if (pods == null) {
      throw new IOException(client + " has no /debug/endpoints; is it the health listener?");
    }
    return lines(client.toString(), pods, ink);
  }

  /** The table of what {@code /debug/endpoints} says, under one line of sums. */
  static List<String> lines(String from, JsonNode pods, Ink ink) {
    long running = 0;
    long waiting = 0;
    long inFlight = 0;
    for (var pod : pods) {
      running += pod.at("/signals/running").asLong();
      waiting += pod.at("/signals/waiting").asLong();
      inFlight += pod.path("in_flight").asLong();
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        ink.bold("penstock ")
            + "%s   %d pods, %,d running, %,d waiting, %,d in flight from here"
                .formatted(from, pods.size(), running, waiting, inFlight));
    lines.add("");
    lines.addAll(table(pods, ink).lines(ink));
    return lines;
  }

  private static TextTable table(JsonNode pods, Ink ink) {
    var table =
        new TextTable(
            List.of(
                "POD",
                "POOL",
                "ROLE",
                "STATE",
                ">RUN",
                ">WAIT",
                ">KV",
                ">HELD",
                ">IN FLIGHT",
                ">TO PREFILL",
                ">AGE"));
    for (var pod : pods) {
      var signals = pod.path("signals");
      double use = signals.path("kv_cache_usage").asDouble();
      long waiting = signals.path("waiting").asLong();
      var state = pod.path("state").asText();
      table.row().cell(pod.path("name").asText()).cell(pod.path("pool").asText());
      table.cell(pod.path("role").asText()).cell(state, stateInk(state, ink));
      table.cell("%,d".formatted(signals.path("running").asLong()));
      table.cell("%,d".formatted(waiting), waiting > 0 ? ink::warning : UnaryOperator.identity());
      table.cell(Math.round(use * 100) + " %", use > 0.95 ? ink::bad : UnaryOperator.identity());
      table.cell("%,d".formatted(pod.path("prefix_tokens").asLong()));
      table.cell("%,d".formatted(pod.path("in_flight").asLong()));
      table.cell("%,d".formatted(pod.path("pending_prefill_tokens").asLong()));
      table.cell(age(signals));
    }
    return table;
  }

  private static String age(JsonNode signals) {
    var age = signals.get("age_ms");
    return age == null ? "-" : DecisionText.time(age.asLong() / 1_000.0);
  }

  private static UnaryOperator<String> stateInk(String state, Ink ink) {
    return switch (state) {
      case "ready" -> ink::good;
      case "ejected" -> ink::bad;
      default -> ink::warning;
    };
  }
}
