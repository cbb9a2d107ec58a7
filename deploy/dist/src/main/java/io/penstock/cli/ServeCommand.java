package io.penstock.cli;

import io.penstock.picker.pool.Role;
import io.penstock.proxy.app.GatewayApp;
import io.penstock.proxy.app.WarmUp;
import io.penstock.proxy.config.ConfigFile;
import io.penstock.proxy.config.ConfigPrinter;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.LoadResult;
import io.penstock.proxy.config.Setting;
import io.penstock.proxy.config.Settings;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock serve}: the gateway. Flags override the environment, that overrides the file. */
@Command(
    name = "serve",
    description = "Runs the gateway in front of vLLM pods.",
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

  @Option(names = "--config", paramLabel = "FILE", description = "configuration file (YAML)")
  private @Nullable Path config;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description =
          "model served by --endpoints or --pool; may be repeated; default: what the pods list")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--endpoints",
      paramLabel = "HOST:PORT,...",
      description = "the pods, instead of the file's pools")
  private @Nullable String endpoints;

  @Option(
      names = "--prefill-endpoints",
      paramLabel = "HOST:PORT,...",
      description = "pods that only compute prompts, for those that answer; beside --endpoints")
  private @Nullable String prefillEndpoints;

  @Option(
      names = "--decode-endpoints",
      paramLabel = "HOST:PORT,...",
      description = "pods that answer, from prompts that others computed or from their own")
  private @Nullable String decodeEndpoints;

  @Option(
      names = "--disaggregation",
      paramLabel = "cost|always|never",
      description = "when prompts go to --prefill-endpoints (default: cost)")
  private @Nullable String decider;

  @Option(
      names = "--pool",
      paramLabel = "NS/NAME",
      description = "InferencePool whose pods are served, instead of the file's pools")
  private @Nullable String inferencePool;

  @Option(
      names = "--shadow",
      paramLabel = "FILE|expected-cost|llm-d-default",
      description = "second policy that decides on a sample of the requests, for comparison")
  private @Nullable String shadow;

  @Option(
      names = "--shadow-sample",
      paramLabel = "SHARE",
      description = "share of the requests it decides on (default: 0.1)")
  private @Nullable String shadowSample;

  @Mixin private final PodTlsOptions podTls = new PodTlsOptions();

  @Option(
      names = "--print-config",
      description = "prints the effective configuration with the source of each value, and ends")
  private boolean printConfig;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** The command with one flag for each leaf of the configuration. */
  static CommandLine commandLine() {
    var command = new CommandLine(new ServeCommand());
    for (Setting<?> setting : Settings.all()) {
      if (!setting.standsAlone()) {
        continue;
      }
      command
          .getCommandSpec()
          .addOption(
              OptionSpec.builder(setting.flag())
                  .paramLabel("VALUE")
                  .arity("1")
                  .type(String.class)
                  .description(setting.doc())
                  .build());
    }
    return command;
  }

  @Override
  public Integer call() throws Exception {
    var file = new ConfigFile(sources());
    PrintWriter out = spec.commandLine().getOut();
    switch (file.load()) {
      case LoadResult.Invalid(var errors) -> {
        errors.forEach(error -> spec.commandLine().getErr().println("penstock: " + error));
        spec.commandLine().getErr().flush();
        return CommandLine.ExitCode.USAGE;
      }
      case LoadResult.Loaded loaded -> {
        loaded.warnings().forEach(warning -> LOG.warn("{}", warning));
        if (printConfig) {
          out.print(ConfigPrinter.yaml(loaded));
          out.flush();
          return 0;
        }
        serve(loaded, file, out);
        return 0;
      }
    }
  }

  private ConfigSources sources() {
    var builder = ConfigSources.builder().environment(System.getenv());
    if (config != null) {
      builder.file(config);
    }
    if (endpoints != null) {
      builder.endpoints(endpoints);
    }
    if (prefillEndpoints != null) {
      builder.endpoints(Role.PREFILL, prefillEndpoints);
    }
    if (decodeEndpoints != null) {
      builder.endpoints(Role.DECODE, decodeEndpoints);
    }
    if (decider != null) {
      builder.decider(decider);
    }
    if (shadow != null) {
      builder.shadow(shadow);
    }
    if (shadowSample != null) {
      builder.shadowSample(shadowSample);
    }
    if (inferencePool != null) {
      builder.inferencePool(inferencePool);
    }
    try {
      builder.podTls(podTls.settings());
    } catch (IllegalArgumentException e) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--pods-ca and --pods-insecure: " + e.getMessage());
    }
    models.forEach(builder::model);
    for (Setting<?> setting : Settings.all()) {
      if (!setting.standsAlone()) {
        continue;
      }
      var given = spec.commandLine().getParseResult().matchedOption(setting.flag());
      if (given != null) {
        String value = given.getValue();
        builder.flag(setting.flag(), value);
      }
    }
    return builder.build();
  }

  private static void serve(LoadResult.Loaded loaded, ConfigFile file, PrintWriter out)
      throws Exception {
    WarmUp.run(loaded.config().transport(), loaded.config().warmUp());
    var app = GatewayApp.start(loaded, BuildFacts.version());
    drainOnSignal(
        app, loaded.config().timeouts().preStop().plus(loaded.config().timeouts().drain()));
    out.println("listening on " + url(app.address(), loaded.config().tls() != null));
    var admin = app.adminAddress();
    if (admin != null) {
      out.println("admin on " + url(admin, false));
    }
    var health = app.healthAddress();
    if (health != null) {
      out.println("health on " + url(health, false));
    }
    out.flush();
    file.tell(
        next -> {
          app.reload(next);
          LOG.info("the configuration was reloaded");
        },
        refused -> {
          app.reloadRefused();
          refused.errors().forEach(error -> LOG.warn("not reloaded: {}", error));
        });
    try (var watcher = Executors.newSingleThreadScheduledExecutor(daemon());
        file) {
      file.start(watcher, Duration.ofSeconds(1));
      boolean over = false;
      while (!over) {
        over = app.awaitDrained(Duration.ofDays(1));
      }
      app.close();
    }
  }

  private static ThreadFactory daemon() {
    return Thread.ofPlatform().daemon().name("penstock-config").factory();
  }

  /** SIGTERM and SIGINT drain; the process then ends with status 0. */
  static void drainOnSignal(GatewayApp app, Duration atMost) {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("penstock-drain")
                .unstarted(
                    () -> {
                      app.drain();
                      try {
                        var _ = app.awaitDrained(atMost.plusSeconds(5));
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                      app.close();
                      Runtime.getRuntime().halt(0);
                    }));
  }

  static String url(InetSocketAddress address, boolean tls) {
    String host = address.getAddress().getHostAddress();
    if (address.getAddress().isAnyLocalAddress()) {
      host = "127.0.0.1";
    }
    return (tls ? "https://" : "http://")
        + (host.indexOf(':') >= 0 ? "[" + host + "]" : host)
        + ":"
        + address.getPort();
  }
}
