package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.object;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Penstock's gateway for a service, with the picker inside: the way in where the cluster has no
 * Gateway API.
 */
final class GatewayChildren {

  static final String NAME = "-kserve-gateway";
  private static final String COMPONENT = "router";
  private static final int PORT = 8080;
  private static final int HEALTH_PORT = 8081;

  /** The pod's own loopback, for people, who come by a port-forward. */
  private static final String ADMIN = "127.0.0.1:9090";

  private static final long LEAST_DRAIN_SECONDS = 300;

  private GatewayChildren() {}

  /** Answers of the pods come through the gateway, which waits for them as long as the pods do. */
  private static long drainSeconds(ServiceView service) {
    return Math.max(LEAST_DRAIN_SECONDS, Workloads.longestGraceSeconds(service));
  }

  static List<ObjectNode> of(ServiceView service) {
    var account = service.child(NAME);
    List<ObjectNode> children =
        new ArrayList<>(
            Rbac.account(
                service,
                COMPONENT,
                NAME,
                NAME,
                NAME,
                account,
                array(
                    Rbac.rule("", "pods", "get", "list", "watch"),
                    Rbac.rule(
                        InferencePools.group(service), "inferencepools", "get", "list", "watch"),
                    Rbac.ofRequests())));
    children.add(deployment(service, account));
    children.add(Workloads.budget(service, NAME, COMPONENT, service.identity(COMPONENT)));
    children.add(
        service.child(
            "v1",
            "Service",
            NAME,
            COMPONENT,
            "spec",
            object(
                "selector",
                service.identity(COMPONENT),
                "ports",
                array(
                    object(
                        "name", "http",
                        "appProtocol", "http",
                        "protocol", "TCP",
                        "port", 80,
                        "targetPort", PORT)))));
    return children;
  }

  private static ObjectNode deployment(ServiceView service, String account) {
    var container = container(service);
    var pod =
        object(
            "serviceAccountName",
            account,
            // Longer than the gateway waits for its streams to end.
            "terminationGracePeriodSeconds",
            drainSeconds(service) + 30,
            "securityContext",
            object("runAsNonRoot", true, "seccompProfile", object("type", "RuntimeDefault")),
            "containers",
            array(container),
            "volumes",
            array(object("name", "tmp", "emptyDir", object())));
    var template = object("metadata", object("labels", service.identity(COMPONENT)), "spec", pod);
    var args =
        List.of(
            "--pods-tls",
            "--pods-ca",
            ServingTls.CA_FILE,
            "--pods-server-name",
            service.podServerName());
    ServingTls.verify(service, pod, container, args);
    return service.child(
        "apps/v1",
        "Deployment",
        NAME,
        COMPONENT,
        "spec",
        object(
            "replicas",
            replicas(service),
            "selector",
            object("matchLabels", service.identity(COMPONENT)),
            "strategy",
            Workloads.oneAhead(),
            "template",
            template));
  }

  private static int replicas(ServiceView service) {
    return service.spec().path("router").path("scheduler").path("replicas").asInt(1);
  }

  private static ObjectNode container(ServiceView service) {
    return object(
        "name",
        Engine.CONTAINER,
        "image",
        service.facts().images().penstock(),
        "imagePullPolicy",
        "IfNotPresent",
        "args",
        array(
            "serve",
            "--pool",
            service.namespace() + "/" + service.poolName(),
            "--listen",
            ":" + PORT,
            "--admin",
            ADMIN,
            "--health",
            ":" + HEALTH_PORT,
            "--timeouts.drain",
            drainSeconds(service) + "s"),
        "ports",
        array(
            object("name", "http", "containerPort", PORT, "protocol", "TCP"),
            object("name", "health", "containerPort", HEALTH_PORT, "protocol", "TCP")),
        "livenessProbe",
        probe("/livez", 10, 3),
        "readinessProbe",
        probe("/readyz", 2, 3),
        "resources",
        object(
            "requests", object("cpu", "500m", "memory", "512Mi"),
            "limits", object("memory", "2Gi")),
        "terminationMessagePolicy",
        "FallbackToLogsOnError",
        "securityContext",
        object(
            "allowPrivilegeEscalation", false,
            "readOnlyRootFilesystem", true,
            "capabilities", object("drop", array("ALL"))),
        "volumeMounts",
        array(object("name", "tmp", "mountPath", "/tmp")));
  }

  private static ObjectNode probe(String path, int periodSeconds, int failures) {
    return object(
        "httpGet",
        object("path", path, "port", HEALTH_PORT),
        "periodSeconds",
        periodSeconds,
        "timeoutSeconds",
        5,
        "failureThreshold",
        failures);
  }
}
