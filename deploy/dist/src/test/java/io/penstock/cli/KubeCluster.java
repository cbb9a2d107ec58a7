package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A real control plane with one namespace, and what the kubelet would run there: simulated pods
 * bound to the addresses that the API server gives their objects. {@link #takeDown} ends it all.
 */
final class KubeCluster {

  static final String NAMESPACE = "llm";

  private static final int PORT = 8000;

  private final Path folder;
  private final Fleet fleet = Fleet.builder().build();
  private final Map<String, SimulatedPod> running = new HashMap<>();

  private KubeCluster(Path folder) {
    this.folder = folder;
  }

  /** Brings it up, with an empty namespace. */
  static KubeCluster start(Path folder) throws Exception {
    Kit.bringUp("kube", "kube-up", "start");
    var cluster = new KubeCluster(folder);
    cluster.kubectl("create", "namespace", NAMESPACE);
    return cluster;
  }

  /** Brings back what does not run. */
  void startAgain() throws Exception {
    kubeUp("", "start");
  }

  /** Ends one program of the control plane. */
  void stop(String program) throws Exception {
    kubeUp("", "stop", program);
  }

  /** Runs kubectl in the namespace as an administrator; gives what it prints. */
  String kubectl(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("kubectl", "--namespace", NAMESPACE));
    all.addAll(List.of(arguments));
    return kubeUp("", all.toArray(String[]::new));
  }

  /** {@code kubectl apply} of objects. */
  void apply(String yaml) throws Exception {
    kubeUp(yaml, "kubectl", "--namespace", NAMESPACE, "apply", "-f", "-");
  }

  /** The same in another namespace. */
  void apply(String namespace, String yaml) throws Exception {
    kubeUp(yaml, "kubectl", "--namespace", namespace, "apply", "-f", "-");
  }

  /** Runs kubectl on objects, such as {@code apply}; gives what it prints, warnings too. */
  String kubectlOn(String yaml, String verb) throws Exception {
    return kubeUp(yaml, "kubectl", "--namespace", NAMESPACE, verb, "-f", "-");
  }

  /** {@code kubectl apply} of objects that the API server refuses; gives what it says. */
  String refused(String yaml) throws Exception {
    var done = run(yaml, "kubectl", "--namespace", NAMESPACE, "apply", "-f", "-");
    assertThat(done.status()).as(done.output()).isNotZero();
    return done.output();
  }

  /**
   * Installs kinds: an InferencePool's version, {@code llm-d}, {@code objectives}, {@code
   * gateway-api}, {@code lws} or {@code keda}.
   */
  void install(String kinds) throws Exception {
    kubeUp(kubeUp("", "crd", kinds), "kubectl", "apply", "--server-side", "-f", "-");
    awaitKinds();
  }

  /** Waits until every kind is served. One that was just made has no conditions to wait for yet. */
  void awaitKinds() {
    await()
        .atMost(Duration.ofMinutes(1))
        .pollInterval(Duration.ofMillis(200))
        .untilAsserted(
            () ->
                kubectl(
                    "wait", "--for", "condition=established", "--timeout", "5s", "crd", "--all"));
  }

  /** Applies a folder of {@code deploy/kustomize} to the namespace, as an overlay would. */
  void kustomize(String name) throws Exception {
    var overlay = Files.createTempDirectory(folder, name);
    var shipped = Path.of(System.getProperty("penstock.root")).resolve("deploy/kustomize/" + name);
    Files.writeString(
        overlay.resolve("kustomization.yaml"),
        "namespace: %s\nresources: [%s]\n"
            .formatted(NAMESPACE, overlay.toRealPath().relativize(shipped.toRealPath())));
    kubectl("apply", "-k", overlay.toString());
  }

  /** A kubeconfig file with the token of a ServiceAccount of the namespace. */
  Path account(String name) throws Exception {
    return account(NAMESPACE, name);
  }

  /** A kubeconfig file with the token of a ServiceAccount. */
  Path account(String namespace, String name) throws Exception {
    return Files.writeString(
        folder.resolve(name + ".kubeconfig"), kubeUp("", "account", namespace, name));
  }

  /** Whether a ServiceAccount of the namespace may do something there. */
  boolean allows(String account, String verb, String resource) throws Exception {
    var review =
        """
        apiVersion: authorization.k8s.io/v1
        kind: SubjectAccessReview
        spec:
          user: system:serviceaccount:%s:%s
          resourceAttributes: {namespace: %s, verb: %s, resource: %s}
        """
            .formatted(NAMESPACE, account, NAMESPACE, verb, resource);
    return kubeUp(review, "kubectl", "create", "-f", "-", "-o", "jsonpath={.status.allowed}")
        .equals("true");
  }

  /** Creates a pod that is not ready; the simulated vLLM behind it answers already. */
  SimulatedPod create(String name, String labels) throws Exception {
    apply(
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: %s
          labels: {%s}
          annotations: {penstock.io/readiness: by-hand}
        spec:
          terminationGracePeriodSeconds: 60
          containers: [{name: vllm, image: simulated-vllm}]
        """
            .formatted(name, labels));
    await().atMost(Duration.ofMinutes(1)).until(() -> !address(name).isEmpty());
    var pod =
        fleet.start(
            PodConfig.builder()
                .address(new InetSocketAddress(address(name), PORT))
                .profile(EngineProfile.INSTANT)
                .seed(1)
                .build());
    running.put(name, pod);
    return pod;
  }

  private String address(String name) throws Exception {
    return kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}").strip();
  }

  /** What the readiness probe found. */
  void ready(String name, boolean ready) throws Exception {
    kubectl(
        "patch",
        "pod",
        name,
        "--subresource=status",
        "--patch",
        "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"%s\"}]}}"
            .formatted(ready ? "True" : "False"));
  }

  /** Merges JSON with the member {@code status} into an object's status, unless that is gone. */
  void patchStatus(String kind, String namespace, String name, String patch) throws Exception {
    var done =
        run(
            "",
            "kubectl",
            "--namespace",
            namespace,
            "patch",
            kind,
            name,
            "--subresource=status",
            "--type=merge",
            "-p",
            patch);
    assertThat(done.status() == 0 || done.output().contains("(NotFound)"))
        .as(done.output())
        .isTrue();
  }

  /** Begins to delete a pod: it is terminating until {@link #end}. */
  void delete(String name) throws Exception {
    kubectl("delete", "pod", name, "--wait=false");
  }

  /** Ends a pod's process and removes its object. */
  void end(String name) throws Exception {
    running.remove(name).kill();
    kubectl("delete", "pod", name, "--grace-period=0", "--force");
  }

  private static String kubeUp(String input, String... arguments)
      throws IOException, InterruptedException {
    var done = run(input, arguments);
    assertThat(done.status()).as(String.join(" ", arguments) + ": " + done.output()).isZero();
    return done.output();
  }

  private static PenstockProcess.Finished run(String input, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Kit.file("kube-up").toString()));
    command.addAll(List.of(arguments));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new PenstockProcess.Finished(process.waitFor(), output);
  }

  /** Ends every pod and program and forgets the state. */
  void takeDown() throws Exception {
    fleet.close();
    kubeUp("", "stop");
  }
}
