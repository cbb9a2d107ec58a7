package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.named;
import static io.penstock.controller.preset.Nodes.object;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * llm-d's routing sidecar in decode pods: runs the prefill leg of a request for gateways that
 * cannot do it themselves. It takes the pod's port, and the engine moves to the next one.
 */
final class RoutingSidecar {

  static final String CONTAINER = "llm-d-routing-sidecar";
  private static final int ENGINE_PORT = Engine.PORT + 1;

  private RoutingSidecar() {}

  static void add(ServiceView service, ObjectNode pod, ObjectNode engine) {
    moveEngine(engine);
    if (named(pod, "initContainers", CONTAINER) != null) {
      return;
    }
    var args =
        array(
            "--port=" + Engine.PORT,
            "--vllm-port=" + ENGINE_PORT,
            "--kv-connector=nixlv2",
            "--enable-ssrf-protection=true",
            "--pool-group=" + InferencePools.group(service),
            "--inference-pool=" + service.namespace() + "/" + service.poolName(),
            "--secure-proxy=" + service.shape().tls());
    if (service.shape().tls()) {
      args.add("--cert-path=" + ServingTls.MOUNT);
      args.add("--enable-tls=decoder").add("--enable-tls=prefiller");
      // It calls them by address, which no certificate names, and can be told no other name.
      args.add("--tls-insecure-skip-verify=prefiller");
    }
    var env =
        array(
            object(
                "name",
                "INFERENCE_POOL_NAMESPACE",
                "valueFrom",
                object("fieldRef", object("fieldPath", "metadata.namespace"))),
            object("name", "INFERENCE_POOL_NAME", "value", service.poolName()));
    if (service.shape().tls()) {
      // It has no flag for an issuer, and knows but those of its system.
      env.add(object("name", "SSL_CERT_DIR", "value", ServingTls.MOUNT + ":/etc/ssl/certs"));
    }
    var sidecar =
        object(
            "name",
            CONTAINER,
            "image",
            service.facts().images().sidecar(),
            "imagePullPolicy",
            "IfNotPresent",
            // Starts before the engine, ends after it.
            "restartPolicy",
            "Always",
            "command",
            array("/app/pd-sidecar"),
            "args",
            args,
            "env",
            env,
            "ports",
            array(object("name", "sidecar", "containerPort", Engine.PORT, "protocol", "TCP")),
            "securityContext",
            object(
                "allowPrivilegeEscalation", false,
                "readOnlyRootFilesystem", true,
                "capabilities", object("drop", array("ALL"))),
            "terminationMessagePolicy",
            "FallbackToLogsOnError");
    arrayAt(pod, "initContainers").add(sidecar);
    ServingTls.serve(service, pod, sidecar);
  }

  private static void moveEngine(ObjectNode engine) {
    Engine.addEnv(engine, "ENGINE_PORT", String.valueOf(ENGINE_PORT));
    for (var port : engine.path("ports")) {
      if (port instanceof ObjectNode object && port.path("containerPort").asInt() == Engine.PORT) {
        object.put("containerPort", ENGINE_PORT);
      }
    }
    for (var probe : Engine.PROBES) {
      if (at(engine, probe, "httpGet") instanceof ObjectNode get
          && get.path("port").equals(IntNode.valueOf(Engine.PORT))) {
        get.put("port", ENGINE_PORT);
      }
    }
  }

  /** What the sidecar may do: see the pods that it is allowed to call. */
  static ArrayNode rules(ServiceView service) {
    return array(
        Rbac.rule("", "pods", "get", "list", "watch"),
        Rbac.rule(InferencePools.group(service), "inferencepools", "get", "list", "watch"));
  }
}
