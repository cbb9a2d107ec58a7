package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.tools.beside.FreePort;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.awaitility.core.ConditionFactory;

/**
 * A real control plane with RBAC on, and {@code penstock controller} as the ServiceAccount and with
 * the rights of {@code deploy/kustomize/controller}; what people do there and what they see.
 */
final class ControlledCluster {

  static final String SYSTEM = "penstock-system";
  static final String SERVICES = "llminferenceservices.v1alpha2.serving.kserve.io";

  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));
  private static final List<String> KINDS =
      List.of(
          "deployments.apps",
          "replicasets.apps",
          "pods",
          "services",
          "secrets",
          "configmaps",
          "serviceaccounts",
          "roles.rbac.authorization.k8s.io",
          "rolebindings.rbac.authorization.k8s.io",
          "poddisruptionbudgets.policy",
          "horizontalpodautoscalers.autoscaling",
          "leaderworkersets.leaderworkerset.x-k8s.io",
          "inferencepools.inference.networking.k8s.io",
          "httproutes.gateway.networking.k8s.io",
          "scaledobjects.keda.sh");

  private final KubeCluster cluster;
  private final Path folder;
  private final int webhookPort;
  private Path account = Path.of("");
  private PenstockProcess controller;

  private ControlledCluster(KubeCluster cluster, Path folder, int webhookPort) {
    this.cluster = cluster;
    this.folder = folder;
    this.webhookPort = webhookPort;
  }

  /**
   * Brings it up, with an empty namespace.
   *
   * @param flags of the controller, besides those that every test needs
   */
  static ControlledCluster start(Path folder, String... flags) throws Exception {
    var started = new ControlledCluster(KubeCluster.start(folder), folder, FreePort.next());
    try {
      started.install(flags);
      return started;
    } catch (Exception | AssertionError e) {
      started.takeDown();
      throw e;
    }
  }

  private void install(String... flags) throws Exception {
    cluster.kubectl("create", "namespace", SYSTEM);
    cluster.kubectl("apply", "--server-side", "--filename", ROOT + "/deploy/crds");
    cluster.awaitKinds();
    cluster.kubectl("apply", "--namespace", SYSTEM, "-k", ROOT + "/deploy/kustomize/controller");
    account = cluster.account(SYSTEM, "penstock-controller");
    startController(flags);
  }

  /** The cluster itself. */
  KubeCluster cluster() {
    return cluster;
  }

  /** The controller that was started last. */
  PenstockProcess controller() {
    return controller;
  }

  /** The controller's kubeconfig. */
  Path account() {
    return account;
  }

  /** Starts a controller and waits until it serves its webhooks. */
  void startController(String... flags) throws Exception {
    startController(account, flags);
  }

  /** The same, with another way to the API server. */
  void startController(Path kubeconfig, String... flags) throws Exception {
    var usual =
        List.of(
            "controller",
            "--namespace",
            SYSTEM,
            "--admin",
            "127.0.0.1:0",
            "--kinds-every",
            "1s",
            "--webhook",
            "127.0.0.1:" + webhookPort,
            "--webhook-url",
            "https://127.0.0.1:" + webhookPort);
    controller = PenstockProcess.start(Map.of("KUBECONFIG", kubeconfig.toString()), usual, flags);
    controller.said("webhooks on port ");
  }

  /** Ends the controller in good order. */
  void endController() throws Exception {
    controller.terminate();
    assertThat(controller.exitStatus(Duration.ofSeconds(30))).as(controller.output()).isZero();
  }

  /**
   * Kills the controller as a node that dies would; the next need not wait until the Lease of the
   * dead one has run out.
   */
  void killController() throws Exception {
    controller.close();
    controller.exitStatus(Duration.ofSeconds(30));
    cluster.kubectl("delete", "lease", "penstock-controller", "-n", SYSTEM, "--ignore-not-found");
  }

  /** {@code kubectl apply} of one of the owner's examples. */
  void applySeed(String name) throws Exception {
    cluster.apply(seed(name));
  }

  /** One of the owner's examples. */
  static String seed(String name) throws Exception {
    return Files.readString(
        ROOT.resolve("controller/src/test/resources/seed").resolve(name + ".yaml"));
  }

  /** {@code kubectl apply} of a service with this spec, in YAML, indented by two. */
  void apply(String name, String spec) throws Exception {
    cluster.apply(service("v1alpha2", name, spec));
  }

  /** A manifest of a service. */
  static String service(String version, String name, String spec) {
    return """
    apiVersion: serving.kserve.io/%s
    kind: LLMInferenceService
    metadata: {name: %s}
    spec:
    """
            .formatted(version, name)
        + spec;
  }

  /** Merges JSON into a service. */
  void patch(String name, String patch) throws Exception {
    cluster.kubectl("patch", SERVICES, name, "--type=merge", "-p", patch);
  }

  /** Deletes a service and waits until nothing that belongs to it is left. */
  void delete(String name) throws Exception {
    cluster.kubectl("delete", SERVICES, name);
    awaitNothingLeft();
  }

  /** A field of a service. */
  String service(String name, String path) throws Exception {
    return field(SERVICES, name, path);
  }

  /** A field of any object, by JSONPath. */
  String field(String kind, String name, String path) throws Exception {
    return cluster.kubectl("get", kind, name, "-o", "jsonpath=" + path).strip();
  }

  /** Fields of one of a service's conditions. */
  String condition(String name, String type, String path) throws Exception {
    return service(name, path.replace("{.", "{.status.conditions[?(@.type==\"" + type + "\")]."));
  }

  /** Fields of the condition that the owner's manifests wait for. */
  String ready(String name, String path) throws Exception {
    return condition(name, "LLMInferenceServiceReady", path);
  }

  /** Waits until the service is ready, as it is now asked for. */
  void awaitReady(String name) {
    soon()
        .untilAsserted(
            () ->
                assertThat(ready(name, "{.status} {.observedGeneration}"))
                    .as(() -> said(name))
                    .isEqualTo("True " + service(name, "{.metadata.generation}")));
  }

  /** Waits until a condition has this status and reason, as {@code False Progressing}. */
  void awaitCondition(String name, String type, String expected) {
    soon()
        .untilAsserted(
            () ->
                assertThat(condition(name, type, "{.status} {.reason}"))
                    .as(() -> said(name))
                    .isEqualTo(expected));
  }

  private String said(String name) {
    try {
      return service(name, "{.status}") + "\n" + controller.output();
    } catch (Exception e) {
      return e.toString();
    }
  }

  /** Waits until no object in the namespace is a service's child or a child's child. */
  void awaitNothingLeft() {
    soon()
        .untilAsserted(
            () -> {
              removeTerminatingPods();
              assertThat(children()).isEmpty();
            });
  }

  /** KWOK keeps a pod for its grace period; a kubelet removes it when its containers end. */
  private void removeTerminatingPods() throws Exception {
    var list =
        cluster.kubectl(
            "get",
            "pods",
            "-o",
            "jsonpath={range .items[?(@.metadata.deletionTimestamp)]}{.metadata.name} {end}");
    for (var pod : list.strip().split(" +", -1)) {
      if (!pod.isEmpty()) {
        cluster.kubectl("delete", "pod", pod, "--grace-period=0", "--force", "--ignore-not-found");
      }
    }
  }

  /** Everything that a controller may have made in the namespace, sorted. */
  Set<String> children() throws Exception {
    List<String> kinds = new ArrayList<>(KINDS);
    kinds.retainAll(cluster.kubectl("api-resources", "-o", "name").lines().toList());
    return new TreeSet<>(
        cluster
            .kubectl(
                "get",
                String.join(",", kinds),
                "--selector",
                "app.kubernetes.io/part-of=llminferenceservice",
                "-o",
                "name")
            .lines()
            .filter(line -> line.contains("/"))
            .toList());
  }

  /** What the controller has made by itself: no pods, and no sets of pods. */
  Set<String> directChildren() throws Exception {
    var all = children();
    all.removeIf(each -> each.startsWith("pod/") || each.startsWith("replicaset"));
    return all;
  }

  /** A pod of the namespace that is not being deleted. */
  String podThatStays() throws Exception {
    return podsThatStay().split(" ", 2)[0];
  }

  /** Names of the pods of the namespace that are not being deleted. */
  String podsThatStay() throws Exception {
    return cluster
        .kubectl(
            "get",
            "pods",
            "-o",
            "go-template={{range .items}}{{if not .metadata.deletionTimestamp}}"
                + "{{.metadata.name}} {{end}}{{end}}")
        .strip();
  }

  /** {@code penstock why}. */
  PenstockProcess.Finished why(String name) throws Exception {
    var command = List.of("why", name, "-n", KubeCluster.NAMESPACE);
    try (var process = PenstockProcess.start(Map.of("KUBECONFIG", account.toString()), command)) {
      int status = process.exitStatus(Duration.ofMinutes(1));
      return new PenstockProcess.Finished(status, process.output());
    }
  }

  /** A file of a Secret of the namespace. */
  Path ofSecret(String name, String key) throws Exception {
    var data = field("secret", name, "{.data." + key.replace(".", "\\.") + "}");
    return Files.write(folder.resolve(name + "-" + key), Base64.getDecoder().decode(data));
  }

  /** What follows a flag of the first container of a Deployment. */
  String argument(String deployment, String flag) throws Exception {
    var arguments =
        List.of(
            field(
                    "deployment",
                    deployment,
                    "{range .spec.template.spec.containers[0].args[*]}{@}{\"\\n\"}{end}")
                .split("\n", -1));
    assertThat(arguments).contains(flag);
    return arguments.get(arguments.indexOf(flag) + 1);
  }

  /** A page of the controller's admin port. */
  HttpResponse<String> admin(String path) throws Exception {
    return PenstockProcess.get(controller.said("admin on ") + path);
  }

  /** Sum of the series of one metric of the controller. */
  double metric(String name) throws Exception {
    return PenstockProcess.metric(admin("/metrics").body(), name);
  }

  /** Waits two minutes at most. */
  static ConditionFactory soon() {
    return await().atMost(Duration.ofMinutes(2)).pollInterval(Duration.ofMillis(200));
  }

  /** Ends the controller and the cluster. */
  void takeDown() throws Exception {
    if (controller != null) {
      controller.close();
    }
    cluster.takeDown();
  }
}
