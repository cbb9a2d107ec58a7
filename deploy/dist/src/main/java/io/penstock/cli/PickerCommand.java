package io.penstock.cli;

import io.penstock.picker.app.PickerApp;
import io.penstock.picker.app.PickerPool;
import io.penstock.picker.app.PickerSettings;
import io.penstock.picker.app.PolicyChoice;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.EndpointPickerPrinter;
import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.discovery.DnsSource;
import io.penstock.picker.discovery.EndpointAddress;
import io.penstock.picker.discovery.JdkResolver;
import io.penstock.picker.discovery.StaticSource;
import io.penstock.picker.extproc.ExtProcSettings;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.ModelRule;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code penstock picker}: the picker alone, behind an Envoy that asks it by ext-proc. Takes the
 * flags of llm-d's picker; those that mean nothing here are accepted with a warning.
 */
@Command(
    name = "picker",
    description = "Runs the endpoint picker as an Envoy external processor.",
    mixinStandardHelpOptions = true)
final class PickerCommand implements Callable<Integer> {

  private static final Duration DNS_GRACE = Duration.ofMinutes(5);
  static final String DEFAULT_POOL = "default";

  @Option(
      names = "--endpoints",
      paramLabel = "[POOL=]HOST:PORT,...",
      description = "the pods of a pool, without Kubernetes; repeat it for several pools")
  private List<String> endpoints = new ArrayList<>();

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "model served by the pods; may be repeated; default: what the pods list")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--pool-name",
      paramLabel = "NAME",
      description =
          "InferencePool whose pods are picked from; with --endpoints only a name, for metrics and"
              + " for gateways that ask for it")
  private @Nullable String poolName;

  @Mixin private ReplicaOptions replicas = new ReplicaOptions();
  @Mixin private final KubernetesOptions kubernetes = new KubernetesOptions();

  @Mixin private final PolicyOptions policy = new PolicyOptions();

  @Mixin private final RulesOptions rules = new RulesOptions();

  @Option(
      names = "--print-config",
      description =
          "prints the EndpointPickerConfig in force with the source of each value, and ends")
  private boolean printConfig;

  @Mixin private final ServingOptions serving = new ServingOptions();

  @Mixin private final ModelServerOptions modelServers = new ModelServerOptions();

  @Option(
      names = "--refresh-metrics-interval",
      paramLabel = "DURATION",
      description = "between two metrics pages of a busy pod (default: ${DEFAULT-VALUE})")
  private String scrapeInterval = "200ms";

  @Option(
      names = "--drain-timeout",
      paramLabel = "DURATION",
      description = "from SIGTERM until streams that run are ended (default: ${DEFAULT-VALUE})")
  private String drainTimeout = "30s";

  @Option(
      names = "--pre-stop",
      paramLabel = "DURATION",
      description =
          "from SIGTERM, not ready any more, until no new streams are taken (default:"
              + " ${DEFAULT-VALUE})")
  private String preStop = "10s";

  @Option(
      names = "--destinations",
      paramLabel = "N",
      description =
          "pods named to the gateway, the best first, 1 to 4; most gateways understand one"
              + " (default: the configuration's maxNumOfEndpoints, else 1)")
  private @Nullable Integer destinations;

  @Option(
      names = "--disable-endpoint-subset-filter",
      arity = "0..1",
      fallbackValue = "true",
      description = "ignores the gateway's subset hint")
  private boolean subsetsIgnored;

  @Option(
      names = "--skip-response-processing",
      arity = "0..1",
      fallbackValue = "true",
      description =
          "ends each stream with the last reply to its request: cheaper, but without usage, TTFT"
              + " and the exact end of a pod's load")
  private boolean endAfterRequest;

  @Option(
      names = "--refuse-unknown-models",
      arity = "0..1",
      fallbackValue = "true",
      description = "answers 404 for a model that no pod lists, instead of letting a pod say so")
  private boolean unknownModelsRefused;

  @Option(
      names = "--max-request-body",
      paramLabel = "SIZE",
      description = "longest request body; more is answered with 413 (default: ${DEFAULT-VALUE})")
  private String maxRequestBody = "50MiB";

  @Spec private CommandSpec spec = CommandSpec.create();

  /** The command with the flags that are only accepted. */
  static CommandLine commandLine() {
    var command = new CommandLine(new PickerCommand());
    IgnoredFlags.addTo(command.getCommandSpec());
    return command;
  }

  @Override
  public Integer call() throws Exception {
    IgnoredFlags.warn(spec.commandLine().getParseResult());
    PolicyChoice chosen;
    try {
      chosen = policy.choice();
    } catch (PolicyOptions.Refused e) {
      e.errors().forEach(error -> spec.commandLine().getErr().println("penstock: " + error));
      spec.commandLine().getErr().flush();
      return CommandLine.ExitCode.USAGE;
    } catch (IllegalArgumentException e) {
      throw wrong(e.getMessage());
    }
    PrintWriter out = spec.commandLine().getOut();
    if (printConfig) {
      out.print(printed(chosen.config()));
      out.flush();
      return 0;
    }
    var app = PickerApp.start(settings(chosen));
    drainOnSignal(app);
    out.println("ext-proc on " + text(app.address()));
    out.println("health on " + text(app.healthAddress()));
    out.println("metrics on http://" + text(app.metricsAddress()) + "/metrics");
    out.flush();
    boolean over = false;
    while (!over) {
      over = app.awaitDrained(Duration.ofDays(1));
    }
    app.close();
    kubernetes.close();
    return 0;
  }

  private static String printed(@Nullable EndpointPickerConfig config) {
    return config == null
        ? "# no configuration: requests are routed by expected cost\n"
        : EndpointPickerPrinter.yaml(config);
  }

  private PickerSettings settings(PolicyChoice chosen) {
    try {
      var usual = ExtProcSettings.defaults();
      int body = Amounts.bytes(maxRequestBody);
      return new PickerSettings(
          pools(),
          serving.grpc(),
          serving.health(),
          serving.metrics(),
          serving.tls(),
          new ExtProcSettings(
              body,
              Math.max(body, usual.heldBodiesBytes()),
              destinations,
              !subsetsIgnored,
              endAfterRequest),
          unknownModelsRefused ? ModelRule.NOT_REFUTED : ModelRule.PREFERRED,
          chosen,
          modelServers.tls(),
          Amounts.duration(scrapeInterval),
          Amounts.duration(preStop),
          Amounts.duration(drainTimeout),
          new PickerSettings.Build(BuildFacts.commit(), BuildFacts.version()),
          replicas.settings(),
          kubernetes::isLeading);
    } catch (IllegalArgumentException | DiscoveryException | TypeConversionException e) {
      throw wrong(e.getMessage());
    }
  }

  private List<PickerPool> pools() {
    rules.check();
    if (endpoints.isEmpty()) {
      var found = kubernetes.pools(poolName, models, rules);
      if (found.isEmpty()) {
        throw wrong(
            "there is no pool: give its pods by --pool-name, --endpoint-selector or --endpoints");
      }
      return found;
    }
    Map<String, List<EndpointAddress>> byPool = new LinkedHashMap<>();
    for (var given : endpoints) {
      int equals = given.indexOf('=');
      var pool =
          equals >= 0 ? given.substring(0, equals) : poolName == null ? DEFAULT_POOL : poolName;
      var addresses = byPool.computeIfAbsent(pool, name -> new ArrayList<>());
      for (var address : given.substring(equals + 1).split(",", -1)) {
        addresses.add(EndpointAddress.parse(address.strip(), Role.BOTH, Map.of()));
      }
    }
    List<PickerPool> pools = new ArrayList<>();
    byPool.forEach(
        (name, addresses) ->
            pools.add(
                new PickerPool(
                    name,
                    Set.copyOf(models),
                    surroundings -> source(addresses, surroundings),
                    surroundings -> rules.sources(name, surroundings))));
    return pools;
  }

  private static DiscoverySource source(
      List<EndpointAddress> addresses, PickerPool.Surroundings surroundings) {
    return addresses.stream().allMatch(EndpointAddress::isLiteral)
        ? new StaticSource(addresses)
        : new DnsSource(
            addresses,
            JdkResolver.create(),
            surroundings.blocking(),
            surroundings.control(),
            surroundings.nanoClock(),
            new SplittableRandom(surroundings.seed()),
            DNS_GRACE);
  }

  private ParameterException wrong(@Nullable String message) {
    return new ParameterException(
        spec.commandLine(), message == null ? "a flag has a wrong value" : message);
  }

  /** SIGTERM and SIGINT drain; the process then ends with status 0. */
  private void drainOnSignal(PickerApp app) {
    var atMost = Amounts.duration(preStop).plus(Amounts.duration(drainTimeout)).plusSeconds(5);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("penstock-drain")
                .unstarted(
                    () -> {
                      app.drain();
                      kubernetes.resign();
                      try {
                        var _ = app.awaitDrained(atMost);
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                      app.close();
                      kubernetes.close();
                      Runtime.getRuntime().halt(0);
                    }));
  }

  private static String text(InetSocketAddress address) {
    var url = ServeCommand.url(address, false);
    return url.substring("http://".length());
  }
}
