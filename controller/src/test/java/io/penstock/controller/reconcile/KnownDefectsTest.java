package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.penstock.controller.api.Trees;
import java.io.IOException;
import java.util.EnumSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Defects of KServe's controller in what it does to a cluster and says of it, which users reported
 * or its code shows, and that are not here. Those with a test of their own beside the feature are
 * not repeated.
 */
class KnownDefectsTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Key KEY = new Key("n", "s");
  private static final Key GATEWAY = new Key("n", "front");

  private FakeCluster cluster;
  private Reconciler reconciler;

  @BeforeEach
  void start() throws IOException {
    cluster = new FakeCluster();
    reconciler = cluster.reconciler();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void a_pool_without_a_managed_route_is_ready_when_the_named_gateway_has_accepted_it()
      throws IOException {
    gateway();
    service("{scheduler: {}, gateway: {refs: [{name: front}]}}");
    assertThat(condition("InferencePoolReady")).isEqualTo("False WaitingForGateway");

    var pool = cluster.all(Kind.POOL).getFirst();
    var parent = Trees.with(pool, "status").putArray("parents").addObject();
    Trees.with(parent, "parentRef").put("name", "front").put("namespace", "n");
    parent.putArray("conditions").addObject().put("type", "Accepted").put("status", "True");
    cluster.put(Kind.POOL, pool);
    reconciler.pass(KEY);

    assertThat(condition("InferencePoolReady")).isEqualTo("True Accepted");
  }

  @Test
  void a_pool_that_no_gateway_is_named_for_waits_for_none() throws IOException {
    service("{scheduler: {}}");

    assertThat(condition("InferencePoolReady")).isEqualTo("True Accepted");
  }

  @Test
  void a_gateway_that_is_there_is_never_called_missing_because_it_has_not_been_seen()
      throws IOException {
    gateway();
    cluster.hide(Kind.GATEWAY);

    service("{scheduler: {}, route: {}, gateway: {refs: [{name: front}]}}");

    assertThat(condition("GatewaysReady")).isEqualTo("True Programmed");
  }

  @Test
  void a_service_that_loses_its_route_loses_the_urls_of_it() throws IOException {
    gateway();
    service("{route: {}, gateway: {refs: [{name: front}]}}");
    assertThat(url()).isEqualTo("http://203.0.113.7/n/s");

    var stored = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    Trees.with(stored, "spec").remove("router");
    cluster.put(Kind.SERVICE_OBJECT, stored);
    reconciler.pass(KEY);

    assertThat(url()).isEqualTo("http://s-kserve-workload-svc.n.svc.cluster.local:8000");
  }

  @Test
  void rights_that_somebody_adds_to_a_role_are_taken_away() throws IOException {
    service("{scheduler: {}, route: {}, gateway: {}}");
    var role = cluster.all(Kind.ROLE).getFirst();
    var wanted = role.get("rules").deepCopy();
    role.withArray("rules").addObject().putArray("verbs").add("*");
    cluster.put(Kind.ROLE, role);

    assertThat(reconciler.concernedBy(Kind.ROLE, role)).containsExactly(KEY);
    reconciler.pass(KEY);

    assertThat(cluster.all(Kind.ROLE).getFirst().get("rules")).isEqualTo(wanted);
  }

  @Test
  void the_pools_of_a_group_are_of_the_version_that_they_are_of() throws IOException {
    cluster.serve(EnumSet.complementOf(EnumSet.of(Kind.POOL)));
    service("{scheduler: {}, gateway: {}, route: {group: g, weight: 1}}");

    var peers = new Groups(cluster).peers(tree("{metadata: {name: t, namespace: n}}"), "g");

    assertThat(peers.getFirst().member().backend().path("group").asText())
        .isEqualTo("inference.networking.x-k8s.io");
  }

  @Test
  void a_pool_of_another_service_has_no_scheduler_of_this_ones_name() throws IOException {
    service("{scheduler: {pool: {ref: {name: shared}}}, route: {}, gateway: {}}");

    assertThat(cluster.all(Kind.SERVICE)).hasSize(1);
    assertThat(cluster.all(Kind.POOL)).isEmpty();
    assertThat(Trees.at(stored(), "status", "router")).isNull();
  }

  private void gateway() throws IOException {
    cluster.put(
        Kind.GATEWAY,
        tree(
            """
            metadata: {name: front, namespace: n}
            spec: {listeners: [{name: http, port: 80, protocol: HTTP}]}
            status:
              addresses: [{value: 203.0.113.7}]
              conditions: [{type: Programmed, status: "True"}]
            """));
    assertThat(cluster.get(Kind.GATEWAY, GATEWAY)).isPresent();
  }

  private void service(String router) throws IOException {
    cluster.put(
        Kind.SERVICE_OBJECT,
        tree(
            """
            metadata: {name: s, namespace: n}
            spec:
              model: {uri: "pvc://a/b"}
              replicas: 1
              router: %s
            """
                .formatted(router)));
    assertThat(reconciler.pass(KEY)).isInstanceOf(Pass.Again.class);
  }

  private static ObjectNode tree(String yaml) throws IOException {
    return (ObjectNode) YAML.readTree(yaml);
  }

  private ObjectNode stored() {
    return cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
  }

  private String url() {
    return Trees.text(stored(), "status", "url");
  }

  private String condition(String type) {
    return Trees.list(stored(), "status", "conditions").stream()
        .filter(each -> Trees.text(each, "type").equals(type))
        .map(each -> Trees.text(each, "status") + " " + Trees.text(each, "reason"))
        .findFirst()
        .orElse("");
  }
}
