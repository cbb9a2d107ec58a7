package io.penstock.cli;

import static io.penstock.cli.ChartIT.EVERYTHING;
import static io.penstock.cli.ChartIT.arguments;
import static io.penstock.cli.ChartIT.named;
import static io.penstock.cli.ChartIT.only;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What of the chart's values reaches its pods, by the real Helm and without a cluster. */
@Tag("kube")
class ChartPodsIT {

  private static Helm helm;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    helm = Helm.bringUp(folder);
  }

  @Test
  void what_is_configured_reaches_the_pods() throws Exception {
    var values =
        Files.writeString(
            folder.resolve("values.yaml"),
            """
            controller: {enabled: false}
            gateway:
              enabled: true
              config:
                pools:
                  - name: llm
                    discovery: {kubernetes: {pool: llm/qwen}}
              namespaces: [llm, other]
              podsTls: {secretName: pods}
              pod: {labels: {team: a}, javaOptions: -Xmx1g, extraArgs: [--log.access, "false"]}
            picker:
              enabled: true
              pool: qwen
              config: {kind: EndpointPickerConfig}
              podsTls: {secretName: pods, serverName: qwen.llm.svc}
            """);
    var objects = helm.template("--values", values.toString());

    assertThat(only("Deployment", objects)).hasSize(2);
    assertThat(named("penstock-gateway", only("ConfigMap", objects)).at("/data").toString())
        .contains("pool: llm/qwen");
    assertThat(arguments("penstock-gateway", objects))
        .containsSequence("--config", "/etc/penstock/gateway.yaml")
        .endsWith("--log.access", "false")
        .doesNotContain("--pool", "--pods-tls", "--pods-ca");
    assertThat(only("Role", objects).stream().map(each -> each.at("/metadata/namespace").asText()))
        .containsExactlyInAnyOrder("llm", "other", "penstock-system");
    var gateway = named("penstock-gateway", only("Deployment", objects)).at("/spec/template");
    assertThat(gateway.at("/metadata/labels/team").asText()).isEqualTo("a");
    assertThat(gateway.at("/metadata/annotations/checksum~1config").asText()).hasSize(64);
    assertThat(gateway.at("/spec/containers/0/env").toString()).contains("-Xmx1g");
    assertThat(gateway.at("/spec/containers/0/volumeMounts").toString())
        .contains("/etc/penstock/pods");
    assertThat(arguments("penstock-picker", objects))
        .contains(
            "--config-file=/etc/penstock/picker.yaml",
            "--model-server-metrics-server-name=qwen.llm.svc");
  }

  @Test
  void replicas_are_told_of_their_redis_and_may_reach_it() throws Exception {
    var values =
        Files.writeString(
            folder.resolve("values.yaml"),
            """
            gateway:
              enabled: true
              pool: llm/qwen
              redis: {url: "rediss://penstock@cache.llm:7000", secretName: cache}
            picker:
              enabled: true
              pool: qwen
              redis: {url: "redis://cache.llm"}
            """);
    var objects = helm.template("--values", values.toString());

    assertThat(arguments("penstock-gateway", objects))
        .contains(
            "--replicas.redis=rediss://penstock@cache.llm:7000",
            "--replicas.password-file=/etc/penstock/redis/password",
            "--replicas.ca=/etc/penstock/redis/ca.crt");
    var gateway = named("penstock-gateway", only("Deployment", objects)).at("/spec/template/spec");
    assertThat(gateway.at("/volumes").toString()).contains("\"secretName\":\"cache\"");
    assertThat(gateway.at("/containers/0/volumeMounts").toString()).contains("/etc/penstock/redis");
    assertThat(arguments("penstock-picker", objects))
        .contains("--replicas-redis=redis://cache.llm")
        .noneMatch(flag -> flag.contains("password") || flag.startsWith("--replicas-ca"));
    var policies = only("NetworkPolicy", objects);
    assertThat(named("penstock-gateway", policies).at("/spec/egress").toString())
        .contains("\"port\":7000");
    assertThat(named("penstock-picker", policies).at("/spec/egress").toString())
        .contains("\"port\":6379");
  }

  @Test
  void a_gateways_admin_listener_is_reached_from_inside_its_pod_alone() throws Exception {
    var objects = helm.template("--set", EVERYTHING);

    assertThat(arguments("penstock-gateway", objects))
        .containsSequence("--admin", "127.0.0.1:9090");
    var gateways =
        objects.stream().filter(each -> each.at("/metadata/name").asText().endsWith("-gateway"));
    assertThat(gateways.map(each -> each.findValues("ports").toString()))
        .noneMatch(ports -> ports.contains("9090") || ports.contains("admin"));
  }

  @Test
  void files_and_variables_that_a_configuration_needs_are_brought_into_the_pods() throws Exception {
    var pod =
        "{volumes: [{name: keys, secret: {secretName: keys}}],"
            + " volumeMounts: [{name: keys, mountPath: /etc/keys, readOnly: true}],"
            + " env: [{name: SOME, valueFrom: {secretKeyRef: {name: keys, key: some}}}]}";
    var values =
        Files.writeString(
            folder.resolve("values.yaml"),
            """
            controller: {pod: POD}
            gateway:
              enabled: true
              config:
                auth: {keysFile: /etc/keys/keys}
                tls: {certificate: /etc/keys/tls.crt, key: /etc/keys/tls.key}
              pod: POD
            picker: {enabled: true, pool: qwen, pod: POD}
            """
                .replace("POD", pod));
    var objects = helm.template("--values", values.toString());

    assertThat(only("Deployment", objects)).hasSize(3);
    for (var deployment : only("Deployment", objects)) {
      var spec = deployment.at("/spec/template/spec");
      assertThat(spec.at("/volumes").toString()).contains("\"secretName\":\"keys\"");
      var container = spec.at("/containers/0");
      assertThat(container.at("/volumeMounts").findValuesAsText("mountPath"))
          .contains("/tmp", "/etc/keys");
      assertThat(container.at("/env").findValuesAsText("name")).contains("POD_NAME", "SOME");
    }
  }

  @Test
  void a_gateways_service_says_whether_clients_speak_tls() throws Exception {
    var tls = "gateway.enabled=true,gateway.config.tls.certificate=/a,gateway.config.tls.key=/b";

    assertThat(appProtocol(helm.template("--set", tls))).isEqualTo("https");
    assertThat(appProtocol(helm.template("--set", EVERYTHING))).isEqualTo("http");
  }

  private static String appProtocol(List<ObjectNode> objects) {
    return named("penstock-gateway", only("Service", objects))
        .at("/spec/ports/0/appProtocol")
        .asText();
  }
}
