package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Simulated pods in this process, {@code penstock picker} over them in another, and a real Envoy in
 * front that runs one of the shipped files.
 */
final class PickedPods implements AutoCloseable {

  /** A pod in the shipped file that lists them. */
  private static final String POD =
      "              - endpoint: { address: { socket_address: { address: 10.0.0.11, port_value: 8000 }"
          + " } }\n";

  /** The two pods it lists. */
  private static final String SHIPPED_PODS = POD + POD.replace("10.0.0.11", "10.0.0.12");

  private final Fleet fleet = Fleet.builder().build();
  private final EnvoyProcess envoy;
  private final List<String> pickerFlags = new ArrayList<>();
  private PenstockProcess picker;

  /**
   * Starts everything and waits until the picker serves and Envoy knows.
   *
   * @param folder for Envoy's files
   * @param name of the shipped file, without its ending
   * @param pods how many
   * @param changes of the shipped file, over those that the addresses here need
   */
  PickedPods(Path folder, String name, int pods, Map<String, String> changes) throws Exception {
    for (int i = 0; i < pods; i++) {
      fleet.start(PodConfig.builder().receivedLimit(64).seed(i).build());
    }
    pickerFlags.addAll(List.of("picker", "--bind-address", "127.0.0.1", "--pre-stop", "2s"));
    pickerFlags.addAll(List.of("--grpc-health-port", "0", "--metrics-port", "0"));
    pickerFlags.addAll(List.of("--endpoints", addresses()));
    picker = startPicker("0");
    Map<String, String> all = new HashMap<>(changes);
    if (name.equals("fail-open")) {
      all.put(SHIPPED_PODS, podLines());
    }
    try {
      envoy = EnvoyProcess.start(folder, name, pickerAddress(), all);
    } catch (Exception | AssertionError e) {
      picker.close();
      fleet.close();
      throw e;
    }
  }

  private PenstockProcess startPicker(String port) throws IOException {
    List<String> flags = new ArrayList<>(pickerFlags);
    flags.addAll(List.of("--grpc-port", port));
    var started = PenstockProcess.start(flags.toArray(String[]::new));
    started.said("metrics on ");
    return started;
  }

  private String pickerAddress() {
    return picker.said("ext-proc on ");
  }

  private String addresses() {
    return fleet.pods().stream().map(SimulatedPod::hostPort).collect(Collectors.joining(","));
  }

  private String podLines() {
    String local = POD.replace("10.0.0.11", "127.0.0.1");
    return fleet.pods().stream()
        .map(pod -> local.replace("8000", Integer.toString(pod.port())))
        .collect(Collectors.joining());
  }

  EnvoyProcess envoy() {
    return envoy;
  }

  SimulatedPod pod(int index) {
    return fleet.pod(index);
  }

  /** Switches a fault on, at every pod. */
  void fault(Fault fault) {
    fleet.pods().forEach(pod -> pod.faults().add(fault));
  }

  /** POSTs that reached the pods. */
  long inferenceRequests() {
    return fleet.pods().stream().mapToLong(pod -> pod.stats().inferenceRequests()).sum();
  }

  /** Requests the pods work on now. */
  int running() {
    return fleet.pods().stream().mapToInt(pod -> pod.stats().running()).sum();
  }

  /** Answers that were left before they were finished. */
  long aborts() {
    return fleet.pods().stream().mapToLong(pod -> pod.stats().aborts()).sum();
  }

  /** Sum of the series of one metric of the picker. */
  double pickerMetric(String name) throws IOException, InterruptedException {
    String page = PenstockProcess.get(picker.said("metrics on ")).body();
    return PenstockProcess.metric(page, name);
  }

  /** SIGKILL to the picker; returns once it has ended. */
  void killPicker() throws Exception {
    picker.close();
    picker.exitStatus(Duration.ofSeconds(30));
  }

  /** Starts the picker again where it was, and waits until Envoy has seen it. */
  void restartPicker() throws Exception {
    String address = pickerAddress();
    picker = startPicker(address.substring(address.lastIndexOf(':') + 1));
    envoy.awaitHealthyPickers(1);
  }

  /** SIGTERM to the picker. */
  void terminatePicker() {
    picker.terminate();
  }

  /** Its exit status, waited for. */
  int pickerStatus() throws InterruptedException {
    return picker.exitStatus(Duration.ofSeconds(60));
  }

  /** No faults any more, and nothing left over in the picker or a pod. */
  void settle() {
    fleet.pods().forEach(pod -> pod.faults().clear());
    await()
        .pollDelay(Duration.ZERO)
        .untilAsserted(
            () -> {
              assertThat(running()).isZero();
              assertThat(pickerMetric("llm_d_epp_extproc_streams_inflight")).isZero();
              assertThat(pickerMetric("llm_d_epp_request_running")).isZero();
            });
  }

  @Override
  public void close() {
    envoy.close();
    picker.close();
    fleet.close();
  }
}
