package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.penstock.controller.api.Trees;
import java.io.IOException;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReconcilerTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Key KEY = new Key("n", "s");
  private static final int MOST_PASSES = 10;

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
  void whatever_is_asked_for_the_pass_after_the_last_change_writes_nothing() throws IOException {
    for (long seed = 0; seed < 40; seed++) {
      try (var fresh = new FakeCluster()) {
        var random = new SplittableRandom(seed);
        var tested = fresh.reconciler();
        fresh.put(Kind.SERVICE_OBJECT, service(random));
        settle(tested);
        for (int change = 0; change < 3; change++) {
          var stored = fresh.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
          stored.set("spec", service(random).get("spec"));
          fresh.put(Kind.SERVICE_OBJECT, stored);
          settle(tested);
          fresh.takeWrites();

          tested.pass(KEY);

          assertThat(fresh.takeWrites()).as("seed " + seed).isEmpty();
        }
      }
    }
  }

  @Test
  void a_pass_that_is_cut_at_any_request_is_finished_by_the_next_controller() throws IOException {
    Map<String, String> whole;
    try (var uncut = new FakeCluster()) {
      uncut.put(Kind.SERVICE_OBJECT, full());
      settle(uncut.reconciler());
      whole = uncut.state();
    }
    assertThat(whole).hasSizeGreaterThan(8);
    for (boolean carriedOut : new boolean[] {false, true}) {
      boolean cut = true;
      for (int request = 0; cut; request++) {
        try (var fresh = new FakeCluster()) {
          fresh.put(Kind.SERVICE_OBJECT, full());
          fresh.cut(request, carriedOut);
          settle(fresh.reconciler());
          cut = fresh.wasCut();
          fresh.cut(-1, false);

          settle(fresh.reconciler());

          assertThat(fresh.state().keySet()).as("cut at " + request).isEqualTo(whole.keySet());
        }
      }
    }
  }

  @Test
  void what_is_not_asked_for_any_more_is_deleted() throws IOException {
    cluster.put(Kind.SERVICE_OBJECT, full());
    settle(reconciler);
    assertThat(cluster.all(Kind.ROUTE)).hasSize(1);
    assertThat(cluster.all(Kind.DEPLOYMENT)).hasSize(2);

    var stored = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    Trees.with(stored, "spec").remove("router");
    cluster.put(Kind.SERVICE_OBJECT, stored);
    settle(reconciler);

    assertThat(cluster.all(Kind.ROUTE)).isEmpty();
    assertThat(cluster.all(Kind.POOL)).isEmpty();
    assertThat(cluster.all(Kind.DEPLOYMENT)).hasSize(1);
  }

  @Test
  void an_object_that_belongs_to_nobody_or_another_is_left_alone() throws IOException {
    var foreign = tree("{metadata: {name: s-kserve-workload-svc, namespace: n}, spec: {a: 1}}");
    cluster.put(Kind.SERVICE, foreign.deepCopy());
    cluster.put(Kind.SERVICE_OBJECT, full());
    settle(reconciler);

    assertThat(cluster.get(Kind.SERVICE, Objects.key(foreign)).orElseThrow().get("spec"))
        .isEqualTo(foreign.get("spec"));
    assertThat(message()).contains("s-kserve-workload-svc exists and is not this service's");

    var stored = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    Trees.with(stored, "metadata", "annotations").put("serving.kserve.io/stop", "true");
    cluster.put(Kind.SERVICE_OBJECT, stored);
    settle(reconciler);

    assertThat(cluster.all(Kind.SERVICE)).hasSize(1);
    assertThat(cluster.all(Kind.DEPLOYMENT)).isEmpty();
  }

  @Test
  void a_service_that_is_gone_gets_no_children_however_late_the_mirrors_learn_of_it()
      throws IOException {
    cluster.put(Kind.SERVICE_OBJECT, full());
    var late = new LateView(cluster, cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow());
    var lateReconciler = cluster.reconciler(late, System::nanoTime);
    cluster.remove(Kind.SERVICE_OBJECT, KEY);

    assertThat(lateReconciler.pass(KEY)).isEqualTo(new Pass.Settled());

    assertThat(cluster.state()).isEmpty();
  }

  @Test
  void an_invalid_child_is_sent_again_later_and_later_and_at_once_when_it_is_another()
      throws IOException {
    var nanos = new AtomicLong();
    var tested = cluster.reconciler(cluster, nanos::get);
    cluster.refuse(Kind.DEPLOYMENT, true);
    cluster.put(Kind.SERVICE_OBJECT, full());

    assertThat(deploymentsSent(tested)).isEqualTo(2);
    assertThat(message()).contains("Deployment s-kserve", "is invalid");
    assertThat(deploymentsSent(tested)).isZero();
    nanos.addAndGet(Refusals.BASE_NANOS);
    assertThat(deploymentsSent(tested)).isEqualTo(2);
    nanos.addAndGet(Refusals.BASE_NANOS);
    assertThat(deploymentsSent(tested)).isZero();
    nanos.addAndGet(Refusals.BASE_NANOS);
    assertThat(deploymentsSent(tested)).isEqualTo(2);

    change(stored -> Trees.with(stored, "spec").put("replicas", 7));
    assertThat(deploymentsSent(tested)).as("the one that is another").isEqualTo(1);

    cluster.refuse(Kind.DEPLOYMENT, false);
    nanos.addAndGet(Refusals.CAP_NANOS);
    assertThat(deploymentsSent(tested)).isEqualTo(2);
    assertThat(cluster.all(Kind.DEPLOYMENT)).hasSize(2);
  }

  @Test
  void a_child_that_cannot_be_changed_is_made_anew() throws IOException {
    cluster.put(Kind.SERVICE_OBJECT, full());
    settle(reconciler);
    cluster.refuse(
        Kind.DEPLOYMENT,
        422,
        tree(
            """
            message: 'Deployment is invalid: spec.selector: Invalid value: {}: field is immutable'
            details:
              causes:
                - {field: spec.selector, message: 'Invalid value: {}: field is immutable'}
            """));
    change(stored -> Trees.with(stored, "spec").put("replicas", 7));

    reconciler.pass(KEY);
    assertThat(cluster.all(Kind.DEPLOYMENT)).hasSize(1);
    cluster.refuse(Kind.DEPLOYMENT, false);
    settle(reconciler);

    assertThat(cluster.all(Kind.DEPLOYMENT)).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{status: 400, message: 'webhook denied the request: use immutable tags', details: {}}",
        "{status: 403, message: 'you cannot change this', details: {}}",
        "{status: 422, message: 'policy denied the request: owners cannot change',"
            + " details: {causes: [{message: 'policy denied the request: owners cannot change'}]}}",
        "{status: 422, message: 'a: Invalid value: \"immutable\": must be short',"
            + " details: {causes: [{field: a, message: 'Invalid value: \"immutable\": is long'}]}}",
        "{status: 422, message: '[a: field is immutable, b: is long]', details: {causes: ["
            + "{field: a, message: field is immutable}, {field: b, message: is long}]}}"
      })
  void a_child_that_would_be_refused_anew_too_is_not_deleted(String answer) throws IOException {
    cluster.put(Kind.SERVICE_OBJECT, full());
    settle(reconciler);
    var refusal = tree(answer);
    cluster.refuse(Kind.DEPLOYMENT, refusal.get("status").asInt(), refusal);
    change(stored -> Trees.with(stored, "spec").put("replicas", 7));

    settle(reconciler);

    assertThat(cluster.all(Kind.DEPLOYMENT)).hasSize(2);
    assertThat(message()).contains(Trees.text(refusal, "message"));
  }

  private long deploymentsSent(Reconciler tested) {
    cluster.takeWrites();
    tested.pass(KEY);
    return cluster.takeWrites().stream().filter(each -> each.contains("/deployments/")).count();
  }

  private void change(Consumer<ObjectNode> change) {
    var stored = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    change.accept(stored);
    cluster.put(Kind.SERVICE_OBJECT, stored);
  }

  @Test
  void a_service_is_looked_at_again_when_a_config_map_that_it_refers_to_comes_or_changes()
      throws IOException {
    cluster.put(Kind.SERVICE_OBJECT, full());
    settle(reconciler);
    var map = tree("{metadata: {name: picker, namespace: n}, data: {epp: a}}");
    assertThat(reconciler.concernedBy(Kind.CONFIG_MAP, map)).isEmpty();

    change(
        stored ->
            Trees.with(stored, "spec", "router", "scheduler", "config", "ref")
                .put("name", "picker"));
    settle(reconciler);
    assertThat(message()).contains("ConfigMap picker");
    assertThat(reconciler.concernedBy(Kind.CONFIG_MAP, map)).containsExactly(KEY);

    change(stored -> Trees.with(stored, "spec", "router", "scheduler").remove("config"));
    settle(reconciler);
    assertThat(reconciler.concernedBy(Kind.CONFIG_MAP, map)).isEmpty();
  }

  @Test
  void what_cannot_be_rendered_leaves_what_serves_alone() throws IOException {
    cluster.put(Kind.SERVICE_OBJECT, full());
    settle(reconciler);
    var before = cluster.all(Kind.DEPLOYMENT);

    var stored = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    Trees.with(stored, "spec").putArray("baseRefs").addObject().put("name", "absent");
    cluster.put(Kind.SERVICE_OBJECT, stored);
    settle(reconciler);

    assertThat(cluster.all(Kind.DEPLOYMENT)).isEqualTo(before);
    assertThat(message()).contains("absent");
  }

  @Test
  void a_workload_that_is_scaled_from_now_on_keeps_its_pods() throws IOException {
    cluster.put(Kind.SERVICE_OBJECT, full());
    settle(reconciler);
    assertThat(replicas()).isEqualTo(2);

    change(
        stored -> {
          Trees.with(stored, "spec").remove("replicas");
          Trees.with(stored, "spec", "scaling").put("maxReplicas", 30);
          Trees.with(stored, "spec", "scaling", "wva", "hpa");
        });
    settle(reconciler);
    assertThat(cluster.all(Kind.AUTOSCALER)).hasSize(1);
    assertThat(replicas()).isEqualTo(2);

    var deployment = cluster.get(Kind.DEPLOYMENT, new Key("n", "s-kserve")).orElseThrow();
    Trees.with(deployment, "spec").put("replicas", 7);
    cluster.put(Kind.DEPLOYMENT, deployment);
    cluster.takeWrites();
    reconciler.pass(KEY);
    assertThat(cluster.takeWrites()).noneMatch(each -> each.contains("/deployments/"));
    change(stored -> Trees.with(stored, "spec", "labels").put("team", "another"));
    settle(reconciler);
    assertThat(replicas()).isEqualTo(7);
  }

  private long replicas() {
    var deployment = cluster.get(Kind.DEPLOYMENT, new Key("n", "s-kserve")).orElseThrow();
    return Trees.number(deployment, 0, "spec", "replicas");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "../secrets/a", "a?watch=true", "a#b", "..", "%", "A"})
  void what_is_called_as_no_object_can_be_is_not_there(String name) throws IOException {
    cluster.put(Kind.SERVICE_OBJECT, full());
    change(
        stored ->
            Trees.with(stored, "spec", "router", "gateway")
                .putArray("refs")
                .addObject()
                .put("name", name));
    settle(reconciler);
    assertThat(cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow().at("/status/conditions"))
        .extracting(condition -> Trees.text(condition, "message"))
        .contains("Gateway n/" + name + " does not exist");

    change(
        stored ->
            Trees.with(stored, "spec", "router", "scheduler", "config", "ref").put("name", name));
    settle(reconciler);
    assertThat(message()).contains("ConfigMap " + name + " is in neither");
    assertThat(cluster.followers(new Key("n", name))).isEmpty();

    change(
        stored -> {
          var scheduler = Trees.with(stored, "spec", "router", "scheduler");
          scheduler.remove("config");
          Trees.with(scheduler, "pool", "spec", "endpointPickerRef").put("name", name);
        });
    settle(reconciler);
    assertThat(message()).contains("Service " + name + ": no object can be called so");
  }

  private String message() {
    var stored = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    return Trees.text(stored, "status", "message");
  }

  /** Passes until one asks for no other. */
  private static void settle(Reconciler reconciler) {
    for (int i = 0; i < MOST_PASSES; i++) {
      if (!(reconciler.pass(KEY) instanceof Pass.Failed)) {
        return;
      }
    }
  }

  private static ObjectNode full() throws IOException {
    return tree(
        """
        metadata: {name: s, namespace: n}
        spec:
          model: {uri: "hf://a/b"}
          replicas: 2
          template: {containers: [{name: main, resources: {limits: {cpu: "1"}}}]}
          router: {scheduler: {}, route: {}, gateway: {}}
        """);
  }

  private static ObjectNode service(SplittableRandom random) throws IOException {
    var service =
        tree(
            """
            metadata: {name: s, namespace: n}
            spec: {model: {uri: "hf://a/b"}}
            """);
    var spec = Trees.with(service, "spec");
    if (random.nextBoolean()) {
      spec.put("replicas", random.nextInt(5));
    }
    if (random.nextBoolean()) {
      Trees.with(spec, "model").put("uri", "pvc://claim/folder");
    }
    if (random.nextBoolean()) {
      var container = Trees.with(spec, "template").putArray("containers").addObject();
      container.put("name", "main");
      Trees.with(container, "resources", "limits").put("cpu", random.nextInt(1, 9) + "000m");
      if (random.nextBoolean()) {
        container.putArray("env").addObject().put("name", "A").put("value", "");
      }
    }
    if (random.nextBoolean() && spec.path("template").has("containers")) {
      Trees.with((ObjectNode) spec.at("/template/containers/0"), "livenessProbe", "httpGet")
          .put("path", "/health")
          .put("port", 8000)
          .put("scheme", "HTTPS");
    }
    if (random.nextBoolean()) {
      Trees.with(spec, "labels").put("team", "t" + random.nextInt(3));
    }
    if (random.nextBoolean()) {
      Trees.with(spec, "router", "scheduler");
      Trees.with(spec, "router", "route");
      Trees.with(spec, "router", "gateway");
    }
    if (random.nextBoolean()) {
      Trees.with(spec, "prefill").put("replicas", random.nextInt(3));
    }
    return service;
  }

  private static ObjectNode tree(String yaml) throws IOException {
    return (ObjectNode) YAML.readTree(yaml);
  }
}
