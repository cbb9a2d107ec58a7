package io.penstock.picker.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.objective.RuleObjects;
import io.penstock.picker.objective.RuleSource;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KubernetesRulesTest {

  private static final String OBJECTIVES =
      "/apis/llm-d.ai/v1alpha2/namespaces/ns/inferenceobjectives";
  private static final String REWRITES =
      "/apis/llm-d.ai/v1alpha2/namespaces/ns/inferencemodelrewrites";
  private static final String OLDER_OBJECTIVES =
      "/apis/inference.networking.x-k8s.io/v1alpha2/namespaces/ns/inferenceobjectives";
  private static final String OLDER_REWRITES =
      "/apis/inference.networking.x-k8s.io/v1alpha2/namespaces/ns/inferencemodelrewrites";

  private final ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor();
  private FakeApiServer server;
  private Cluster cluster;
  private RuleSource source;
  private volatile PoolRules rules = PoolRules.NONE;

  @BeforeEach
  void start() throws IOException {
    server = new FakeApiServer();
    cluster = Cluster.of(server.config());
  }

  @AfterEach
  void close() throws Exception {
    control.submit(source::close).get();
    cluster.close();
    server.close();
    control.shutdownNow();
  }

  @Test
  void objectivesOfThePoolAreTakenOverAsTheyChange() {
    server.install(OBJECTIVES);
    server.install(REWRITES);
    server.put(OBJECTIVES, objective("batch", "llm", -5));
    server.put(OBJECTIVES, objective("foreign", "other", 7));
    follow();

    soon().untilAsserted(() -> assertThat(rules.priority("batch")).isEqualTo(-5));
    assertThat(rules.priority("foreign")).isZero();

    server.put(OBJECTIVES, objective("batch", "llm", 3));
    soon().untilAsserted(() -> assertThat(rules.priority("batch")).isEqualTo(3));
    server.put(OBJECTIVES, objective("foreign", "llm", 7));
    soon().untilAsserted(() -> assertThat(rules.priority("foreign")).isEqualTo(7));
    server.delete(OBJECTIVES, "batch");
    soon().untilAsserted(() -> assertThat(rules.priority("batch")).isZero());
    soon().untilAsserted(() -> assertThat(source.problem()).isEmpty());
  }

  @Test
  void theOlderOfTwoRewritesCounts() {
    server.install(REWRITES);
    server.put(REWRITES, rewrite("a", "2026-02-01T00:00:00Z", "chat", "new"));
    server.put(REWRITES, rewrite("b", "2026-01-01T00:00:00Z", "chat", "old"));
    follow();

    awaitTargets("chat", "old");
    server.delete(REWRITES, "b");
    awaitTargets("chat", "new");
  }

  @Test
  void kindsThatComeLaterAreFoundAndGoBeforeThoseOfTheOlderGroup() {
    follow();
    soon().until(() -> server.lists(OBJECTIVES) > 1);

    server.install(OLDER_OBJECTIVES);
    server.install(OLDER_REWRITES);
    server.put(OLDER_OBJECTIVES, objective("batch", "llm", -1));
    server.put(OLDER_REWRITES, rewrite("r", "2026-01-01T00:00:00Z", "chat", "older"));
    soon().untilAsserted(() -> assertThat(rules.priority("batch")).isEqualTo(-1));
    awaitTargets("chat", "older");

    server.install(OBJECTIVES);
    server.put(OBJECTIVES, objective("batch", "llm", -2));
    soon().untilAsserted(() -> assertThat(rules.priority("batch")).isEqualTo(-2));
    assertThat(rules.targets("chat").models()).containsExactly("older");
    soon().untilAsserted(() -> assertThat(source.problem()).isEmpty());
  }

  @Test
  void anObjectThatCannotBeIsLeftOut() {
    server.install(REWRITES);
    var wrong = rewrite("wrong", "2026-01-01T00:00:00Z", "chat", "");
    server.put(REWRITES, wrong);
    server.put(REWRITES, rewrite("right", "2026-02-01T00:00:00Z", "chat", "tiny"));
    follow();

    awaitTargets("chat", "tiny");
  }

  @Test
  void whatMayNotBeListedIsATroubleAndWhatWasKnownStays() {
    server.install(OBJECTIVES);
    server.install(REWRITES);
    server.put(OBJECTIVES, objective("batch", "llm", -5));
    follow();
    soon().untilAsserted(() -> assertThat(rules.priority("batch")).isEqualTo(-5));

    server.forbid(true);
    soon()
        .untilAsserted(
            () ->
                assertThat(source.problem())
                    .contains("inferenceobjectives.llm-d.ai in namespace ns", "answers 403"));
    assertThat(rules.priority("batch")).isEqualTo(-5);

    server.forbid(false);
    soon().untilAsserted(() -> assertThat(source.problem()).isEmpty());
  }

  @Test
  void theyAreKnownOnceBothKindsWereListed() {
    server.install(OBJECTIVES);
    server.install(REWRITES);
    server.put(REWRITES, rewrite("r", "2026-01-01T00:00:00Z", "chat", "tiny"));
    server.fail(REWRITES);
    follow();
    soon().until(() -> server.lists(REWRITES) > 1 && server.watches(OBJECTIVES) > 0);
    assertThat(source.known()).isFalse();

    server.fail("");
    soon().until(source::known);
    assertThat(rules.targets("chat").models()).containsExactly("tiny");
  }

  @Test
  void kindsThatAreNotThereAreKnown() {
    follow();
    soon().until(source::known);
  }

  @Test
  void whatMayNotBeListedIsNotWaitedFor() {
    server.install(OBJECTIVES);
    server.forbid(true);
    follow();
    soon().until(source::known);
  }

  private void follow() {
    var pool = new PodSelection.OfPool(PodSelection.OfPool.GROUP, "ns", "llm");
    source = cluster.rules(pool, control);
    control.execute(() -> source.start(this::take));
  }

  private void take(RuleObjects objects) {
    rules = PoolRules.of(objects.objectives(), objects.rewrites());
  }

  private void awaitTargets(String model, String... targets) {
    soon()
        .untilAsserted(
            () -> {
              var found = rules.targets(model);
              assertThat(found == null ? List.of() : found.models()).isEqualTo(List.of(targets));
            });
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30));
  }

  private static GenericKubernetesResource objective(String name, String pool, int priority) {
    var object = object("InferenceObjective", name, "2026-01-01T00:00:00Z");
    object.setAdditionalProperty(
        "spec", Map.of("priority", priority, "poolRef", Map.of("name", pool)));
    return object;
  }

  private static GenericKubernetesResource rewrite(
      String name, String created, String model, String target) {
    var object = object("InferenceModelRewrite", name, created);
    object.setAdditionalProperty(
        "spec",
        Map.of(
            "poolRef",
            Map.of("name", "llm"),
            "rules",
            List.of(
                Map.of(
                    "matches",
                    List.of(Map.of("model", Map.of("type", "Exact", "value", model))),
                    "targets",
                    List.of(Map.of("modelRewrite", target, "weight", 1))))));
    return object;
  }

  private static GenericKubernetesResource object(String kind, String name, String created) {
    var object = new GenericKubernetesResource();
    object.setApiVersion("llm-d.ai/v1alpha2");
    object.setKind(kind);
    object.setMetadata(
        new ObjectMetaBuilder()
            .withName(name)
            .withNamespace("ns")
            .withCreationTimestamp(created)
            .build());
    return object;
  }
}
