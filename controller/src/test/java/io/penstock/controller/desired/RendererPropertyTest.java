package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.penstock.controller.preset.ConfigLookup;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever the API server stores: objects, or a reason; and the same ones every time. */
class RendererPropertyTest {

  private static final String RICH =
      """
      apiVersion: serving.kserve.io/v1alpha2
      kind: LLMInferenceService
      metadata:
        name: llama
        labels: {kueue.x-k8s.io/queue-name: q}
        annotations: {serving.kserve.io/storageSecretName: s, serving.kserve.io/exp-dra-device-class: d}
      spec:
        model:
          uri: "hf://a/b"
          name: base
          lora: {maxRank: 8, adapters: [{name: x, uri: "s3://b/x"}, {name: y, uri: "pvc://c/y"}]}
        replicas: 2
        labels: {a: b}
        annotations: {c: d}
        parallelism: {tensor: 2, data: 4, dataLocal: 2, dataRPCPort: 5000, expert: true}
        rolloutStrategy: {maxUnavailable: 1, maxSurge: "20%"}
        kvCacheOffloading: {cpu: 1Gi, secondary: [{fileSystem: {emptyDir: {size: 1Gi}}}]}
        tracing: {sampler: always_on}
        template:
          containers:
            - name: main
              args: [--x]
              env: [{name: A, value: b}]
              livenessProbe: {httpGet: {port: 8000, scheme: HTTPS}}
              resources: {limits: {nvidia.com/gpu: "4"}}
          volumes: [{name: tmp, emptyDir: {}}]
        worker: {containers: [{name: main}]}
        prefill:
          template: {containers: [{name: main}]}
          scaling: {maxReplicas: 3, keda: {triggers: [{type: cron}]}}
        router:
          route: {group: g, weight: 1}
          gateway: {refs: [{name: gw, namespace: infra}]}
          scheduler:
            replicas: 2
            pool: {spec: {targetPorts: [{number: 8000}]}}
            labels: {e: f}
            template: {containers: [{name: main, env: [{name: Z, value: z}]}]}
      """;

  private static final List<ClusterFacts> CLUSTERS =
      List.of(
          ClusterFacts.offline(),
          ClusterFacts.offline().withGatewayApi(false),
          ClusterFacts.offline().withPoolVersions(Set.of(ClusterFacts.PoolVersion.V1ALPHA2)));

  @Test
  void no_object_is_too_strange() {
    long seed = 4_711;
    var random = new SplittableRandom(seed);
    int rendered = 0;
    Rendered.of(RICH);
    for (int i = 0; i < 1_500; i++) {
      var service = Rendered.service(RICH);
      for (int n = random.nextInt(1, 4); n > 0; n--) {
        mutate(service.path("spec"), random);
      }
      var facts = CLUSTERS.get(random.nextInt(CLUSTERS.size()));
      var what = "seed %d, round %d: %s".formatted(seed, i, service);
      var before = service.deepCopy();

      Rendering first;
      try {
        first = Renderer.render(service, ConfigLookup.empty(), facts);
      } catch (RuntimeException e) {
        throw new AssertionError(what, e);
      }

      assertThat(service).as(what).isEqualTo(before);
      assertThat(Renderer.render(service, ConfigLookup.empty(), facts)).as(what).isEqualTo(first);
      switch (first) {
        case Rendering.Refused(var reason, var message) -> {
          assertThat(reason).as(what).isNotBlank();
          assertThat(message).as(what).isNotBlank();
        }
        case Rendering.Rendered result -> {
          rendered++;
          assertThat(new Rendered(result).names()).as(what).doesNotHaveDuplicates();
        }
      }
    }
    assertThat(rendered).isGreaterThan(300);
  }

  /** Replaces one thing somewhere below by another, or takes it away. */
  private static void mutate(JsonNode root, SplittableRandom random) {
    List<JsonNode> parents = new ArrayList<>();
    collect(root, parents);
    switch (parents.get(random.nextInt(parents.size()))) {
      case ObjectNode object when !object.isEmpty() -> {
        var keys = object.properties().stream().map(Map.Entry::getKey).toList();
        var key = keys.get(random.nextInt(keys.size()));
        if (random.nextInt(3) == 0) {
          object.remove(key);
        } else {
          object.set(key, anything(random));
        }
      }
      case ArrayNode list when !list.isEmpty() ->
          list.set(random.nextInt(list.size()), anything(random));
      default -> {}
    }
  }

  private static void collect(JsonNode node, List<JsonNode> parents) {
    if (node.isContainerNode()) {
      parents.add(node);
      node.forEach(each -> collect(each, parents));
    }
  }

  private static JsonNode anything(SplittableRandom random) {
    var nodes = JsonNodeFactory.instance;
    return switch (random.nextInt(9)) {
      case 0 -> NullNode.getInstance();
      case 1 -> TextNode.valueOf("");
      case 2 -> TextNode.valueOf("{{ .Spec }} '\"$(x)");
      case 3 -> IntNode.valueOf(random.nextInt(-1, 70_000));
      case 4 -> BooleanNode.valueOf(random.nextBoolean());
      case 5 -> nodes.objectNode();
      case 6 -> nodes.objectNode().put("name", "main");
      case 7 -> nodes.arrayNode();
      default -> nodes.arrayNode().add("x").add(nodes.objectNode().put("name", "main"));
    };
  }
}
