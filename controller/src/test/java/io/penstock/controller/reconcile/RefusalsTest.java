package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.penstock.controller.api.Trees;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RefusalsTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Key KEY = new Key("n", "s");

  private final AtomicLong nanos = new AtomicLong();
  private FakeCluster cluster;
  private Reconciler reconciler;

  @BeforeEach
  void start() throws IOException {
    cluster = new FakeCluster();
    reconciler = cluster.reconciler(cluster, nanos::get);
    cluster.put(
        Kind.SERVICE_OBJECT,
        (ObjectNode)
            YAML.readTree("{metadata: {name: s, namespace: n}, spec: {model: {uri: 'hf://a/b'}}}"));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void a_refusal_that_is_worded_anew_each_time_is_not_asked_for_at_each_event() {
    cluster.refuse(Kind.DEPLOYMENT, 500, from(43210));
    assertThat(reconciler.pass(KEY)).isInstanceOf(Pass.Failed.class);
    assertThat(message()).contains("43210");
    cluster.refuse(Kind.DEPLOYMENT, 500, from(43211));
    cluster.takeWrites();

    assertThat(reconciler.pass(KEY)).isInstanceOf(Pass.Failed.class);
    assertThat(cluster.takeWrites()).isEmpty();

    nanos.addAndGet(KeySchedule.BASE);
    assertThat(reconciler.pass(KEY)).isInstanceOf(Pass.Failed.class);
    assertThat(cluster.takeWrites()).anyMatch(each -> each.contains("/deployments/"));
    assertThat(message()).contains("43211");
  }

  @Test
  void nor_is_a_refusal_to_delete() {
    reconciler.pass(KEY);
    var stored = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    Trees.with(stored, "metadata", "annotations").put("serving.kserve.io/stop", "true");
    cluster.put(Kind.SERVICE_OBJECT, stored);
    cluster.keep(Kind.DEPLOYMENT, 500, from(43210));
    assertThat(reconciler.pass(KEY)).isInstanceOf(Pass.Failed.class);
    cluster.takeWrites();

    assertThat(reconciler.pass(KEY)).isInstanceOf(Pass.Failed.class);
    assertThat(cluster.takeWrites()).isEmpty();

    nanos.addAndGet(KeySchedule.BASE);
    assertThat(reconciler.pass(KEY)).isInstanceOf(Pass.Failed.class);
    assertThat(cluster.takeWrites()).anyMatch(each -> each.startsWith("DELETE"));
  }

  @Test
  void what_may_be_taken_another_time_may_be_sent_whenever_the_queue_tries_again() {
    var refusals = new Refusals(nanos::get);
    var schedule = new KeySchedule<String>(new SplittableRandom(1));
    var problem = new Children.Problem("Deployment", "d", "DeploymentRefused", "no", false);
    for (int times = 0; times < 20; times++) {
      schedule.add("a", nanos.get());
      assertThat(schedule.poll(nanos.get())).isEqualTo("a");
      refusals.refused("path", "hash", problem);
      assertThat(refusals.standing("path", "hash")).isPresent();

      schedule.failed("a", nanos.get());
      nanos.set(schedule.nextDue().orElseThrow());

      assertThat(refusals.standing("path", "hash")).as("after " + times).isEmpty();
    }
  }

  @Test
  void a_service_is_looked_at_again_when_its_invalid_child_may_be_sent_again() {
    cluster.refuse(Kind.DEPLOYMENT, true);

    for (long wait = 1; wait < 600; wait *= 2) {
      var after = new Pass.Again(Duration.ofSeconds(wait));
      assertThat(reconciler.pass(KEY)).isEqualTo(after);
      assertThat(reconciler.pass(KEY)).as("at an event").isEqualTo(after);
      nanos.addAndGet(Duration.ofSeconds(wait).toNanos());
    }
    assertThat(reconciler.pass(KEY)).isEqualTo(new Pass.Again(Duration.ofMinutes(10)));

    cluster.refuse(Kind.DEPLOYMENT, false);
    nanos.addAndGet(Duration.ofMinutes(10).toNanos());
    assertThat(reconciler.pass(KEY)).isEqualTo(new Pass.Again(Duration.ofMinutes(10)));
    assertThat(cluster.all(Kind.DEPLOYMENT)).hasSize(1);
  }

  private static ObjectNode from(int port) {
    return Trees.newObject().put("message", "read tcp 10.0.0.5:" + port + ": connection reset");
  }

  private String message() {
    var service = cluster.get(Kind.SERVICE_OBJECT, KEY).orElseThrow();
    return Trees.list(service, "status", "conditions").toString();
  }
}
