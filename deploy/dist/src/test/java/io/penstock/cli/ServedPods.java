package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Three simulated pods that answer alike, in this process, and {@code penstock serve} processes in
 * front of them, one for each set of flags that is asked for.
 */
final class ServedPods implements AutoCloseable {

  private static final int PODS = 3;

  private final Fleet fleet = Fleet.builder().build();
  private final Map<List<String>, PenstockProcess> gateways = new HashMap<>();

  ServedPods() {
    for (int i = 0; i < PODS; i++) {
      fleet.start(PodConfig.builder().embeddings(true).seed(1).build());
    }
  }

  /** The gateway with these flags, ready; started when it is asked for first. */
  PenstockProcess gateway(String... flags) throws Exception {
    var running = gateways.get(List.of(flags));
    if (running == null) {
      running = start(flags);
      gateways.put(List.of(flags), running);
    }
    return running;
  }

  /** A gateway that has never had a connection to a pod, as long as the pods refuse them. */
  PenstockProcess gatewayWithoutConnections() throws Exception {
    return gateway("--retries.per-request=2"); // the default; it makes a gateway of its own
  }

  private PenstockProcess start(String... flags) throws Exception {
    List<String> all =
        new ArrayList<>(List.of("--log.access", "false", "--ejection.failures", "0"));
    all.addAll(List.of("--endpoints", addresses()));
    all.addAll(List.of(flags));
    var gateway = PenstockProcess.serve(all.toArray(String[]::new));
    await()
        .until(() -> gateway.admin("/debug/endpoints").body().split("\"tiny\"", -1).length > PODS);
    return gateway;
  }

  private String addresses() {
    return fleet.pods().stream().map(SimulatedPod::hostPort).collect(Collectors.joining(","));
  }

  /** One of the pods, asked without a gateway. */
  String podUrl() {
    return "http://" + fleet.pod(0).hostPort();
  }

  /** Switches a fault on, at every pod. */
  void fault(Fault fault) {
    fleet.pods().forEach(pod -> pod.faults().add(fault));
  }

  /** Requests the pods work on now. */
  int running() {
    return fleet.pods().stream().mapToInt(pod -> pod.stats().running()).sum();
  }

  /** Answers that were left before they were finished. */
  long aborts() {
    return fleet.pods().stream().mapToLong(pod -> pod.stats().aborts()).sum();
  }

  /** POSTs that reached the pods. */
  long inferenceRequests() {
    return fleet.pods().stream().mapToLong(pod -> pod.stats().inferenceRequests()).sum();
  }

  /** No faults any more, and nothing left over in a gateway or a pod. */
  void settle() {
    fleet.pods().forEach(pod -> pod.faults().clear());
    for (var gateway : gateways.values()) {
      await().pollDelay(Duration.ZERO).untilAsserted(() -> assertQuiet(gateway));
    }
    await().pollDelay(Duration.ZERO).until(() -> running() == 0);
  }

  /** The conservation law: what was accepted has ended, one way or another. */
  private static void assertQuiet(PenstockProcess gateway) throws Exception {
    String page = gateway.admin("/metrics").body();
    double ended =
        Stream.of("completed", "client_cancelled", "failed", "rejected")
            .mapToDouble(way -> PenstockProcess.metric(page, "penstock_requests_" + way + "_total"))
            .sum();
    assertThat(PenstockProcess.metric(page, "penstock_requests_in_flight")).isZero();
    assertThat(PenstockProcess.metric(page, "penstock_requests_accepted_total")).isEqualTo(ended);
    assertThat(PenstockProcess.metric(page, "penstock_buffered_body_bytes")).isZero();
  }

  @Override
  public void close() {
    gateways.values().forEach(PenstockProcess::close);
    fleet.close();
  }
}
