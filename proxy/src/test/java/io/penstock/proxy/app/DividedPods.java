package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.http.ReceivedRequest;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvConnector;
import io.penstock.simulator.kv.KvStats;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A gateway in front of simulated pods of which some only prefill. {@link #close} fails when a
 * prompt is still held somewhere, or was read by the wrong pod, twice, or never.
 */
final class DividedPods implements AutoCloseable {

  final TestGateway gateway;
  private final Fleet fleet;
  private final int prefills;
  private boolean clean = true;

  private DividedPods(Fleet fleet, int prefills, TestGateway gateway) {
    this.fleet = fleet;
    this.prefills = prefills;
    this.gateway = gateway;
  }

  /** What a test makes different. */
  static final class Setup {
    int prefills = 2;
    int decodes = 2;
    KvConnector connector = KvConnector.NIXLV2;
    String disaggregation = "decider: always";
    String picker = "{}";
    UnaryOperator<KvConfig> kv = UnaryOperator.identity();
    BiFunction<Integer, PodConfig.Builder, PodConfig.Builder> pods = (index, pod) -> pod;
    UnaryOperator<ConfigSources.Builder> flags = UnaryOperator.identity();

    Setup prefills(int count) {
      prefills = count;
      return this;
    }

    Setup decodes(int count) {
      decodes = count;
      return this;
    }

    Setup connector(KvConnector value) {
      connector = value;
      return this;
    }

    /** Members of {@code disaggregation}, beside the connector. */
    Setup disaggregation(String members) {
      disaggregation = members;
      return this;
    }

    /** The pool's {@code picker}, in YAML's flow style. */
    Setup picker(String value) {
      picker = value;
      return this;
    }

    Setup kv(UnaryOperator<KvConfig> change) {
      kv = change;
      return this;
    }

    /** Changes pods; prefill pods have the lowest indexes. */
    Setup pods(BiFunction<Integer, PodConfig.Builder, PodConfig.Builder> change) {
      pods = change;
      return this;
    }

    Setup flags(UnaryOperator<ConfigSources.Builder> change) {
      flags = change;
      return this;
    }

    DividedPods start() throws IOException {
      var fleet = Fleet.builder().build();
      var kvConfig = KvConfig.of(connector).withBytesPerSecond(0);
      for (int i = 0; i < prefills + decodes; i++) {
        var pod =
            PodConfig.builder()
                .seed(i)
                .kv(kv.apply(i < prefills ? kvConfig.prefilling() : kvConfig));
        fleet.start(pods.apply(i, pod).build());
      }
      var file = Files.createTempFile("penstock", ".yaml");
      try {
        Files.writeString(file, yaml(fleet));
        var gateway =
            TestGateway.over(
                fleet,
                flags.apply(ConfigSources.builder().file(file).flag("--log.access", "false")));
        await()
            .atMost(Duration.ofSeconds(10))
            .until(
                () ->
                    gateway.admin("/debug/endpoints").split("\"tiny\"", -1).length
                        == prefills + decodes + 1);
        return new DividedPods(fleet, prefills, gateway);
      } finally {
        Files.delete(file);
      }
    }

    private String yaml(Fleet fleet) {
      var yaml = new StringBuilder("pools:\n  - name: divided\n    discovery:\n      static:\n");
      yaml.append("        endpoints:\n");
      for (int i = 0; i < prefills + decodes; i++) {
        yaml.append("          - {address: \"").append(fleet.pod(i).hostPort());
        yaml.append("\", role: ").append(i < prefills ? "prefill" : "decode");
        yaml.append(", labels: {penstock.io/kv-port: \"").append(fleet.pod(i).kvPort());
        yaml.append("\"}}\n");
      }
      yaml.append("    picker: ").append(picker).append('\n');
      yaml.append("    scrape: {interval: 50ms}\n    disaggregation: {connector: ");
      return yaml.append(connector.text())
          .append(", ")
          .append(disaggregation)
          .append("}\n")
          .toString();
    }
  }

  static Setup with() {
    return new Setup();
  }

  SimulatedPod prefill(int index) {
    return fleet.pod(index);
  }

  SimulatedPod decode(int index) {
    return fleet.pod(prefills + index);
  }

  /** Starts a pod that the gateway does not know. */
  SimulatedPod startStranger(PodConfig config) {
    return fleet.start(config);
  }

  /** What prompts pods were sent, in order of the pods. */
  List<ReceivedRequest> prefilled() {
    return asked(fleet.pods().subList(0, prefills).stream());
  }

  /** What pods that answer were sent, in order of the pods. */
  List<ReceivedRequest> decoded() {
    return asked(fleet.pods().subList(prefills, fleet.pods().size()).stream());
  }

  /** Names of the pods that were asked, such as {@code p0 p1 d0}, once for each time. */
  String asked() {
    var asked = new StringBuilder();
    for (int i = 0; i < fleet.pods().size(); i++) {
      String name = i < prefills ? "p" + i : "d" + (i - prefills);
      asked.append((name + " ").repeat(asked(Stream.of(fleet.pod(i))).size()));
    }
    return asked.toString().strip();
  }

  static List<ReceivedRequest> asked(Stream<SimulatedPod> pods) {
    return pods.flatMap(pod -> pod.received().stream())
        .filter(request -> request.method().equals("POST"))
        .collect(Collectors.toList());
  }

  /** What became of the prompts that all pods held. */
  KvStats held() {
    return fleet.pods().stream()
        .map(pod -> pod.stats().kv())
        .reduce(
            KvStats.NONE,
            (a, b) ->
                new KvStats(
                    a.pinned() + b.pinned(),
                    a.handedOut() + b.handedOut(),
                    a.read() + b.read(),
                    a.released() + b.released(),
                    a.expired() + b.expired(),
                    a.doubleReads() + b.doubleReads(),
                    a.wrongTargets() + b.wrongTargets(),
                    a.tokensReceived() + b.tokensReceived(),
                    a.failedReads() + b.failedReads()));
  }

  /** Prompts are left to their leases on purpose. */
  void expectLeases() {
    clean = false;
  }

  /** Everything has ended, and no prompt is held any more. */
  void assertClean() {
    gateway.assertQuiet();
    if (clean) {
      await()
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(() -> assertThat(held().isClean()).as("%s", held()).isTrue());
    }
  }

  @Override
  public void close() {
    try {
      assertClean();
    } finally {
      gateway.close();
    }
  }
}
