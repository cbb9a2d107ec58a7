package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.penstock.controller.api.Annotations;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.ClusterFacts;
import io.penstock.picker.tls.Identity;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReconcileMetricsTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Key KEY = new Key("n", "s");
  private static final String FAILURES = "penstock_controller_pass_failures_total";

  private final CollectorRegistry registry = new CollectorRegistry();
  private FakeCluster cluster;
  private Reconciler reconciler;

  @BeforeEach
  void start() throws IOException {
    cluster = new FakeCluster();
    reconciler =
        new Reconciler(
            cluster.api(),
            cluster,
            ClusterFacts.offline(),
            Clock.fixed(FakeCluster.NOW, ZoneOffset.UTC),
            System::nanoTime,
            new ReconcileMetrics(registry),
            new BrokenAuthority());
    cluster.put(
        Kind.SERVICE_OBJECT,
        (ObjectNode)
            YAML.readTree(
                """
                metadata: {name: s, namespace: n, creationTimestamp: "2026-01-02T03:00:00Z"}
                spec: {model: {uri: "hf://a/b"}, replicas: 1}
                """));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void a_pass_that_is_tried_again_over_a_child_is_counted() {
    cluster.refuse(Kind.DEPLOYMENT, 403, Trees.newObject().put("message", "no right to"));

    assertThat(reconciler.pass(KEY)).isInstanceOf(Pass.Failed.class);

    assertThat(registry.getSampleValue(FAILURES)).isEqualTo(1);
  }

  @Test
  void a_pass_that_throws_is_counted() {
    change(
        service -> {
          var container = Trees.with(service, "spec", "template").putArray("containers");
          var probe = Trees.with(container.addObject().put("name", "main"), "livenessProbe");
          Trees.with(probe, "httpGet").put("path", "/health").put("scheme", "HTTPS");
        });

    assertThatThrownBy(() -> reconciler.pass(KEY)).hasMessage("a bug");

    assertThat(registry.getSampleValue(FAILURES)).isEqualTo(1);
  }

  @Test
  void a_pass_that_ends_well_is_not() {
    reconciler.pass(KEY);

    assertThat(registry.getSampleValue(FAILURES)).isZero();
    assertThat(registry.getSampleValue("penstock_controller_pass_seconds_count")).isEqualTo(1);
  }

  @Test
  void the_time_until_a_service_is_ready_is_counted_once_in_its_life() {
    var count = "penstock_controller_time_to_ready_seconds_count";
    reconciler.pass(KEY);
    ready(1);
    assertThat(registry.getSampleValue(count)).isEqualTo(1);
    assertThat(registry.getSampleValue("penstock_controller_time_to_ready_seconds_sum"))
        .isEqualTo(245);

    ready(0);
    ready(1);
    assertThat(registry.getSampleValue(count)).as("after its pod was lost").isEqualTo(1);

    change(service -> Trees.with(service, "metadata", "annotations").put(Annotations.STOP, "true"));
    reconciler.pass(KEY);
    change(service -> Trees.with(service, "metadata", "annotations").remove(Annotations.STOP));
    reconciler.pass(KEY);
    ready(1);
    assertThat(registry.getSampleValue(count)).as("after it was stopped").isEqualTo(1);
  }

  @Test
  void a_rendering_that_is_refused_is_counted_once_though_the_old_pods_serve_on() {
    reconciler.pass(KEY);
    ready(1);

    change(
        service -> Trees.with(service, "spec").putArray("baseRefs").addObject().put("name", "x"));
    reconciler.pass(KEY);
    reconciler.pass(KEY);

    assertThat(refused("ConfigNotFound")).isEqualTo(1);
  }

  @Test
  void neither_a_child_that_is_refused_nor_a_stop_is_a_rendering_that_is() {
    cluster.refuse(Kind.DEPLOYMENT, true);
    reconciler.pass(KEY);
    assertThat(refused("InvalidDeployment")).isNull();

    change(service -> Trees.with(service, "metadata", "annotations").put(Annotations.STOP, "true"));
    change(
        service -> Trees.with(service, "spec").putArray("baseRefs").addObject().put("name", "x"));
    reconciler.pass(KEY);
    assertThat(refused("Stopped")).isNull();
    assertThat(refused("ConfigNotFound")).isNull();
  }

  private @Nullable Double refused(String reason) {
    return registry.getSampleValue(
        "penstock_controller_render_failures_total",
        new String[] {"reason"},
        new String[] {reason});
  }

  /** Has that many of its pods ready, and looks. */
  private void ready(int pods) {
    var deployment = cluster.get(Kind.DEPLOYMENT, new Key("n", "s-kserve")).orElseThrow();
    var status = Trees.with(deployment, "status");
    status.put("observedGeneration", Objects.generation(deployment));
    status.put("replicas", 1).put("updatedReplicas", 1).put("readyReplicas", pods);
    var available = status.putArray("conditions").addObject();
    available.put("type", "Available").put("status", pods > 0 ? "True" : "False");
    cluster.put(Kind.DEPLOYMENT, deployment);
    reconciler.pass(KEY);
    var service = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    assertThat(Trees.text(service, "status", "phase").equals("Ready")).isEqualTo(pods > 0);
  }

  private void change(Consumer<ObjectNode> change) {
    var stored = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    change.accept(stored);
    cluster.put(Kind.SERVICE_OBJECT, stored);
  }

  /** One that is asked by services with TLS alone. */
  private static final class BrokenAuthority implements ServingAuthority {

    @Override
    public Identity signer(Instant now) {
      throw new IllegalStateException("a bug");
    }

    @Override
    public String bundle() {
      throw new IllegalStateException("a bug");
    }
  }
}
