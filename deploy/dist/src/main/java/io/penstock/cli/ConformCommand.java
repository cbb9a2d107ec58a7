package io.penstock.cli;

import io.penstock.tools.conform.ConformOptions;
import io.penstock.tools.conform.ConformOptions.Address;
import io.penstock.tools.conform.Conformance;
import io.penstock.tools.conform.Destination;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock conform}: which requirements of the protocol an endpoint picker meets. */
@Command(
    name = "conform",
    description = {
      "Plays a gateway towards an endpoint picker (EPP) and says which requirements of the endpoint"
          + " picker protocol it meets. Status 0: none failed.",
    },
    mixinStandardHelpOptions = true)
final class ConformCommand implements Callable<Integer> {

  private static final String PLAIN = "plain://";
  private static final String TLS = "tls://";
  private static final int HIGHEST_PORT = 65_535;

  @Option(
      names = "--target",
      required = true,
      paramLabel = "HOST:PORT",
      description = "where the picker serves ext_proc")
  private String target = "";

  @Option(
      names = "--health-target",
      paramLabel = "[plain://|tls://]HOST:PORT",
      description =
          "where it serves gRPC health (default: the port after the target's); plain text where"
              + " nothing is said, but as --target where it is the same port")
  private @Nullable String healthTarget;

  @Option(
      names = "--empty-target",
      paramLabel = "HOST:PORT",
      description = "the same picker over a pool without endpoints, to examine what it says then")
  private @Nullable String emptyTarget;

  @Option(names = "--plaintext", description = "connects without TLS")
  private boolean plaintext;

  @Option(
      names = "--ca-file",
      paramLabel = "FILE",
      description = "certificates to check the picker's against (default: it is not checked)")
  private @Nullable Path caFile;

  @Option(
      names = "--endpoints",
      paramLabel = "IP:PORT",
      split = ",",
      description = "all endpoints the picker may choose, with commas (default: learned)")
  private List<String> endpoints = new ArrayList<>();

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "a model it routes (default: ${DEFAULT-VALUE})")
  private String model = "tiny";

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "of each wait for an answer, 0.001 to 600 (default: ${DEFAULT-VALUE})")
  private double timeout = 5;

  @Option(names = "--json", description = "prints one JSON object instead of lines")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException {
    var options = options();
    var out = spec.commandLine().getOut();
    var report =
        Conformance.run(
            options,
            result -> {
              if (!json) {
                out.println(result.text());
                out.flush();
              }
            });
    out.println(json ? report.json() : report.summary());
    out.flush();
    return report.passed() ? 0 : 1;
  }

  private ConformOptions options() {
    try {
      var picker = Address.parse(target);
      if (plaintext && caFile != null) {
        throw new IllegalArgumentException("--ca-file has no use with --plaintext");
      }
      if (caFile != null && !Files.isReadable(caFile)) {
        throw new IllegalArgumentException("--ca-file '" + caFile + "' is no readable file");
      }
      if (!(timeout >= 0.001 && timeout <= 600)) {
        throw new IllegalArgumentException(
            "--timeout is " + timeout + ", allowed: 0.001 to 600 seconds");
      }
      var health = healthTarget == null ? portAfter(picker) : healthAddress(healthTarget);
      return new ConformOptions(
          picker,
          health,
          Optional.ofNullable(emptyTarget).map(Address::parse),
          plaintext,
          isPlain(healthTarget, health.equals(picker)),
          Optional.ofNullable(caFile),
          model,
          endpoints.stream().map(Destination::parse).toList(),
          Duration.ofNanos(Math.round(timeout * 1e9)));
    } catch (IllegalArgumentException e) {
      throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage());
    }
  }

  private static Address healthAddress(String given) {
    return Address.parse(
        given.startsWith(PLAIN) || given.startsWith(TLS)
            ? given.substring(given.indexOf("://") + "://".length())
            : given);
  }

  /** A port of its own for health is in plain text with every picker known, as probes want it. */
  private boolean isPlain(@Nullable String given, boolean samePort) {
    if (given != null && given.startsWith(TLS)) {
      return false;
    }
    return !samePort || plaintext || (given != null && given.startsWith(PLAIN));
  }

  private static Address portAfter(Address picker) {
    if (picker.port() == HIGHEST_PORT) {
      throw new IllegalArgumentException(
          "there is no port after " + picker + ": --health-target must be given");
    }
    return new Address(picker.host(), picker.port() + 1);
  }
}
