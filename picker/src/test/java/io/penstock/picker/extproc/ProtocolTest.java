package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.ModelRule;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The numbered requirements of the endpoint picker protocol (Gateway API Inference Extension,
 * proposal 004, version 1.0.0) that bind the picker; each test names the one that it shows.
 */
class ProtocolTest {

  private static final String SUBSET = "x-gateway-destination-endpoint-subset";
  private static final String HINT = "envoy.lb.subset_hint";
  private static final String[] PODS = {
    "10.0.0.1:8000", "10.0.0.1:8001", "10.0.0.2:8000", "[fd00::7]:8000"
  };

  private RunningPicker picker;

  @AfterEach
  void stop() {
    picker.awaitIdle();
    picker.close();
  }

  @Test
  void requirement_1_the_service_is_the_external_processor_of_envoy() throws Exception {
    picker = new RunningPicker(PODS);
    assertThat(ExtProcServer.SERVICE).isEqualTo(ExternalProcessorGrpc.SERVICE_NAME);
    assertThat(picked(picker.stream())).isIn((Object[]) PODS);
  }

  @Test
  void requirement_2_both_bodies_are_streamed_in_full_duplex() throws Exception {
    picker = new RunningPicker(PODS);
    var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody(FullDuplexTest.BODY, true);
    stream.picked();
    assertThat(stream.requestBodyBack(FullDuplexTest.BODY.length(), true)).isNotEmpty();
    stream.responseHeaders(200, false).responseBody("{}", true);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    assertThat(stream.responseBodyBack(2, true)).isEqualTo(new byte[] {'{', '}'});
    stream.end().status();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.2:8000",
        "10.0.0.2",
        "10.0.0.1:8001",
        "fd00::7",
        "[fd00::7]",
        "[fd00::7]:8000",
        "[FD00:0:0:0:0:0:0:7]:8000"
      })
  void requirement_4_only_endpoints_of_the_subset_are_picked(String allowed) throws Exception {
    picker = new RunningPicker(PODS);
    for (int i = 0; i < 20; i++) {
      var asList = picker.stream().metadata(HINT, SUBSET, GatewayStream.list("10.9.9.9", allowed));
      var asText =
          picker.stream().metadata(HINT, SUBSET, GatewayStream.text("10.9.9.9:1, " + allowed));
      assertThat(picked(asList)).isEqualTo(picked(asText)).isIn(matching(allowed));
    }
  }

  @Test
  void requirement_4_an_address_without_a_port_allows_all_of_its_ports() throws Exception {
    picker = new RunningPicker(PODS);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 60; i++) {
      var stream = picker.stream().metadata(HINT, SUBSET, GatewayStream.list("10.0.0.1"));
      seen.add(picked(stream));
    }
    assertThat(seen).containsExactlyInAnyOrder("10.0.0.1:8000", "10.0.0.1:8001");
  }

  @Test
  void requirement_4_the_subset_holds_for_requests_without_a_body() throws Exception {
    picker = new RunningPicker(PODS);
    for (int i = 0; i < 20; i++) {
      var stream =
          picker.stream()
              .metadata(HINT, SUBSET, GatewayStream.list("10.0.0.2:8000"))
              .requestHeaders(true, ":method", "GET", ":path", "/v1/models");
      assertThat(stream.picked().destination()).isEqualTo("10.0.0.2:8000");
      stream.cancel();
    }
  }

  @Test
  void requirement_4_the_subset_may_come_with_the_body_only() throws Exception {
    picker = new RunningPicker(PODS);
    for (int i = 0; i < 20; i++) {
      var stream =
          picker.stream()
              .post(FullDuplexTest.CHAT)
              .metadata(HINT, SUBSET, GatewayStream.list("10.0.0.2:8000"))
              .requestBody(FullDuplexTest.BODY, true);
      assertThat(stream.picked().destination()).isEqualTo("10.0.0.2:8000");
      stream.cancel();
    }
  }

  @Test
  void requirement_5_an_empty_subset_is_answered_with_503() throws Exception {
    picker = new RunningPicker(PODS);
    refused(picker.stream().metadata(HINT, SUBSET, GatewayStream.list()), 503);
    refused(picker.stream().metadata(HINT, SUBSET, GatewayStream.text("")), 503);
  }

  @Test
  void requirement_5_a_subset_without_an_endpoint_of_the_pool_is_answered_with_503()
      throws Exception {
    picker = new RunningPicker(PODS);
    var other =
        GatewayStream.list("10.0.0.2:9", "10.0.0.3", "nonsense", "10.0.0.1:80000", ":", "[");
    refused(picker.stream().metadata(HINT, SUBSET, other), 503);
    var get =
        picker.stream()
            .metadata(HINT, SUBSET, other)
            .requestHeaders(true, ":method", "GET", ":path", "/");
    assertThat(get.immediate().getStatus().getCodeValue()).isEqualTo(503);
  }

  @Test
  void requirement_6_without_a_subset_every_endpoint_may_be_picked() throws Exception {
    picker = new RunningPicker(PODS);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      seen.add(picked(picker.stream()));
    }
    assertThat(seen).containsExactlyInAnyOrder(PODS);
  }

  @Test
  void requirements_7_8_and_9_one_endpoint_is_in_the_header_and_the_same_in_the_metadata()
      throws Exception {
    picker = new RunningPicker(PODS);
    var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody(FullDuplexTest.BODY, true);
    var picked = stream.picked();
    assertThat(picked.destination()).isIn((Object[]) PODS);
    assertThat(picked.destinationInMetadata()).isEqualTo(picked.destination());
    assertThat(picked.response().getClearRouteCache()).isTrue();
    stream.cancel();
  }

  @Test
  void requirements_8_and_9_by_option_an_ordered_list_is_in_both() throws Exception {
    var usual = ExtProcSettings.defaults();
    var three = new ExtProcSettings(usual.maxBodyBytes(), usual.heldBodiesBytes(), 3, true, false);
    picker = new RunningPicker(three, ModelRule.PREFERRED, PODS);
    var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody(FullDuplexTest.BODY, true);
    var picked = stream.picked();
    assertThat(picked.destination().split(",", -1)).hasSize(3).doesNotHaveDuplicates();
    assertThat(picked.destination().split(",", -1)).isSubsetOf(PODS);
    assertThat(picked.destinationInMetadata()).isEqualTo(picked.destination());
    stream.cancel();
  }

  @Test
  void requirement_12_a_pool_without_endpoints_is_answered_with_503() throws Exception {
    picker = new RunningPicker();
    var answer = refused(picker.stream(), 503);
    assertThat(GatewayStream.set(answer.getHeaders()))
        .containsEntry("x-llm-d-request-dropped-reason", "rejected-no-endpoints");
    var get = picker.stream().requestHeaders(true, ":method", "GET", ":path", "/");
    assertThat(get.immediate().getStatus().getCodeValue()).isEqualTo(503);
  }

  @Test
  void requirement_13_the_endpoint_that_served_is_what_the_load_is_counted_for() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000", "10.0.0.2:8000");
    var stream = picker.stream();
    var other = servedByAnother(stream, FullDuplexTest.BODY);
    assertThat(picker.picker().inFlight().requests(other.slot())).isEqualTo(1);
    assertThat(picker.picker().inFlight().total())
        .isEqualTo(
            picker.picker().inFlight().requests(other.slot())
                + picker.picker().inFlight().pendingPrefillTokens(other.slot())
                + picker.picker().inFlight().contextTokens(other.slot()));
    stream.cancel();
  }

  @Test
  void requirement_13_the_endpoint_that_served_is_learned_no_ttft_from() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000", "10.0.0.2:8000");
    var stream = picker.stream();
    var body = FullDuplexTest.BODY.replace("{\"model", "{\"stream\":true,\"model");
    var other = servedByAnother(stream, body);
    stream.responseBody("data: {}\n\n", false);
    stream.responseBodyBack(10, false);
    assertThat(picker.picker().inFlight().decoding(other.slot())).isEqualTo(1);

    stream.responseBody("", true);
    await().until(() -> !picker.picker().quality().errors().isEmpty());
    var errors = picker.picker().quality().errors();
    assertThat(errors).hasSize(1);
    assertThat(errors.getFirst().ttft().count()).isZero();
    stream.end().status();
  }

  /** Has the endpoint begin to answer that was not named. */
  private Endpoint servedByAnother(GatewayStream stream, String body) throws Exception {
    stream.post(FullDuplexTest.CHAT).requestBody(body, true);
    var named = stream.picked().destination();
    stream.requestBodyBack(body.length(), true);
    var endpoints = picker.picker().snapshot().endpoints();
    var other =
        endpoints.stream().filter(e -> !e.address().equals(named)).findFirst().orElseThrow();
    stream
        .metadata(
            "envoy.lb",
            "x-gateway-destination-endpoint-served",
            GatewayStream.text(other.address()))
        .responseHeaders(200, false, "content-type", "text/event-stream");
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    return other;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "readiness",
        "inference-extension",
        "envoy.service.ext_proc.v3.ExternalProcessor",
        "a name that nobody knows"
      })
  void requirement_15_readiness_is_told_under_every_name(String name) throws Exception {
    picker = new RunningPicker(PODS);
    assertThat(health(name)).isEqualTo(ServingStatus.NOT_SERVING);
    picker.states.ready(true);
    assertThat(health(name)).isEqualTo(ServingStatus.SERVING);
    picker.states.ready(false);
    assertThat(health(name)).isEqualTo(ServingStatus.NOT_SERVING);
  }

  @Test
  void requirement_15_liveness_serves_as_long_as_anything_answers() throws Exception {
    picker = new RunningPicker(PODS);
    assertThat(health("liveness")).isEqualTo(ServingStatus.SERVING);
  }

  private ServingStatus health(String name) {
    var request = HealthCheckRequest.newBuilder().setService(name).build();
    var onExtProcPort = HealthGrpc.newBlockingStub(picker.channel).check(request).getStatus();
    var own = picker.healthChannel();
    try {
      assertThat(HealthGrpc.newBlockingStub(own).check(request).getStatus())
          .isEqualTo(onExtProcPort);
    } finally {
      own.shutdownNow();
    }
    return onExtProcPort;
  }

  private static String picked(GatewayStream stream) throws Exception {
    stream.post(FullDuplexTest.CHAT).requestBody(FullDuplexTest.BODY, true);
    var destination = stream.picked().destination();
    stream.cancel();
    return destination;
  }

  private static ImmediateResponse refused(GatewayStream stream, int status) throws Exception {
    stream.post(FullDuplexTest.CHAT).requestBody(FullDuplexTest.BODY, true);
    var answer = stream.immediate();
    assertThat(answer.getStatus().getCodeValue()).isEqualTo(status);
    return answer;
  }

  private static String matching(String allowed) {
    if (allowed.startsWith("10.")) {
      return allowed.indexOf(':') < 0 ? allowed + ":8000" : allowed;
    }
    return "[fd00::7]:8000";
  }
}
