package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.ClusterFacts;
import io.penstock.controller.preset.ConfigLookup;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the controller would change, for services that share the traffic of a group. */
class ComparisonTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final String MODEL = "llama";

  private FakeCluster cluster;

  @BeforeEach
  void start() throws IOException {
    cluster = new FakeCluster();
    var reconciler = cluster.reconciler();
    for (var name : new String[] {"old", "new"}) {
      cluster.put(Kind.SERVICE_OBJECT, written(name, MODEL));
      reconciler.pass(new Key("n", name));
      var there = cluster.get(Kind.SERVICE_OBJECT, new Key("n", name)).orElseThrow();
      Trees.with(there, "status", "workloads", "primary").put("readyReplicas", 1);
      Trees.with(there, "status", "workloads", "scheduler").put("readyReplicas", 1);
      cluster.put(Kind.SERVICE_OBJECT, there);
    }
    reconciler.pass(new Key("n", "old"));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void the_other_members_keep_their_shares() throws IOException {
    var result = compared(written("old", MODEL));

    assertThat(result.problems()).isEmpty();
    assertThat(result.changes()).isEmpty();
  }

  @Test
  void a_service_that_leaves_the_group_or_serves_other_models_loses_the_others()
      throws IOException {
    var alone = written("old", MODEL);
    Trees.with(alone, "spec", "router", "route").put("group", "another");

    for (var each : new ObjectNode[] {alone, written("old", "other")}) {
      assertThat(compared(each).changes())
          .filteredOn(change -> change.name().contains(".HTTPRoute."))
          .singleElement()
          .satisfies(
              change -> {
                assertThat(String.valueOf(change.before())).contains("new-inference-pool");
                assertThat(String.valueOf(change.after())).doesNotContain("new-inference-pool");
              });
    }
  }

  private Comparison.Result compared(ObjectNode service) throws IOException {
    return Comparison.with(cluster.api(), ClusterFacts.offline())
        .compare(service, ConfigLookup.empty());
  }

  private static ObjectNode written(String name, String model) throws IOException {
    return (ObjectNode)
        YAML.readTree(
            """
            apiVersion: serving.kserve.io/v1alpha2
            kind: LLMInferenceService
            metadata: {name: %s, namespace: n}
            spec:
              model: {uri: "hf://a/b", name: %s}
              replicas: 1
              router: {scheduler: {}, gateway: {}, route: {group: g, weight: 50}}
            """
                .formatted(name, model));
  }
}
