package io.penstock.cli;

import io.penstock.picker.app.PickerApp;
import io.penstock.picker.app.PickerPool;
import io.penstock.picker.app.PickerSettings;
import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.discovery.DnsSource;
import io.penstock.picker.discovery.EndpointAddress;
import io.penstock.picker.discovery.JdkResolver;
import io.penstock.picker.discovery.StaticSource;
import io.penstock.picker.extproc.ExtProcSettings;
import io.penstock.picker.extproc.tls.TlsChoice;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.ModelRule;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
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

  private static final Logger LOG = LoggerFactory.getLogger(PickerCommand.class);

  /** Flags of llm-d's picker without a meaning here, and why. */
  private static final Map<String, String> IGNORED = ignored();

  private static final Duration DNS_GRACE = Duration.ofMinutes(5);
  private static final Pattern NAME = Pattern.compile("[0-9A-Za-z.:-]{1,253}");
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

  @Mixin private final KubernetesOptions kubernetes = new KubernetesOptions();

  @Option(
      names = "--bind-address",
      paramLabel = "IP",
      description = "address to listen on (default: all)")
  private @Nullable String bindAddress;

  @Option(
      names = "--grpc-port",
      paramLabel = "PORT",
      description = "ext-proc; 0: a free one (default: ${DEFAULT-VALUE})")
  private int grpcPort = 9002;

  @Option(
      names = "--grpc-health-port",
      paramLabel = "PORT",
      description = "gRPC health (default: ${DEFAULT-VALUE})")
  private int healthPort = 9003;

  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description = "GET /metrics (default: ${DEFAULT-VALUE})")
  private int metricsPort = 9090;

  @Option(
      names = "--secure-serving",
      arity = "0..1",
      fallbackValue = "true",
      description = "TLS on the ext-proc port (default: true)")
  private boolean secureServing = true;

  @Option(
      names = "--cert-path",
      paramLabel = "FOLDER",
      description = "where tls.crt and tls.key are; default: a certificate made at start")
  private @Nullable Path certPath;

  @Option(
      names = "--enable-cert-reload",
      arity = "0..1",
      fallbackValue = "true",
      description = "takes over tls.crt and tls.key when they change")
  private boolean certReload;

  @Option(
      names = "--client-ca-file",
      paramLabel = "FILE",
      description = "authorities, one of which a gateway's own certificate must come from")
  private @Nullable Path clientCa;

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
              + " (default: ${DEFAULT-VALUE})")
  private int destinations = 1;

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
    for (var flag : IGNORED.entrySet()) {
      command
          .getCommandSpec()
          .addOption(
              OptionSpec.builder(flag.getKey())
                  .arity("0..1")
                  .type(String.class)
                  .fallbackValue("")
                  .hidden(true)
                  .build());
    }
    return command;
  }

  @Override
  public Integer call() throws Exception {
    for (var flag : IGNORED.entrySet()) {
      if (spec.commandLine().getParseResult().hasMatchedOption(flag.getKey())) {
        LOG.warn("{} means nothing here: {}", flag.getKey(), flag.getValue());
      }
    }
    var app = PickerApp.start(settings());
    drainOnSignal(app);
    PrintWriter out = spec.commandLine().getOut();
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

  private PickerSettings settings() {
    try {
      var usual = ExtProcSettings.defaults();
      int body = Amounts.bytes(maxRequestBody);
      return new PickerSettings(
          pools(),
          address(grpcPort, "--grpc-port"),
          address(healthPort, "--grpc-health-port"),
          address(metricsPort, "--metrics-port"),
          tls(),
          new ExtProcSettings(
              body,
              Math.max(body, usual.heldBodiesBytes()),
              destinations,
              !subsetsIgnored,
              endAfterRequest),
          unknownModelsRefused ? ModelRule.NOT_REFUTED : ModelRule.PREFERRED,
          Amounts.duration(scrapeInterval),
          Amounts.duration(preStop),
          Amounts.duration(drainTimeout),
          kubernetes::isLeading);
    } catch (IllegalArgumentException | DiscoveryException | TypeConversionException e) {
      throw wrong(e.getMessage());
    }
  }

  private TlsChoice tls() {
    if (!secureServing) {
      if (certPath != null || clientCa != null) {
        throw wrong("--secure-serving=false leaves --cert-path and --client-ca-file no meaning");
      }
      return new TlsChoice.Plaintext();
    }
    if (certPath == null) {
      return new TlsChoice.SelfSigned(ownNames(), clientCa);
    }
    return new TlsChoice.Files(
        certPath.resolve("tls.crt"), certPath.resolve("tls.key"), certReload, clientCa);
  }

  /** What a gateway may call this process: loopback, its host, its pod's address. */
  private List<String> ownNames() {
    Set<String> names = new LinkedHashSet<>(List.of("localhost", "127.0.0.1", "::1"));
    for (var name :
        Arrays.asList(System.getenv("HOSTNAME"), System.getenv("POD_IP"), bindAddress)) {
      if (name != null && NAME.matcher(name).matches()) {
        names.add(name);
      }
    }
    return List.copyOf(names);
  }

  private List<PickerPool> pools() {
    if (endpoints.isEmpty()) {
      var found = kubernetes.pools(poolName, models);
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
                    name, Set.copyOf(models), surroundings -> source(addresses, surroundings))));
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

  private InetSocketAddress address(int port, String flag) {
    if (port < 0 || port > 65_535) {
      throw wrong(flag + " is " + port + ", allowed: 0 to 65535");
    }
    if (bindAddress == null) {
      return new InetSocketAddress(port);
    }
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(bindAddress), port);
    } catch (IllegalArgumentException notAnAddress) {
      throw wrong("--bind-address is " + bindAddress + ", allowed: an IP address");
    }
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

  private static Map<String, String> ignored() {
    Map<String, String> flags = new LinkedHashMap<>();
    var logs = "the log is configured in conf/logback.xml";
    for (var flag :
        List.of(
            "--v",
            "-v",
            "--zap-encoder",
            "--zap-log-level",
            "--zap-devel",
            "--zap-stacktrace-level",
            "--zap-time-encoding")) {
      flags.put(flag, logs);
    }
    flags.put("--tracing", "there is no tracing yet");
    flags.put("--enable-pprof", "a JVM is profiled from outside, by jcmd");
    flags.put("--health-checking", "the health service is on the ext-proc port too, always");
    flags.put("--enable-grpc-stream-metrics", "metrics of streams are always there");
    flags.put("--refresh-prometheus-metrics-interval", "metrics of pools are computed when asked");
    flags.put("--metrics-staleness-threshold", "signals are fresh for 1 s or three intervals");
    flags.put("--metrics-endpoint-auth", "the metrics page asks for nothing");
    flags.put("--allow-experimental-plugins", "there are none");
    flags.put("--grpc-max-recv-msg-size", "--max-request-body bounds what is received");
    flags.put("--tls-min-version", "TLS 1.2 and 1.3 are served");
    flags.put("--tls-cipher-suites", "the TLS library's choice is served");
    flags.put("--grpc-max-send-msg-size", "no reply is longer than the body it hands back");
    return flags;
  }
}
