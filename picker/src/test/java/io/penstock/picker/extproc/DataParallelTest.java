package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import org.junit.jupiter.api.Test;

/** {@code data-parallel-profile-handler}: one port for all ranks of a pod, and who is meant. */
class DataParallelTest {

  private static final String HEADER = "x-data-parallel-host-port";
  private static final String SELECT = "test-epp-endpoint-selection";

  private static EndpointPickerConfig policy() {
    return TestPolicy.of(
        """
            plugins:
              - {type: data-parallel-profile-handler, parameters: {primaryPort: 8000}}
              - type: header-based-testing-filter
            schedulingProfiles:
              - {name: default, plugins: [{pluginRef: header-based-testing-filter}]}
            """);
  }

  @Test
  void a_request_goes_to_the_primary_port_and_a_header_names_the_rank() throws Exception {
    try (var picker = new RunningPicker("10.0.0.1:8000", "10.0.0.1:8001", "[fd00::2]:8001")) {
      picker.picker().policy(policy());

      for (var rank : new String[] {"10.0.0.1:8000", "10.0.0.1:8001", "[fd00::2]:8001"}) {
        var stream =
            picker.stream()
                .post(FullDuplexTest.CHAT, SELECT, rank, HEADER, "10.6.6.6:1")
                .requestBody(FullDuplexTest.BODY, true);
        var picked = stream.picked();
        var headers = picked.response().getHeaderMutation();

        var expected = rank.substring(0, rank.lastIndexOf(':')) + ":8000";
        assertThat(picked.destination()).isEqualTo(expected);
        assertThat(picked.destinationInMetadata()).isEqualTo(expected);
        assertThat(GatewayStream.set(headers)).containsEntry(HEADER, rank);
        assertThat(headers.getRemoveHeadersList()).doesNotContain(HEADER);
        stream.cancel();
      }
      picker.awaitIdle();
    }
  }

  @Test
  void that_the_primary_port_served_moves_no_load_to_its_own_rank() throws Exception {
    try (var picker = new RunningPicker("10.0.0.1:8000", "10.0.0.1:8001")) {
      picker.picker().policy(policy());
      var stream =
          picker.stream()
              .metadata(
                  "envoy.lb",
                  "x-gateway-destination-endpoint-served",
                  GatewayStream.text("10.0.0.1:8000"))
              .post(FullDuplexTest.CHAT, SELECT, "10.0.0.1:8001")
              .requestBody(FullDuplexTest.BODY, true);
      stream.picked();
      stream.responseHeaders(200, false);
      stream.pending();

      var snapshot = picker.picker().snapshot().endpoints();
      for (var endpoint : snapshot) {
        assertThat(picker.picker().inFlight().requests(endpoint.slot()))
            .as(endpoint.address())
            .isEqualTo(endpoint.address().endsWith(":8001") ? 1 : 0);
      }
      stream.cancel();
      picker.awaitIdle();
    }
  }
}
