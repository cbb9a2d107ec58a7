package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code penstock picker} as a process, asked as a gateway asks. */
class PickerIT {

  private static final String BODY = "{\"model\":\"tiny\",\"prompt\":\"hello\"}";

  @Test
  void it_says_where_it_listens_gets_ready_picks_counts_and_drains() throws Exception {
    try (var fleet = Fleet.of(PodConfig.builder().build(), PodConfig.builder().build());
        var picker = picker(fleet, "--pre-stop", "0s")) {
      String health = picker.said("health on ");
      await().until(() -> readiness(health) == ServingStatus.SERVING);

      try (var stream = new Stream(picker.said("ext-proc on "))) {
        assertThat(stream.pick()).isIn(addresses(fleet));
        assertThat(stream.next().hasRequestBody()).isTrue();

        String page = PenstockProcess.get(picker.said("metrics on ")).body();
        assertThat(PenstockProcess.metric(page, "llm_d_epp_request_total")).isEqualTo(1);
        assertThat(PenstockProcess.metric(page, "llm_d_epp_request_running")).isEqualTo(1);

        picker.terminate();
        await().until(() -> readiness(health) == ServingStatus.NOT_SERVING);
      }
      assertThat(picker.exitStatus(Duration.ofSeconds(30))).isZero();
    }
  }

  @Test
  void flags_of_llm_d_that_mean_nothing_here_warn_and_unknown_ones_are_refused() throws Exception {
    try (var fleet = Fleet.of(PodConfig.builder().build());
        var picker = picker(fleet, "--zap-encoder", "json", "--v=4", "--tracing=false")) {
      picker.said("metrics on ");
      assertThat(picker.output()).contains("--zap-encoder means nothing here");
      assertThat(picker.output()).contains("--tracing means nothing here");
    }
    var wrong = PenstockProcess.run("picker", "--endpoint", "127.0.0.1:1");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.output()).contains("--endpoint", "did you mean --endpoints");
    assertThat(PenstockProcess.run("picker").output()).contains("--endpoints");
    assertThat(
            PenstockProcess.run(
                    "picker",
                    "--endpoints",
                    "127.0.0.1:1",
                    "--secure-serving=false",
                    "--cert-path",
                    "/nowhere")
                .output())
        .contains("--cert-path");
  }

  @Test
  void a_configuration_of_llm_d_routes_is_shown_and_is_refused_where_it_is_wrong(
      @TempDir Path folder) throws Exception {
    var file = folder.resolve("epp.yaml");
    Files.writeString(
        file,
        """
        apiVersion: llm-d.ai/v1alpha1
        kind: EndpointPickerConfig
        plugins:
          - type: header-based-testing-filter
          - type: queue-scorer
        """);
    assertThat(PenstockProcess.run("validate", file.toString()).status()).isZero();
    assertThat(
            PenstockProcess.run("picker", "--config-file", file.toString(), "--print-config")
                .output())
        .contains("- {pluginRef: queue-scorer, weight: 1}", "name: utilization-detector");
    try (var fleet = Fleet.of(PodConfig.builder().build(), PodConfig.builder().build());
        var picker = picker(fleet, "--config-file", file.toString())) {
      String health = picker.said("health on ");
      await().until(() -> readiness(health) == ServingStatus.SERVING);
      for (var address : addresses(fleet)) {
        try (var stream =
            new Stream(
                picker.said("ext-proc on "), header("test-epp-endpoint-selection", address))) {
          assertThat(stream.pick()).isEqualTo(address);
        }
      }
    }

    Files.writeString(file, "kind: EndpointPickerConfig\nplugins: [{type: queu-scorer}]\n");
    var refused = PenstockProcess.run("picker", "--config-file", file.toString());
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.output())
        .contains("apiVersion: is missing")
        .contains(file + ":2:18: plugins[0].type: 'queu-scorer' is unknown; did you mean");
    assertThat(PenstockProcess.run("validate", file.toString()).status()).isEqualTo(1);
    assertThat(PenstockProcess.run("picker", "--policy", "llmd").output())
        .contains("allowed: expected-cost, llm-d-default");
  }

  private static PenstockProcess picker(Fleet fleet, String... flags) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "picker",
                "--endpoints",
                String.join(",", addresses(fleet)),
                "--bind-address",
                "127.0.0.1",
                "--secure-serving=false",
                "--grpc-port",
                "0",
                "--grpc-health-port",
                "0",
                "--metrics-port",
                "0"));
    command.addAll(List.of(flags));
    return PenstockProcess.start(command.toArray(String[]::new));
  }

  private static List<String> addresses(Fleet fleet) {
    return fleet.pods().stream().map(SimulatedPod::hostPort).collect(Collectors.toList());
  }

  private static HeaderValue header(String name, String value) {
    return HeaderValue.newBuilder()
        .setKey(name)
        .setRawValue(ByteString.copyFromUtf8(value))
        .build();
  }

  /** Where a picker sends a request. */
  static String pick(String address) throws InterruptedException {
    try (var stream = new Stream(address)) {
      return stream.pick();
    }
  }

  /** What the health service says of a picker. */
  static ServingStatus readiness(String address) {
    var channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
    try {
      return HealthGrpc.newBlockingStub(channel)
          .check(HealthCheckRequest.newBuilder().setService("readiness").build())
          .getStatus();
    } finally {
      channel.shutdownNow();
    }
  }

  /** A gateway's stream. */
  private static final class Stream implements AutoCloseable, StreamObserver<ProcessingResponse> {
    private final LinkedBlockingQueue<ProcessingResponse> replies = new LinkedBlockingQueue<>();
    private final ManagedChannel channel;
    private final StreamObserver<ProcessingRequest> requests;

    private final List<HeaderValue> headers;

    Stream(String address, HeaderValue... headers) {
      this.headers = List.of(headers);
      channel = NettyChannelBuilder.forTarget(address).usePlaintext().build();
      requests = ExternalProcessorGrpc.newStub(channel).process(this);
    }

    /** Sends a whole request; gives the endpoint that the reply to its headers names. */
    String pick() throws InterruptedException {
      send(
          ProcessingRequest.newBuilder()
              .setRequestHeaders(
                  HttpHeaders.newBuilder()
                      .setHeaders(
                          HeaderMap.newBuilder()
                              .addHeaders(header(":path", "/v1/completions"))
                              .addHeaders(header(":method", "POST"))
                              .addAllHeaders(headers))));
      send(
          ProcessingRequest.newBuilder()
              .setRequestBody(
                  HttpBody.newBuilder()
                      .setBody(ByteString.copyFromUtf8(BODY))
                      .setEndOfStream(true)));
      var mutation = next().getRequestHeaders().getResponse().getHeaderMutation();
      var named = mutation.getSetHeaders(0).getHeader();
      assertThat(named.getKey()).isEqualTo("x-gateway-destination-endpoint");
      return named.getRawValue().toStringUtf8();
    }

    void send(ProcessingRequest.Builder message) {
      requests.onNext(message.build());
    }

    ProcessingResponse next() throws InterruptedException {
      var reply = replies.poll(20, TimeUnit.SECONDS);
      assertThat(reply).isNotNull();
      return reply;
    }

    @Override
    public void onNext(ProcessingResponse reply) {
      replies.add(reply);
    }

    @Override
    public void onError(Throwable cause) {}

    @Override
    public void onCompleted() {}

    @Override
    public void close() {
      requests.onCompleted();
      channel.shutdownNow();
    }
  }
}
