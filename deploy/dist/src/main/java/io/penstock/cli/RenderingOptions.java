package io.penstock.cli;

import io.penstock.controller.desired.ClusterFacts;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * What a controller is told about everything it renders; the same flags where something is rendered
 * as it would.
 */
final class RenderingOptions {

  @Option(
      names = "--gateway",
      paramLabel = "NS/NAME",
      description = "Gateway of routes whose service names none (default: ${DEFAULT-VALUE})")
  private String gateway = "kserve/kserve-ingress-gateway";

  @Option(
      names = "--image",
      paramLabel = "IMAGE",
      description = "runs Penstock's gateway and picker (default: that of this release)")
  private @Nullable String image;

  @Option(
      names = "--preset-prefix",
      paramLabel = "TEXT",
      description =
          "what names of configs that replace a built-in preset begin with (default:"
              + " ${DEFAULT-VALUE})")
  private String presetPrefix = "kserve-";

  @Option(
      names = "--tls",
      arity = "0..1",
      fallbackValue = "true",
      description = "pods serve TLS, also where no probe says so")
  private boolean tls;

  @Option(
      names = "--cluster-domain",
      paramLabel = "DOMAIN",
      description = "DNS domain of Services (default: ${DEFAULT-VALUE})")
  private String clusterDomain = "cluster.local";

  @Option(
      names = "--model-header",
      paramLabel = "NAME",
      description =
          "header by which routes choose a model; empty: none does (default: ${DEFAULT-VALUE})")
  private String modelHeader = "X-Gateway-Model-Name";

  @Option(
      names = "--prometheus-url",
      paramLabel = "URL",
      description = "where autoscaling asks for its metrics")
  private String prometheusUrl = "";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  /**
   * The facts of a cluster that serves none of the kinds that may be missing.
   *
   * @param systemNamespace of configs for every service
   */
  ClusterFacts facts(String systemNamespace) {
    var usual = ClusterFacts.Images.defaults();
    var images =
        image == null
            ? usual
            : new ClusterFacts.Images(image, usual.sidecar(), usual.storageInitializer());
    int slash = gateway.indexOf('/');
    if (slash < 1 || slash == gateway.length() - 1) {
      throw new ParameterException(
          spec.commandLine(), "--gateway is " + gateway + ", allowed: NAMESPACE/NAME");
    }
    return new ClusterFacts(
        false,
        Set.of(),
        false,
        false,
        new ClusterFacts.GatewayName(gateway.substring(0, slash), gateway.substring(slash + 1)),
        systemNamespace,
        presetPrefix,
        tls,
        clusterDomain,
        modelHeader,
        prometheusUrl,
        images);
  }

  /** The controller's namespace where no flag says it. */
  static String systemNamespace(@Nullable String named) {
    return named == null ? System.getenv().getOrDefault("NAMESPACE", "penstock-system") : named;
  }
}
