package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.penstock.controller.api.Trees;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConfigReconcilerTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final Key OWN = new Key("n", "base");
  private static final Key SYSTEM = new Key("system", "base");

  private FakeCluster cluster;
  private ConfigReconciler reconciler;

  @BeforeEach
  void start() throws IOException {
    cluster = new FakeCluster();
    reconciler =
        new ConfigReconciler(
            cluster.api(),
            cluster,
            "system",
            Clock.fixed(NOW, ZoneOffset.UTC),
            new ReconcileMetrics(new CollectorRegistry()));
    config(SYSTEM);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void a_config_that_nobody_asks_for_is_valid_and_not_in_use() {
    assertThat(inUse(SYSTEM)).isEqualTo("False NotInUse");
    assertThat(
            cluster.get(Kind.CONFIG, SYSTEM).orElseThrow().at("/status/conditions/1/type").asText())
        .isEqualTo("Ready");
  }

  @Test
  void a_config_that_no_service_can_be_rendered_with_is_not_ready_and_says_why()
      throws IOException {
    cluster.put(
        Kind.CONFIG,
        tree("{metadata: {name: base, namespace: n}, spec: {labels: {a: '{{ .Spec.Nope }}'}}}"));
    reconciler.pass(OWN);

    var ready = cluster.get(Kind.CONFIG, OWN).orElseThrow().at("/status/conditions/1");
    assertThat(ready.path("type").asText()).isEqualTo("Ready");
    assertThat(ready.path("status").asText()).isEqualTo("False");
    assertThat(ready.path("reason").asText()).isEqualTo("CombineBaseError");
    assertThat(ready.path("message").asText()).contains("spec.labels.a: field Nope is unknown");
  }

  @Test
  void the_config_of_the_services_namespace_hides_that_of_the_system() throws IOException {
    service("a", "{baseRefs: [{name: base}]}", "{}");
    assertThat(inUse(SYSTEM)).isEqualTo("True InUse");
    assertThat(users(SYSTEM)).isEqualTo("[{\"name\":\"a\",\"namespace\":\"n\"}]");

    config(OWN);

    assertThat(inUse(OWN)).isEqualTo("True InUse");
    assertThat(inUse(SYSTEM)).isEqualTo("False NotInUse");
    assertThat(users(SYSTEM)).isEmpty();
  }

  @Test
  void a_config_that_services_were_rendered_with_is_in_use_though_none_names_it()
      throws IOException {
    service("a", "{}", "{appliedConfigs: [{name: base, namespace: system, source: Preset}]}");
    service("b", "{}", "{appliedConfigs: [{name: base, namespace: \"\", source: Preset}]}");

    assertThat(users(SYSTEM)).isEqualTo("[{\"name\":\"a\",\"namespace\":\"n\"}]");
  }

  @Test
  void nothing_is_written_when_nothing_has_changed() throws IOException {
    service("a", "{baseRefs: [{name: base}]}", "{}");
    assertThat(inUse(SYSTEM)).isEqualTo("True InUse");
    cluster.takeWrites();

    assertThat(reconciler.pass(SYSTEM)).isEqualTo(new Pass.Settled());

    assertThat(cluster.takeWrites()).isEmpty();
  }

  @Test
  void a_service_concerns_the_configs_that_it_asks_for_and_was_rendered_with() throws IOException {
    var service =
        service(
            "a",
            "{baseRefs: [{name: base}]}",
            "{appliedConfigs: [{name: other, namespace: n, source: UserRef}]}");

    assertThat(reconciler.concernedBy(Kind.SERVICE_OBJECT, service))
        .containsExactlyInAnyOrder(SYSTEM, new Key("n", "other"));
    assertThat(reconciler.concernedBy(Kind.POD, service)).isEmpty();
  }

  private void config(Key key) throws IOException {
    cluster.put(
        Kind.CONFIG,
        tree(
            "{metadata: {name: %s, namespace: %s}, spec: {}}"
                .formatted(key.name(), key.namespace())));
  }

  private ObjectNode service(String name, String spec, String status) throws IOException {
    return cluster.put(
        Kind.SERVICE_OBJECT,
        tree(
            "{metadata: {name: %s, namespace: n}, spec: %s, status: %s}"
                .formatted(name, spec, status)));
  }

  private static ObjectNode tree(String yaml) throws IOException {
    return (ObjectNode) YAML.readTree(yaml);
  }

  private String inUse(Key key) {
    reconciler.pass(key);
    var config = cluster.get(Kind.CONFIG, key).orElseThrow();
    for (var condition : Trees.list(config, "status", "conditions")) {
      if (Trees.text(condition, "type").equals("ConfigInUse")) {
        return Trees.text(condition, "status") + " " + Trees.text(condition, "reason");
      }
    }
    return "";
  }

  private String users(Key key) {
    reconciler.pass(key);
    return cluster
        .get(Kind.CONFIG, key)
        .orElseThrow()
        .path("status")
        .path("referencedBy")
        .toString();
  }
}
