package io.penstock.cli;

import io.penstock.controller.app.ControllerApp;
import io.penstock.controller.app.ControllerSettings;
import io.penstock.controller.app.WebhookSettings;
import io.penstock.picker.discovery.DiscoveryException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code penstock controller}: turns LLMInferenceServices into what serves them. */
@Command(
    name = "controller",
    description =
        "Turns LLMInferenceService objects into vLLM pods, pools, routes and a scheduler, and says"
            + " how they are.",
    mixinStandardHelpOptions = true,
    versionProvider = BuildFacts.class)
final class ControllerCommand implements Callable<Integer> {

  private static final int MOST_WORKERS = 64;

  @Option(
      names = "--namespace",
      paramLabel = "NAME",
      description =
          "the controller's own: of its Lease, its webhooks' Secret, and of configs for every"
              + " service (default: the variable NAMESPACE, else penstock-system)")
  private @Nullable String namespace;

  @Option(
      names = "--admin",
      paramLabel = "HOST:PORT",
      description = "/livez, /readyz and /metrics (default: ${DEFAULT-VALUE})")
  private String admin = "0.0.0.0:8081";

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "services reconciled at a time, 1 to 64 (default: ${DEFAULT-VALUE})")
  private int workers = 4;

  @Mixin private final RenderingOptions rendering = new RenderingOptions();

  @Option(
      names = "--kinds-every",
      paramLabel = "DURATION",
      description =
          "from one look for kinds that may come and go, such as HTTPRoute, to the next (default:"
              + " ${DEFAULT-VALUE})")
  private String kindsEvery = "10s";

  @Option(
      names = "--webhook",
      paramLabel = "HOST:PORT",
      description =
          "where the API server's webhooks are served over TLS, as 0.0.0.0:9443 (default: they are"
              + " not)")
  private String webhook = "";

  @Option(
      names = "--webhook-url",
      paramLabel = "URL",
      description =
          "what the API server calls in place of the Service penstock-webhook, for a controller"
              + " outside the cluster")
  private @Nullable String webhookUrl;

  @Option(
      names = "--webhook-certificate",
      paramLabel = "FILE",
      description =
          "PEM chain that somebody else renews, who also tells the API server whom to trust"
              + " (default: the controller is its own authority)")
  private @Nullable Path webhookCertificate;

  @Option(
      names = "--webhook-key",
      paramLabel = "FILE",
      description = "PEM key of --webhook-certificate")
  private @Nullable Path webhookKey;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    var app = ControllerApp.start(settings());
    endOnSignal(app);
    var out = spec.commandLine().getOut();
    out.println("admin on " + ServeCommand.url(app.adminAddress(), false));
    if (app.webhookPort() != 0) {
      out.println("webhooks on port " + app.webhookPort());
    }
    out.flush();
    boolean lost = false;
    while (!lost) {
      lost = app.awaitLost(Duration.ofDays(1));
    }
    return 1;
  }

  /** SIGTERM and SIGINT end the passes that run; the process then ends with status 0. */
  private static void endOnSignal(ControllerApp app) {
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("penstock-end")
                .unstarted(
                    () -> {
                      boolean lost = app.isLost();
                      app.close();
                      Runtime.getRuntime().halt(lost ? 1 : 0);
                    }));
  }

  private ControllerSettings settings() {
    if (workers < 1 || workers > MOST_WORKERS) {
      throw wrong("--workers is " + workers + ", allowed: 1 to " + MOST_WORKERS);
    }
    try {
      var system = RenderingOptions.systemNamespace(namespace);
      return new ControllerSettings(
          rendering.facts(system),
          workers,
          address("--admin", admin),
          system,
          "penstock-controller",
          KubernetesOptions.identity(),
          Amounts.duration(kindsEvery),
          webhooks(system));
    } catch (IllegalArgumentException | DiscoveryException e) {
      throw wrong(e.getMessage());
    }
  }

  private @Nullable WebhookSettings webhooks(String system) {
    if (webhook.isEmpty()) {
      return null;
    }
    if (webhookUrl != null && !webhookUrl.matches("https://[^/?#]+")) {
      throw wrong("--webhook-url is " + webhookUrl + ", allowed: https://HOST:PORT");
    }
    if ((webhookCertificate == null) != (webhookKey == null)) {
      throw wrong("--webhook-certificate and --webhook-key are given together or not at all");
    }
    var files =
        webhookCertificate == null || webhookKey == null
            ? null
            : new WebhookSettings.Files(webhookCertificate, webhookKey);
    return new WebhookSettings(address("--webhook", webhook), system, webhookUrl, files);
  }

  private InetSocketAddress address(String flag, String text) {
    int colon = text.lastIndexOf(':');
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      return new InetSocketAddress(InetAddress.ofLiteral(text.substring(0, colon)), port);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw wrong(flag + " is " + text + ", allowed: an IP address and a port, as 0.0.0.0:8081");
    }
  }

  private ParameterException wrong(@Nullable String message) {
    return new ParameterException(
        spec.commandLine(), message == null ? "a flag has a wrong value" : message);
  }
}
