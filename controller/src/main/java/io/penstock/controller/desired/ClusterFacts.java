package io.penstock.controller.desired;

import java.util.Set;

/**
 * What rendering depends on besides the objects: what the cluster serves, names, images, defaults.
 * Immutable.
 *
 * @param gatewayApi whether HTTPRoutes can be created; without it Penstock's own gateway is
 *     rendered
 * @param poolVersions versions of InferencePool that the cluster serves; empty: none
 * @param leaderWorkerSet whether LeaderWorkerSets can be created
 * @param keda whether ScaledObjects can be created
 * @param gateway the Gateway of routes whose service names none
 * @param systemNamespace where configs are looked for after the service's own namespace
 * @param presetPrefix what names of configs that replace a built-in preset begin with
 * @param tls whether pods serve TLS where no probe says so
 * @param clusterDomain DNS domain of Services
 * @param modelHeader header by which HTTPRoutes choose a model; empty: no such rules
 * @param prometheusUrl where autoscaling asks for its metrics; empty: nowhere
 * @param images what Penstock runs beside the engine
 */
public record ClusterFacts(
    boolean gatewayApi,
    Set<PoolVersion> poolVersions,
    boolean leaderWorkerSet,
    boolean keda,
    GatewayName gateway,
    String systemNamespace,
    String presetPrefix,
    boolean tls,
    String clusterDomain,
    String modelHeader,
    String prometheusUrl,
    Images images) {

  /** A version of the InferencePool API. */
  public enum PoolVersion {
    /** {@code inference.networking.k8s.io/v1}. */
    V1("inference.networking.k8s.io", "v1"),
    /** {@code inference.networking.x-k8s.io/v1alpha2}. */
    V1ALPHA2("inference.networking.x-k8s.io", "v1alpha2");

    private final String group;
    private final String version;

    PoolVersion(String group, String version) {
      this.group = group;
      this.version = version;
    }

    /** The API group. */
    public String group() {
      return group;
    }

    /** Value of {@code apiVersion}. */
    public String apiVersion() {
      return group + "/" + version;
    }
  }

  /** Which Gateway. */
  public record GatewayName(String namespace, String name) {}

  /**
   * Image references.
   *
   * @param penstock runs {@code penstock serve} and {@code penstock picker}
   * @param sidecar llm-d's routing sidecar, in P/D mode behind a foreign gateway
   * @param storageInitializer downloads models and adapters
   */
  public record Images(String penstock, String sidecar, String storageInitializer) {

    /** The images of this release. */
    public static Images defaults() {
      return new Images(
          "ghcr.io/penstock-project/penstock:0.1.0",
          "ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.10.0",
          "kserve/storage-initializer:v0.20.0");
    }
  }

  public ClusterFacts {
    poolVersions = Set.copyOf(poolVersions);
  }

  /** A cluster that serves everything, with all defaults. */
  public static ClusterFacts offline() {
    return new ClusterFacts(
        true,
        Set.of(PoolVersion.V1),
        true,
        true,
        new GatewayName("kserve", "kserve-ingress-gateway"),
        "kserve",
        "kserve-",
        false,
        "cluster.local",
        "X-Gateway-Model-Name",
        "",
        Images.defaults());
  }

  /** These facts for a cluster with or without the Gateway API. */
  public ClusterFacts withGatewayApi(boolean served) {
    return with(served, poolVersions, leaderWorkerSet, keda, prometheusUrl);
  }

  /** These facts for a cluster that serves these versions of InferencePool. */
  public ClusterFacts withPoolVersions(Set<PoolVersion> served) {
    return with(gatewayApi, served, leaderWorkerSet, keda, prometheusUrl);
  }

  /** These facts for a cluster with or without LeaderWorkerSets and ScaledObjects. */
  public ClusterFacts withOptionalKinds(boolean leaderWorkerSets, boolean scaledObjects) {
    return with(gatewayApi, poolVersions, leaderWorkerSets, scaledObjects, prometheusUrl);
  }

  /** These facts where Prometheus answers at that URL. */
  public ClusterFacts withPrometheusUrl(String url) {
    return with(gatewayApi, poolVersions, leaderWorkerSet, keda, url);
  }

  private ClusterFacts with(
      boolean routes,
      Set<PoolVersion> pools,
      boolean leaderWorkerSets,
      boolean scaledObjects,
      String prometheus) {
    return new ClusterFacts(
        routes,
        pools,
        leaderWorkerSets,
        scaledObjects,
        gateway,
        systemNamespace,
        presetPrefix,
        tls,
        clusterDomain,
        modelHeader,
        prometheus,
        images);
  }
}
