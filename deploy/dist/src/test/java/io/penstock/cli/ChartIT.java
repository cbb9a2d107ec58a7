package io.penstock.cli;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.desired.ClusterFacts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the chart of {@code deploy/helm} becomes, by the real Helm and without a cluster. */
@Tag("kube")
class ChartIT {

  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));
  private static final String CERTIFICATES = "controller.webhook.certificates.";
  static final String EVERYTHING =
      "gateway.enabled=true,gateway.pool=llm/tiny,picker.enabled=true,picker.pool=tiny";

  private static Helm helm;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    helm = Helm.bringUp(folder);
    Kit.bringUp("kube", "kube-up", "built");
  }

  @Test
  void by_default_it_is_what_the_kustomization_is() throws Exception {
    var chart = byId(helm.template());
    chart.keySet().removeIf(id -> id.startsWith("CustomResourceDefinition/"));

    var kustomization = byId(kustomization());

    assertThat(chart.keySet()).isEqualTo(kustomization.keySet());
    chart.forEach((id, object) -> assertThat(object).as(id).isEqualTo(kustomization.get(id)));
  }

  private static List<ObjectNode> kustomization() throws Exception {
    var process =
        new ProcessBuilder(
                Kit.file("kube-up").toString(),
                "kubectl",
                "kustomize",
                ROOT.resolve("deploy/kustomize/controller").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var yaml = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return Helm.objects(yaml);
  }

  /** The objects by kind and name, without the labels that only say where they come from. */
  private static Map<String, ObjectNode> byId(List<ObjectNode> objects) {
    Map<String, ObjectNode> byId = new TreeMap<>();
    for (var object : objects) {
      var metadata = object.withObject("/metadata");
      metadata.remove("labels");
      byId.put(id(object), object);
    }
    return byId;
  }

  private static String id(JsonNode object) {
    return object.path("kind").asText() + "/" + object.at("/metadata/name").asText();
  }

  @Test
  void its_crds_are_those_of_the_release_and_are_kept() throws Exception {
    var chart = only("CustomResourceDefinition", helm.template("--namespace", "elsewhere"));

    assertThat(chart).hasSize(2);
    for (var crd : chart) {
      var name = crd.at("/spec/names/plural").asText();
      var shipped =
          Helm.objects(Files.readString(ROOT.resolve("deploy/crds/" + name + ".yaml"))).getFirst();
      shipped
          .withObject("/spec/conversion/webhook/clientConfig/service")
          .put("namespace", "elsewhere");
      assertThat(crd.get("spec")).isEqualTo(shipped.get("spec"));
      assertThat(crd.at("/metadata/annotations/helm.sh~1resource-policy").asText())
          .isEqualTo("keep");
    }
    assertThat(only("CustomResourceDefinition", helm.template("--set", "crds.install=false")))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "controller.replica=3, replica",
        "controller.replicas=two, controller/replicas",
        "controller.workers=65, maximum: got 65",
        "controller.gateway=kserve-ingress-gateway, controller/gateway",
        "controller.webhook.failurePolicy=Maybe, \"'Fail', 'Ignore'\"",
        "controller.webhook.certificates.source=vault, \"'own', 'cert-manager', 'secret'\"",
        "controller.webhook.certificates.source=secret, caBundle",
        "controller.webhook.certificates.issuer.kind=Issuer, certificates/issuer",
        "controller.pod.extraArgs=--tls, extraArgs",
        "gateway.enabled=true, gateway",
        "gateway.pool=tiny, gateway/pool",
        "\"gateway.enabled=true,gateway.pool=llm/tiny,gateway.config.listen=:1\", gateway",
        "gateway.drain=300, gateway/drain",
        "gateway.pod.env[0].value=a, gateway/pod/env",
        "\"gateway.enabled=true,gateway.pool=llm/tiny,gateway.podsTls.serverName=a\", podsTls",
        "picker.podsTls.serverName=a, podsTls",
        "picker.redis.secretName=a, redis",
        "gateway.redis.url=cache:6379, redis",
        "picker.enabled=true, picker/pool",
        "picker.poolGroup=example.com, poolGroup",
        "image.digest=sha256:1, image/digest",
        "monitoring.interval=15, monitoring/interval",
        "\"controller.networkPolicy.apiServerPorts={https}\", apiServerPorts"
      })
  void values_that_make_no_sense_are_refused(String values, String named) throws Exception {
    var done = helm.run("template", "penstock", Helm.CHART, "--set", values);

    assertThat(done.status()).isNotZero();
    assertThat(done.said())
        .contains("values don't meet the specifications of the schema")
        .contains(named);
  }

  @Test
  void every_pod_does_little_says_how_it_is_and_is_found_by_its_own_labels_only() throws Exception {
    var objects = helm.template("--set", EVERYTHING);
    var deployments = only("Deployment", objects);

    assertThat(deployments).hasSize(3);
    for (var deployment : deployments) {
      var pod = deployment.at("/spec/template/spec");
      var container = pod.at("/containers/0");
      assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
      assertThat(pod.at("/securityContext/seccompProfile/type").asText())
          .isEqualTo("RuntimeDefault");
      assertThat(container.at("/securityContext/readOnlyRootFilesystem").asBoolean()).isTrue();
      assertThat(container.at("/securityContext/allowPrivilegeEscalation").asBoolean(true))
          .isFalse();
      assertThat(container.at("/securityContext/capabilities/drop/0").asText()).isEqualTo("ALL");
      assertThat(container.has("livenessProbe")).isTrue();
      assertThat(container.has("readinessProbe")).isTrue();
      assertThat(container.at("/resources/limits/memory").asText()).isNotEmpty();
      var selector = deployment.at("/spec/selector/matchLabels");
      var name = deployment.at("/metadata/name").asText();
      assertThat(named(name, only("PodDisruptionBudget", objects)).at("/spec/selector/matchLabels"))
          .isEqualTo(selector);
      assertThat(named(name, only("NetworkPolicy", objects)).at("/spec/podSelector/matchLabels"))
          .isEqualTo(selector);
      assertThat(deployments.stream().filter(each -> finds(selector, each))).hasSize(1);
    }
  }

  @Test
  void of_several_pickers_the_leader_alone_is_ready_and_nothing_waits_for_another()
      throws Exception {
    var several = helm.template("--set", EVERYTHING + ",picker.replicas=2");
    assertThat(arguments("penstock-picker", several)).contains("--ha-enable-leader-election");
    assertThat(rollingUpdate(several)).isEqualTo("{\"maxUnavailable\":\"100%\",\"maxSurge\":1}");
    assertThat(named("penstock-picker", only("PodDisruptionBudget", several))).isNull();

    var equal =
        helm.template("--set", EVERYTHING + ",picker.replicas=2,picker.leaderElection=false");
    for (var objects : List.of(helm.template("--set", EVERYTHING), equal)) {
      assertThat(arguments("penstock-picker", objects))
          .doesNotContain("--ha-enable-leader-election");
      assertThat(rollingUpdate(objects)).isEqualTo("{\"maxUnavailable\":0,\"maxSurge\":1}");
      assertThat(named("penstock-picker", only("PodDisruptionBudget", objects))).isNotNull();
    }
  }

  private static String rollingUpdate(List<ObjectNode> objects) {
    return named("penstock-picker", only("Deployment", objects))
        .at("/spec/strategy/rollingUpdate")
        .toString();
  }

  @Test
  void prometheus_is_told_where_each_part_has_its_metrics() throws Exception {
    assertThat(only("PodMonitor", helm.template("--set", EVERYTHING))).isEmpty();
    var objects =
        helm.template(
            "--set", EVERYTHING + ",monitoring.podMonitors=true,monitoring.labels.release=prom");
    var deployments = only("Deployment", objects);
    var monitors = only("PodMonitor", objects);

    assertThat(monitors).hasSize(3);
    for (var monitor : monitors) {
      assertThat(monitor.at("/metadata/labels/release").asText()).isEqualTo("prom");
      var selector = monitor.at("/spec/selector/matchLabels");
      var found = deployments.stream().filter(each -> finds(selector, each)).toList();
      assertThat(found).hasSize(1);
      var ports = found.getFirst().at("/spec/template/spec/containers/0/ports");
      var port = monitor.at("/spec/podMetricsEndpoints/0/port");
      assertThat(StreamSupport.stream(ports.spliterator(), false).map(each -> each.get("name")))
          .contains(port);
    }
    assertThat(only("PodMonitor", helm.template("--set", "monitoring.podMonitors=true")))
        .hasSize(1);
  }

  private static boolean finds(JsonNode selector, JsonNode deployment) {
    var labels = deployment.at("/spec/template/metadata/labels");
    return selector.properties().stream()
        .allMatch(label -> label.getValue().equals(labels.get(label.getKey())));
  }

  @Test
  void there_is_one_image_and_the_controller_is_told_of_another() throws Exception {
    var released = ClusterFacts.Images.defaults().penstock();
    assertThat(images(helm.template("--set", EVERYTHING))).containsOnly(released).hasSize(3);
    assertThat(images(kustomization())).containsExactly(released);

    var mirrored = helm.template("--set", "image.repository=registry.example:5000/penstock");
    assertThat(images(mirrored)).containsExactly("registry.example:5000/penstock:0.1.0");
    assertThat(arguments("penstock-controller", mirrored))
        .containsSequence("--image", "registry.example:5000/penstock:0.1.0");
    assertThat(arguments("penstock-controller", helm.template())).doesNotContain("--image");

    var digest = "sha256:" + "0123456789abcdef".repeat(4);
    assertThat(images(helm.template("--set", "image.digest=" + digest)))
        .containsExactly("ghcr.io/penstock-project/penstock@" + digest);
  }

  private static List<String> images(List<ObjectNode> objects) {
    return only("Deployment", objects).stream()
        .map(each -> each.at("/spec/template/spec/containers/0/image").asText())
        .toList();
  }

  @Test
  void cert_manager_makes_the_certificate_and_says_whom_to_trust() throws Exception {
    var objects = helm.template("--set", CERTIFICATES + "source=cert-manager");

    var certificate = only("Certificate", objects).getFirst();
    assertThat(texts(certificate.at("/spec/dnsNames")))
        .contains("penstock-webhook.penstock-system.svc");
    assertThat(only("Issuer", objects)).hasSize(1);
    assertThat(callers(objects))
        .hasSize(5)
        .allSatisfy(
            each ->
                assertThat(
                        each.at("/metadata/annotations/cert-manager.io~1inject-ca-from").asText())
                    .isEqualTo("penstock-system/" + certificate.at("/metadata/name").asText()));
    assertThat(arguments("penstock-controller", objects))
        .containsSequence("--webhook-certificate", "/etc/penstock/webhook/tls.crt")
        .containsSequence("--webhook-key", "/etc/penstock/webhook/tls.key");
    var pod = named("penstock-controller", only("Deployment", objects)).at("/spec/template/spec");
    assertThat(pod.at("/volumes/1/secret/secretName"))
        .isEqualTo(certificate.at("/spec/secretName"));
    assertThat(pod.at("/containers/0/volumeMounts/1/mountPath").asText())
        .isEqualTo("/etc/penstock/webhook");

    var issuer =
        CERTIFICATES + "issuer.name=corporate," + CERTIFICATES + "issuer.kind=ClusterIssuer";
    var corporate = helm.template("--set", CERTIFICATES + "source=cert-manager", "--set", issuer);
    assertThat(only("Issuer", corporate)).isEmpty();
    assertThat(only("Certificate", corporate).getFirst().at("/spec/issuerRef/name").asText())
        .isEqualTo("corporate");
  }

  @Test
  void with_a_secret_of_ones_own_the_values_say_whom_to_trust() throws Exception {
    var objects =
        helm.template("--set", CERTIFICATES + "source=secret," + CERTIFICATES + "caBundle=YWJj");

    assertThat(only("Certificate", objects)).isEmpty();
    for (var caller : callers(objects)) {
      var clients = new ArrayList<JsonNode>();
      caller.path("webhooks").forEach(webhook -> clients.add(webhook.path("clientConfig")));
      if (clients.isEmpty()) {
        clients.add(caller.at("/spec/conversion/webhook/clientConfig"));
      }
      assertThat(clients)
          .allSatisfy(client -> assertThat(client.path("caBundle").asText()).isEqualTo("YWJj"));
    }
  }

  /** The objects that say how the API server calls the controller. */
  private static List<ObjectNode> callers(List<ObjectNode> objects) {
    return objects.stream()
        .filter(
            each ->
                each.has("webhooks")
                    || each.path("kind").asText().equals("CustomResourceDefinition"))
        .toList();
  }

  /** Those of that kind. */
  static List<ObjectNode> only(String kind, List<ObjectNode> objects) {
    return objects.stream().filter(each -> each.path("kind").asText().equals(kind)).toList();
  }

  /** The one of that name; null when there is none. */
  static ObjectNode named(String name, List<ObjectNode> objects) {
    return objects.stream()
        .collect(toMap(each -> each.at("/metadata/name").asText(), each -> each))
        .get(name);
  }

  /** What a Deployment's container is started with. */
  static List<String> arguments(String deployment, List<ObjectNode> objects) {
    return texts(
        named(deployment, only("Deployment", objects)).at("/spec/template/spec/containers/0/args"));
  }

  private static List<String> texts(JsonNode list) {
    assertThat(list).isInstanceOf(ArrayNode.class);
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
  }
}
