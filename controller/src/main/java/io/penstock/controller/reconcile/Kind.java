package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.api.Trees;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The namespaced kinds that the controller reads and writes, in the version it speaks.
 *
 * <p>Some belong to others' CRDs and are not in every cluster; they may come and go while it runs.
 */
public enum Kind {
  SERVICE_OBJECT(Kinds.GROUP, Kinds.V1ALPHA2, Kinds.SERVICE, Kinds.SERVICES, Role.INPUT),
  CONFIG(Kinds.GROUP, Kinds.V1ALPHA2, Kinds.CONFIG, Kinds.CONFIGS, Role.INPUT),
  SERVICE_ACCOUNT("", "v1", "ServiceAccount", "serviceaccounts", Role.CHILD),
  ROLE("rbac.authorization.k8s.io", "v1", "Role", "roles", Role.CHILD),
  ROLE_BINDING("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", Role.CHILD),
  SECRET("", "v1", "Secret", "secrets", Role.CHILD),
  CONFIG_MAP("", "v1", "ConfigMap", "configmaps", Role.CHILD),
  SERVICE("", "v1", "Service", "services", Role.CHILD),
  DEPLOYMENT("apps", "v1", "Deployment", "deployments", Role.CHILD),
  DISRUPTION_BUDGET("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", Role.CHILD),
  AUTOSCALER(
      "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", Role.CHILD),
  POD("", "v1", "Pod", "pods", Role.OBSERVED),
  LEADER_WORKER_SET(
      "leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets", Role.OPTIONAL_CHILD),
  POOL("inference.networking.k8s.io", "v1", "InferencePool", "inferencepools", Role.OPTIONAL_CHILD),
  ALPHA_POOL(
      "inference.networking.x-k8s.io",
      "v1alpha2",
      "InferencePool",
      "inferencepools",
      Role.OPTIONAL_CHILD),
  ROUTE("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", Role.OPTIONAL_CHILD),
  GATEWAY("gateway.networking.k8s.io", "v1", "Gateway", "gateways", Role.OPTIONAL_OBSERVED),
  SCALED_OBJECT("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", Role.OPTIONAL_CHILD),
  CLAIM_TEMPLATE(
      "resource.k8s.io",
      "v1",
      "ResourceClaimTemplate",
      "resourceclaimtemplates",
      Role.OPTIONAL_CHILD);

  private enum Role {
    INPUT,
    CHILD,
    OPTIONAL_CHILD,
    OBSERVED,
    OPTIONAL_OBSERVED
  }

  private final String group;
  private final String version;
  private final String kindName;
  private final String plural;
  private final Role role;

  Kind(String group, String version, String kindName, String plural, Role role) {
    this.group = group;
    this.version = version;
    this.kindName = kindName;
    this.plural = plural;
    this.role = role;
  }

  /** The kind of an object; empty when the controller does not know it. */
  static Optional<Kind> of(JsonNode object) {
    var apiVersion = Trees.text(object, "apiVersion");
    var name = Trees.text(object, "kind");
    return Arrays.stream(values())
        .filter(each -> each.kindName.equals(name) && each.apiVersion().equals(apiVersion))
        .findFirst();
  }

  /** Kinds that the controller creates. */
  static List<Kind> children() {
    return Arrays.stream(values())
        .filter(each -> each.role == Role.CHILD || each.role == Role.OPTIONAL_CHILD)
        .toList();
  }

  /** Whether the cluster may lack it. */
  boolean isOptional() {
    return role == Role.OPTIONAL_CHILD || role == Role.OPTIONAL_OBSERVED;
  }

  /** Whether every cluster has it, without anybody's CRDs. */
  boolean isBuiltIn() {
    return role == Role.CHILD || role == Role.OBSERVED;
  }

  /** Whether only objects with the label of our children are of interest. */
  boolean isLabelled() {
    return role == Role.CHILD || role == Role.OPTIONAL_CHILD || role == Role.OBSERVED;
  }

  /** The API group; empty for the core. */
  String group() {
    return group;
  }

  /** Value of {@code apiVersion}. */
  String apiVersion() {
    return group.isEmpty() ? version : group + "/" + version;
  }

  /** Value of {@code kind}; also the label of metrics. */
  public String kindName() {
    return kindName;
  }

  /** Path of what the API server says of the version; 404 where it serves none of it. */
  String versionPath() {
    return group.isEmpty() ? "/api/" + version : "/apis/" + group + "/" + version;
  }

  /** Name of the resource, as paths have it. */
  String plural() {
    return plural;
  }

  /** Path of the collection in a namespace. */
  public String path(String namespace) {
    return versionPath() + "/namespaces/" + namespace + "/" + plural;
  }

  /** Path of an object. */
  public String path(Key key) {
    return path(key.namespace()) + "/" + key.name();
  }

  ResourceDefinitionContext context() {
    return new ResourceDefinitionContext.Builder()
        .withGroup(group)
        .withVersion(version)
        .withKind(kindName)
        .withPlural(plural)
        .withNamespaced(true)
        .build();
  }
}
