package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import io.penstock.tools.beside.FreePort;
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

  /** The picker in the shipped files. */
  private static final String PICKER =
      "              - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 9002 }"
          + " } }\n";

  /** What a picker does where a test does not say something else. */
  private static final List<String> USUAL = List.of("--pre-stop", "2s");

  /** 8 ms a token, so that a stream lasts while other things happen. */
  static final EngineProfile UNHURRIED = EngineProfile.LLAMA_8B;

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
    this(folder, name, pods, changes, EngineProfile.INSTANT, USUAL);
  }

  /**
   * The same with pods of another speed and a picker with other flags.
   *
   * @param flags more flags of the picker
   */
  PickedPods(
      Path folder,
      String name,
      int pods,
      Map<String, String> changes,
      EngineProfile profile,
      List<String> flags)
      throws Exception {
    for (int i = 0; i < pods; i++) {
      fleet.start(PodConfig.builder().profile(profile).receivedLimit(64).seed(i).build());
    }
    pickerFlags.addAll(List.of("picker", "--bind-address", "127.0.0.1"));
    pickerFlags.addAll(flags);
    pickerFlags.addAll(List.of("--grpc-health-port", "0", "--metrics-port", "0"));
    pickerFlags.addAll(List.of("--endpoints", addresses()));
    picker = startPicker(FreePort.next());
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

  /**
   * Another picker over the same pods, and an Envoy of its own that asks both.
   *
   * @param folder for Envoy's files
   */
  EnvoyProcess besideAnother(PenstockProcess other, Path folder) throws Exception {
    String address = other.said("ext-proc on ");
    String port = address.substring(address.lastIndexOf(':') + 1);
    return EnvoyProcess.start(
        folder,
        "fail-close",
        pickerAddress(),
        Map.of(PICKER, PICKER + PICKER.replace("9002", port)));
  }

  /** Another picker over the same pods. */
  PenstockProcess anotherPicker() throws IOException {
    return startPicker(0);
  }

  private PenstockProcess startPicker(int port) throws IOException {
    List<String> flags = new ArrayList<>(pickerFlags);
    flags.addAll(List.of("--grpc-port", Integer.toString(port)));
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
    return picker.pickerMetric(name);
  }

  /** SIGKILL to the picker; returns once it has ended. */
  void killPicker() throws Exception {
    picker.close();
    picker.exitStatus(Duration.ofSeconds(30));
  }

  /** Starts the picker again where it was, and waits until Envoy has seen it. */
  void restartPicker() throws Exception {
    String address = pickerAddress();
    picker = startPicker(Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)));
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
