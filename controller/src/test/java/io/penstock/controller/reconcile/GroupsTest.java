package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.penstock.controller.api.Trees;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Services that share the traffic of a group, as their routes come out. */
class GroupsTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Key OLD = new Key("n", "old");
  private static final Key NEW = new Key("n", "new");

  private FakeCluster cluster;
  private Reconciler reconciler;

  @BeforeEach
  void start() throws IOException {
    cluster = new FakeCluster();
    reconciler = cluster.reconciler();
    service(OLD, "llama", 90);
    service(NEW, "llama", 10);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void every_route_of_a_group_has_the_pools_of_all_members_that_serve() {
    assertThat(shares(OLD, "v1-model-routing")).containsExactly("old-inference-pool 90");

    serving(NEW);

    assertThat(shares(OLD, "v1-model-routing"))
        .containsExactly("new-inference-pool 10", "old-inference-pool 90");
    assertThat(shares(OLD, "v1-chat-completions-publisher-path"))
        .containsExactly("new-inference-pool 10", "old-inference-pool 90");
    assertThat(shares(OLD, "v1-publisher-path-catch-all"))
        .containsExactly("new-kserve-workload-svc 10", "old-kserve-workload-svc 90");
  }

  @Test
  void the_path_of_one_service_leads_to_it_alone() {
    serving(NEW);

    assertThat(shares(OLD, "v1-chat-completions-path")).containsExactly("old-inference-pool 1");
    assertThat(shares(OLD, "v1-catch-all-path")).containsExactly("old-kserve-workload-svc 1");
  }

  @Test
  void a_member_that_is_stopped_or_serves_other_models_or_leaves_gets_no_share() {
    serving(NEW);
    change(
        NEW,
        service ->
            Trees.with(service, "metadata", "annotations").put("serving.kserve.io/stop", "true"));
    assertThat(shares(OLD, "v1-model-routing")).containsExactly("old-inference-pool 90");

    change(
        NEW,
        service -> {
          Trees.with(service, "metadata", "annotations").remove("serving.kserve.io/stop");
          Trees.with(service, "spec", "model").put("name", "other");
        });
    assertThat(shares(OLD, "v1-model-routing")).containsExactly("old-inference-pool 90");
    assertThat(condition(OLD, "GroupDegraded")).isEqualTo("True MemberDivergence");

    change(NEW, service -> Trees.with(service, "spec", "model").put("name", "llama"));
    assertThat(shares(OLD, "v1-model-routing")).hasSize(2);
    change(
        NEW,
        service -> {
          Trees.with(service, "spec", "router", "route").remove(List.of("group", "weight"));
          Trees.with(service, "status").remove("router");
        });
    assertThat(shares(OLD, "v1-model-routing")).containsExactly("old-inference-pool 90");
  }

  @Test
  void a_member_whose_picker_is_down_gets_no_share_and_one_whose_route_is_new_keeps_it() {
    serving(NEW);
    change(
        NEW, each -> Trees.with(each, "status", "workloads", "scheduler").put("readyReplicas", 0));
    assertThat(shares(OLD, "v1-model-routing")).containsExactly("old-inference-pool 90");

    serving(NEW);
    change(
        NEW,
        each ->
            Trees.with(each, "status")
                .putArray("conditions")
                .addObject()
                .put("type", "RouterReady")
                .put("status", "False")
                .put("reason", "HTTPRoutesNotReady"));
    assertThat(shares(OLD, "v1-model-routing")).hasSize(2);
  }

  @Test
  void a_member_that_penstocks_own_gateway_serves_gets_no_share_for_nobody_else_picks_its_pods() {
    serving(NEW);
    assertThat(shares(OLD, "v1-model-routing")).hasSize(2);

    change(
        NEW,
        each -> Trees.with(each, "metadata", "annotations").put("penstock.io/gateway", "penstock"));

    assertThat(shares(OLD, "v1-model-routing")).containsExactly("old-inference-pool 90");
  }

  @Test
  void a_member_keeps_its_share_while_the_config_that_puts_it_there_is_missing()
      throws IOException {
    var config = new Key("n", "base");
    cluster.put(
        Kind.CONFIG,
        (ObjectNode)
            YAML.readTree(
                """
                metadata: {name: base, namespace: n}
                spec: {router: {route: {group: g, weight: 20}}}
                """));
    change(
        NEW,
        service -> {
          Trees.with(service, "spec").putArray("baseRefs").addObject().put("name", "base");
          Trees.with(service, "spec", "router", "route").remove(List.of("group", "weight"));
        });
    reconciler.pass(NEW);
    serving(NEW);
    assertThat(shares(OLD, "v1-model-routing"))
        .containsExactly("new-inference-pool 20", "old-inference-pool 90");

    cluster.remove(Kind.CONFIG, config);
    reconciler.pass(NEW);
    assertThat(condition(NEW, "PresetsCombined")).startsWith("False");
    serving(NEW);

    assertThat(shares(OLD, "v1-model-routing"))
        .containsExactly("new-inference-pool 20", "old-inference-pool 90");
  }

  @Test
  void a_member_whose_change_the_api_server_refuses_serves_on_and_keeps_its_share() {
    running("new-kserve");
    running("new-kserve-router-scheduler");
    reconciler.pass(NEW);
    assertThat(shares(OLD, "v1-model-routing")).hasSize(2);

    cluster.refuse(Kind.DEPLOYMENT, true);
    change(NEW, service -> Trees.with(service, "spec").put("replicas", 2));
    reconciler.pass(NEW);

    var status = cluster.get(Kind.SERVICE_OBJECT, NEW).orElseThrow().path("status");
    assertThat(status.path("phase").asText()).isEqualTo("Degraded");
    assertThat(status.path("replicas").asText()).isEqualTo("1/1");
    assertThat(condition(NEW, "MainWorkloadReady")).isEqualTo("False InvalidDeployment");
    assertThat(shares(OLD, "v1-model-routing"))
        .containsExactly("new-inference-pool 10", "old-inference-pool 90");
  }

  /** Has a Deployment's pod be ready. */
  private void running(String name) {
    var deployment = cluster.get(Kind.DEPLOYMENT, new Key("n", name)).orElseThrow();
    var status = Trees.with(deployment, "status");
    status.put("observedGeneration", 1).put("replicas", 1);
    status.put("updatedReplicas", 1).put("readyReplicas", 1);
    status.putArray("conditions").addObject().put("type", "Available").put("status", "True");
    cluster.put(Kind.DEPLOYMENT, deployment);
  }

  @Test
  void a_change_of_one_member_concerns_all_of_them_and_nobody_else() throws IOException {
    service(new Key("other", "old"), "llama", 1);
    service(new Key("n", "alone"), "llama", 1);
    change(new Key("n", "alone"), each -> Trees.with(each, "spec", "router").remove("route"));

    var changed = cluster.get(Kind.SERVICE_OBJECT, NEW).orElseThrow();

    assertThat(reconciler.concernedBy(Kind.SERVICE_OBJECT, changed))
        .containsExactlyInAnyOrder(OLD, NEW);
  }

  @Test
  void backends_of_the_user_are_left_as_they_are() {
    serving(NEW);
    change(
        OLD,
        service -> {
          var rule =
              Trees.with(service, "spec", "router", "route", "http", "spec")
                  .putArray("rules")
                  .addObject();
          rule.put("name", "mine")
              .putArray("backendRefs")
              .addObject()
              .put("name", "elsewhere")
              .put("port", 80);
        });

    assertThat(shares(OLD, "mine")).containsExactly("elsewhere null");
  }

  private void service(Key key, String model, int weight) throws IOException {
    cluster.put(
        Kind.SERVICE_OBJECT,
        (ObjectNode)
            YAML.readTree(
                """
                metadata: {name: %s, namespace: %s}
                spec:
                  model: {uri: "hf://a/b", name: %s}
                  replicas: 1
                  router: {scheduler: {}, gateway: {}, route: {group: g, weight: %d}}
                """
                    .formatted(key.name(), key.namespace(), model, weight)));
    reconciler.pass(key);
  }

  /** What the status would say of a member whose pods and picker are ready. */
  private void serving(Key key) {
    change(
        key,
        service -> {
          Trees.with(service, "status", "workloads", "primary").put("readyReplicas", 1);
          Trees.with(service, "status", "workloads", "scheduler").put("readyReplicas", 1);
        });
  }

  private void change(Key key, Consumer<ObjectNode> change) {
    var stored = cluster.get(Kind.SERVICE_OBJECT, key).orElseThrow();
    change.accept(stored);
    cluster.put(Kind.SERVICE_OBJECT, stored);
  }

  private List<String> shares(Key key, String rule) {
    reconciler.pass(key);
    var route = cluster.get(Kind.ROUTE, new Key(key.namespace(), key.name() + "-kserve-route"));
    List<String> shares = new ArrayList<>();
    for (JsonNode each : route.orElseThrow().at("/spec/rules")) {
      if (each.path("name").asText().equals(rule)) {
        each.path("backendRefs")
            .forEach(
                backend ->
                    shares.add(
                        backend.path("name").asText()
                            + " "
                            + backend.path("weight").asText("null")));
      }
    }
    return shares;
  }

  private String condition(Key key, String type) {
    var service = cluster.get(Kind.SERVICE_OBJECT, key).orElseThrow();
    for (var condition : Trees.list(service, "status", "conditions")) {
      if (Trees.text(condition, "type").equals(type)) {
        return Trees.text(condition, "status") + " " + Trees.text(condition, "reason");
      }
    }
    return "";
  }
}
