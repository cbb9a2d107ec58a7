package io.penstock.picker.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KubernetesSourceTest {

  private static final String PODS = "/api/v1/namespaces/ns/pods";
  private static final String POOLS =
      "/apis/inference.networking.k8s.io/v1/namespaces/ns/inferencepools";
  private static final String ALPHA_POOLS =
      "/apis/inference.networking.x-k8s.io/v1alpha2/namespaces/ns/inferencepools";
  private static final PodSelection POOL =
      new PodSelection.OfPool(PodSelection.OfPool.GROUP, "ns", "llm");

  private final ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor();
  private final Map<EndpointId, EndpointSpec> told =
      new ConcurrentSkipListMap<>((a, b) -> a.value().compareTo(b.value()));
  private final AtomicInteger deltas = new AtomicInteger();
  private final AtomicInteger removals = new AtomicInteger();
  private FakeApiServer server;
  private Cluster cluster;
  private DiscoverySource source;

  @BeforeEach
  void start() throws IOException {
    server = new FakeApiServer();
    server.install(PODS);
    cluster = Cluster.of(server.config());
  }

  @AfterEach
  void close() throws Exception {
    if (source != null) {
      control.submit(source::close).get();
    }
    cluster.close();
    server.close();
    control.shutdownNow();
  }

  @Test
  void eachPortOfEachReadyPodOfThePoolIsAnEndpoint() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000, 8001));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    server.put(PODS, notReady(pod("b", "uid-b", "10.0.0.2")));
    server.put(PODS, labelled(pod("c", "uid-c", "10.0.0.3"), Map.of("app", "other")));

    follow(POOL);

    awaitAddresses("10.0.0.1:8000", "10.0.0.1:8001");
    assertThat(told.values())
        .extracting(EndpointSpec::name)
        .containsExactly("ns/a-rank-0", "ns/a-rank-1");
    await().untilAsserted(() -> assertThat(source.problem()).isEmpty());
  }

  @Test
  void podsComeAndGoWithTheirReadinessAndTheirLabels() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, notReady(pod("a", "uid-a", "10.0.0.1")));
    follow(POOL);

    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    awaitAddresses("10.0.0.1:8000");
    server.put(PODS, pod("b", "uid-b", "10.0.0.2").build());
    awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");
    server.put(PODS, notReady(pod("a", "uid-a", "10.0.0.1")));
    awaitAddresses("10.0.0.2:8000");
    server.put(PODS, labelled(pod("b", "uid-b", "10.0.0.2"), Map.of("app", "other")));
    awaitAddresses();
  }

  @Test
  void aTerminatingPodTakesNothingNewAndLeavesWhenItIsGone() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    follow(POOL);
    awaitAddresses("10.0.0.1:8000");

    server.put(PODS, terminating(pod("a", "uid-a", "10.0.0.1")));
    soon().until(() -> told.values().stream().allMatch(EndpointSpec::terminating));
    assertThat(told).hasSize(1);
    server.delete(PODS, "a");
    awaitAddresses();
  }

  @Test
  void aPodThatTerminatesWhenItIsFirstSeenIsNoEndpoint() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, terminating(pod("a", "uid-a", "10.0.0.1")));
    server.put(PODS, pod("b", "uid-b", "10.0.0.2").build());

    follow(POOL);

    awaitAddresses("10.0.0.2:8000");
  }

  @Test
  void aNewPodOnAnOldAddressIsAnotherEndpoint() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-1", "10.0.0.1").build());
    follow(POOL);
    awaitAddresses("10.0.0.1:8000");
    var first = told.keySet().iterator().next();

    server.put(PODS, pod("a", "uid-2", "10.0.0.1").build());

    soon().until(() -> told.size() == 1 && !told.containsKey(first));
    assertThat(removals).hasValue(1);
  }

  @Test
  void annotationAndLabelsOfThePodCount() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000, 8001, 8002));
    server.put(
        PODS,
        pod("a", "uid-a", "10.0.0.1")
            .editMetadata()
            .addToAnnotations("llm-d.ai/active-ports", "8001, 8002, 9999, x")
            .addToLabels("llm-d.ai/role", "prefill")
            .addToLabels("inference.networking.k8s.io/engine-type", "sglang")
            .endMetadata()
            .build());
    server.put(
        PODS,
        pod("b", "uid-b", "10.0.0.2")
            .editMetadata()
            .addToAnnotations("inference.networking.k8s.io/active-ports", "8000")
            .addToLabels("llm-d.ai/role", "decode")
            .endMetadata()
            .build());
    server.put(
        PODS,
        pod("encoder", "uid-e", "10.0.0.3")
            .editMetadata()
            .addToAnnotations("llm-d.ai/active-ports", "8000")
            .addToLabels("llm-d.ai/role", "encode")
            .endMetadata()
            .build());

    server.put(
        PODS,
        pod("chef", "uid-c", "10.0.0.4")
            .editMetadata()
            .addToLabels("llm-d.ai/role", "chef")
            .endMetadata()
            .build());

    follow(POOL);

    awaitAddresses("10.0.0.1:8001", "10.0.0.1:8002", "10.0.0.2:8000", "10.0.0.3:8000");
    var byName = told.values().stream().toList();
    assertThat(byName)
        .extracting(EndpointSpec::name)
        .containsExactly("ns/a-rank-1", "ns/a-rank-2", "ns/b-rank-0", "ns/encoder-rank-0");
    assertThat(byName)
        .extracting(EndpointSpec::role)
        .containsExactly(Role.PREFILL, Role.PREFILL, Role.DECODE, Role.ENCODE);
    assertThat(byName.getFirst().labels())
        .containsEntry("llm-d.ai/engine-type", "sglang")
        .containsEntry("app", "app");
  }

  @Test
  void aPoolThatChangesKeepsItsEndpointsUntilTheNewOnesAreListed() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    server.put(PODS, labelled(pod("b", "uid-b", "10.0.0.2"), Map.of("app", "next")));
    follow(POOL);
    awaitAddresses("10.0.0.1:8000");

    server.put(POOLS, pool("app", 8000, 8001));
    awaitAddresses("10.0.0.1:8000", "10.0.0.1:8001");
    assertThat(removals).hasValue(0);

    var gate = new CountDownLatch(1);
    int listed = server.lists(PODS);
    server.holdLists(gate);
    server.put(POOLS, pool("next", 8000));
    soon().until(() -> server.lists(PODS) > listed);
    assertThat(told).hasSize(2);
    gate.countDown();
    awaitAddresses("10.0.0.2:8000");
  }

  @Test
  void aPoolWithoutPodsIsKnownAndAPoolThatDoesNotExistIsNot() {
    server.install(POOLS);
    follow(POOL);
    awaitProblem("does not exist");
    assertThat(deltas).hasValue(0);

    server.put(POOLS, pool("app", 8000));

    soon().until(() -> deltas.get() == 1);
    assertThat(told).isEmpty();
  }

  @Test
  void aPoolThatIsDeletedHasNoEndpointsAndSaysSo() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    follow(POOL);
    awaitAddresses("10.0.0.1:8000");

    server.delete(POOLS, "llm");
    awaitAddresses();
    awaitProblem("InferencePool ns/llm of inference.networking.k8s.io does not exist");

    server.put(POOLS, pool("app", 8000));
    awaitAddresses("10.0.0.1:8000");
    awaitProblem("");
  }

  @Test
  void aKindThatIsInstalledLaterIsPickedUp() {
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    follow(POOL);
    awaitProblem("not known yet; the API server answers 404");

    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));

    awaitAddresses("10.0.0.1:8000");
    awaitProblem("");
  }

  @Test
  void theOlderKindOfPoolIsUnderstood() {
    server.install(ALPHA_POOLS);
    var pool = new GenericKubernetesResource();
    pool.setApiVersion("inference.networking.x-k8s.io/v1alpha2");
    pool.setKind("InferencePool");
    pool.setMetadata(new ObjectMetaBuilder().withName("llm").withNamespace("ns").build());
    pool.setAdditionalProperty(
        "spec", Map.of("selector", Map.of("app", "app"), "targetPortNumber", 8000));
    server.put(ALPHA_POOLS, pool);
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());

    follow(new PodSelection.OfPool(PodSelection.OfPool.ALPHA_GROUP, "ns", "llm"));

    awaitAddresses("10.0.0.1:8000");
  }

  @Test
  void aSelectorAloneNeedsNoPool() {
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    server.put(PODS, labelled(pod("b", "uid-b", "10.0.0.2"), Map.of("app", "other")));

    follow(PodSelection.OfLabels.parse("ns", "app=app", "8000,8001"));

    awaitAddresses("10.0.0.1:8000", "10.0.0.1:8001");
  }

  @Test
  void anApiServerThatGoesAwayLeavesTheLastEndpoints() throws Exception {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    follow(POOL);
    awaitAddresses("10.0.0.1:8000");

    server.stop();
    awaitProblem("not watched now, the last known state is kept; the API server cannot be asked");
    assertThat(told).hasSize(1);
    server.put(PODS, pod("b", "uid-b", "10.0.0.2").build());
    server.startAgain();

    awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");
    awaitProblem("");
    assertThat(removals).hasValue(0);
  }

  @Test
  void aHistoryThatIsGoneIsListedAnew() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    server.put(PODS, pod("b", "uid-b", "10.0.0.2").build());
    follow(POOL);
    awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");
    int listed = server.lists(PODS);

    var gate = new CountDownLatch(1);
    server.holdLists(gate);
    server.delete(PODS, "a");
    server.compact();
    soon().until(() -> server.lists(PODS) > listed);
    gate.countDown();

    awaitAddresses("10.0.0.2:8000");
    server.put(PODS, pod("c", "uid-c", "10.0.0.3").build());
    awaitAddresses("10.0.0.2:8000", "10.0.0.3:8000");
    awaitProblem("");
  }

  @Test
  void aPermissionThatIsTakenAwayIsNamedAndLeavesTheLastEndpoints() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    follow(POOL);
    awaitAddresses("10.0.0.1:8000");

    server.forbid(true);
    awaitProblem("the API server answers 403, Forbidden it is");
    assertThat(told).hasSize(1);
    server.put(PODS, pod("b", "uid-b", "10.0.0.2").build());
    server.forbid(false);

    awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");
    awaitProblem("");
  }

  @Test
  void aPermissionThatIsTakenAwayWhileTheWatchStandsIsNamedWithinSeconds() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    follow(POOL);
    awaitAddresses("10.0.0.1:8000");
    soon().until(() -> server.watches(PODS) == 1 && server.watches(POOLS) == 1);

    server.forbidWhatComes(true);
    awaitProblem("the API server answers 403, Forbidden it is");
    // What the watch still brings is taken.
    server.put(PODS, pod("b", "uid-b", "10.0.0.2").build());
    awaitAddresses("10.0.0.1:8000", "10.0.0.2:8000");
    server.forbidWhatComes(false);
    awaitProblem("");
  }

  @Test
  void aProtocolThatIsNotSpokenIsNamedWhereRequestsAreSent() {
    server.install(POOLS);
    server.put(POOLS, h2cPool());
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    follow(POOL);
    awaitAddresses("10.0.0.1:8000");
    awaitProblem("appProtocol is kubernetes.io/h2c, and pods are asked over HTTP/1.1");
    server.put(POOLS, pool("app", 8000));
    awaitProblem("");
  }

  @Test
  void whereAGatewaySendsTheRequestsTheirProtocolIsItsOwnMatter() {
    server.install(POOLS);
    server.put(POOLS, h2cPool());
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    follow(POOL, PodUse.METRICS);
    awaitAddresses("10.0.0.1:8000");
    awaitProblem("");
    // The next look at the watch says what there is to say.
    server.delete(POOLS, "llm");
    awaitProblem("InferencePool ns/llm of inference.networking.k8s.io does not exist");
    assertThat(source.problem()).doesNotContain("appProtocol");
  }

  @Test
  void aSlowFirstListIsWaitedFor() {
    server.install(POOLS);
    server.put(POOLS, pool("app", 8000));
    server.put(PODS, pod("a", "uid-a", "10.0.0.1").build());
    var gate = new CountDownLatch(1);
    server.holdLists(gate);

    follow(POOL);
    awaitProblem("not known yet");
    gate.countDown();

    awaitAddresses("10.0.0.1:8000");
    awaitProblem("");
  }

  @Test
  void whatCanNeverWorkIsRefusedInOneSentence() {
    assertThatThrownBy(() -> new PodSelection.OfPool("example.org", "ns", "llm"))
        .isInstanceOf(DiscoveryException.class)
        .hasMessageContaining("pool group \"example.org\" has no InferencePool; allowed:");
    assertThatThrownBy(() -> PodSelection.OfLabels.parse("ns", "app", "8000"))
        .hasMessage("endpoint selector \"app\" is not key=value,key=value");
    assertThatThrownBy(() -> PodSelection.OfLabels.parse("ns", "a=b", "1,2,3,4,5,6,7,8,9"))
        .hasMessage("9 target ports are given; allowed: 1 to 8");
    assertThatThrownBy(() -> PodSelection.OfLabels.parse("ns", "a=b", "80,80"))
        .hasMessage("a target port is given twice: [80, 80]");
    assertThatThrownBy(() -> PodSelection.OfLabels.parse("ns", "a=b", "70000"))
        .hasMessage("target port 70000 is not in 1..65535");
  }

  private void follow(PodSelection selection) {
    follow(selection, PodUse.REQUESTS);
  }

  private void follow(PodSelection selection, PodUse use) {
    source = cluster.source(selection, use, control);
    control.execute(() -> source.start(this::take));
  }

  private void take(PoolDelta delta) {
    deltas.incrementAndGet();
    removals.addAndGet(delta.removals().size());
    delta.removals().forEach(told::remove);
    delta.upserts().forEach(each -> told.put(each.id(), each));
  }

  private void awaitAddresses(String... addresses) {
    soon()
        .untilAsserted(
            () ->
                assertThat(
                        told.values().stream()
                            .filter(each -> !each.terminating())
                            .map(each -> each.host() + ":" + each.port()))
                    .containsExactlyInAnyOrder(addresses));
  }

  /** An empty sentence: none at all. */
  private void awaitProblem(String part) {
    soon()
        .untilAsserted(
            () -> {
              if (part.isEmpty()) {
                assertThat(source.problem()).isEmpty();
              } else {
                assertThat(source.problem()).contains(part);
              }
            });
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(10));
  }

  private static GenericKubernetesResource pool(String app, int... ports) {
    var pool = new GenericKubernetesResource();
    pool.setApiVersion("inference.networking.k8s.io/v1");
    pool.setKind("InferencePool");
    pool.setMetadata(new ObjectMetaBuilder().withName("llm").withNamespace("ns").build());
    List<Map<String, Integer>> targets =
        Arrays.stream(ports).mapToObj(port -> Map.of("number", port)).toList();
    pool.setAdditionalProperty(
        "spec",
        Map.of("selector", Map.of("matchLabels", Map.of("app", app)), "targetPorts", targets));
    return pool;
  }

  private static GenericKubernetesResource h2cPool() {
    var pool = pool("app", 8000);
    pool.setAdditionalProperty(
        "spec",
        Map.of(
            "selector",
            Map.of("matchLabels", Map.of("app", "app")),
            "targetPorts",
            List.of(Map.of("number", 8000)),
            "appProtocol",
            "kubernetes.io/h2c"));
    return pool;
  }

  private static PodBuilder pod(String name, String uid, String ip) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("ns")
        .withUid(uid)
        .addToLabels("app", "app")
        .endMetadata()
        .withNewStatus()
        .withPhase("Running")
        .withPodIP(ip)
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .endStatus();
  }

  private static Pod notReady(PodBuilder pod) {
    return pod.editStatus()
        .editFirstCondition()
        .withStatus("False")
        .endCondition()
        .endStatus()
        .build();
  }

  private static Pod terminating(PodBuilder pod) {
    return pod.editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata().build();
  }

  private static Pod labelled(PodBuilder pod, Map<String, String> labels) {
    return pod.editMetadata().withLabels(labels).endMetadata().build();
  }
}
