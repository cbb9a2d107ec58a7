package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Weighing;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who computes the prompt is told to llm-d's sidecar, and only by the picker. */
class PrefillerHeaderTest {

  private static final String DECODE = "10.0.0.1:8000";
  private static final String PREFILL = "10.0.0.9:8000";
  private static final String HEADER = "x-prefiller-host-port";
  private static final String BODY =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""
          + "word ".repeat(20_000)
          + "\"}]}";

  @Test
  void a_divided_request_names_its_prefill_endpoint_in_place_of_the_clients() throws Exception {
    try (var picker = new RunningPicker(DECODE)) {
      withPrefiller(picker);
      int slot = picker.picker().snapshot().endpoints().getFirst().slot();
      for (int i = 0; i < 300; i++) {
        picker.picker().inFlight().add(0, slot, 0, 10);
        picker.picker().inFlight().firstToken(0, slot, 0);
      }

      var stream =
          picker.stream().post(FullDuplexTest.CHAT, HEADER, "10.6.6.6:1").requestBody(BODY, true);
      var picked = stream.picked();
      var headers = picked.response().getHeaderMutation();

      assertThat(picked.destination()).isEqualTo(DECODE);
      assertThat(GatewayStream.set(headers)).containsEntry(HEADER, PREFILL);
      assertThat(headers.getRemoveHeadersList()).doesNotContain(HEADER);
      assertThat(decisions(picker, "prefill-decode")).isOne();
      assertThat(picker.picker().inFlight().requests(slot)).isEqualTo(301);
      stream.cancel();
      // Neither leg holds anything any more: what is left is the 300 above, all decoding.
      await().until(() -> picker.picker().inFlight().total() == 300 + 300 * 10 + 300);
    }
  }

  @Test
  void a_request_that_stays_whole_loses_the_clients_header() throws Exception {
    try (var picker = new RunningPicker(DECODE)) {
      withPrefiller(picker);

      var stream =
          picker.stream()
              .post(FullDuplexTest.CHAT, HEADER, "10.6.6.6:1")
              .requestBody(BODY.replace("word ".repeat(20_000), "word"), true);
      var picked = stream.picked();
      var headers = picked.response().getHeaderMutation();

      assertThat(picked.destination()).isEqualTo(DECODE);
      assertThat(GatewayStream.set(headers)).doesNotContainKey(HEADER);
      assertThat(headers.getRemoveHeadersList()).contains(HEADER);
      assertThat(decisions(picker, "decode-only")).isOne();
      stream.cancel();
      picker.awaitIdle();
    }
  }

  @Test
  void every_header_that_steers_a_sidecar_is_the_pickers_to_set() throws Exception {
    String[] names = {
      "x-prefiller-host-port",
      "x-encoder-hosts-ports",
      "x-data-parallel-host-port",
      "x-data-parallel-rank",
      "x-kv-cache-source-host-port",
      "epp-profile"
    };
    try (var picker = new RunningPicker(DECODE)) {
      var given = new String[2 * names.length];
      for (int i = 0; i < names.length; i++) {
        given[2 * i] = names[i];
        given[2 * i + 1] = "10.6.6.6:1";
      }
      var stream = picker.stream().post(FullDuplexTest.CHAT, given).requestBody(BODY, true);
      var headers = stream.picked().response().getHeaderMutation();

      assertThat(headers.getRemoveHeadersList()).contains(names);
      assertThat(GatewayStream.set(headers)).doesNotContainKeys(names);
      stream.cancel();
      picker.awaitIdle();
    }
  }

  @Test
  void a_profile_handler_of_llm_d_has_its_prefill_endpoint_named() throws Exception {
    try (var picker = new RunningPicker(DECODE)) {
      withPrefiller(picker);
      picker.picker().policy(policy());

      var stream =
          picker.stream().post(FullDuplexTest.CHAT, HEADER, "10.6.6.6:1").requestBody(BODY, true);
      var picked = stream.picked();

      assertThat(picked.destination()).isEqualTo(DECODE);
      assertThat(GatewayStream.set(picked.response().getHeaderMutation()))
          .containsEntry(HEADER, PREFILL);
      assertThat(decisions(picker, "disagg-profile-handler", "prefill-decode")).isOne();
      assertThat(picker.picker().disaggregation().count(true, Weighing.Reason.DECIDER)).isOne();
      int slot = picker.picker().snapshot().endpoints().getFirst().slot();
      assertThat(picker.picker().inFlight().requests(slot)).isOne();
      stream.cancel();
      await().until(() -> picker.picker().inFlight().requests(slot) == 0);
    }
  }

  private static EndpointPickerConfig policy() {
    return TestPolicy.of(
        """
            plugins:
              - {type: disagg-profile-handler, parameters: {deciders: {prefill: always-disagg-pd-decider}}}
              - type: always-disagg-pd-decider
              - type: prefill-filter
              - type: decode-filter
            schedulingProfiles:
              - {name: prefill, plugins: [{pluginRef: prefill-filter}]}
              - {name: decode, plugins: [{pluginRef: decode-filter}]}
            """);
  }

  private static double decisions(RunningPicker picker, String type) {
    return decisions(picker, "disaggregation-handler", type);
  }

  private static double decisions(RunningPicker picker, String handler, String type) {
    return picker.metric(
        "llm_d_epp_disagg_decision_total",
        "plugin_name",
        handler,
        "plugin_type",
        handler,
        "model_name",
        "m",
        "decision_type",
        type);
  }

  private static void withPrefiller(RunningPicker picker) {
    picker
        .picker()
        .apply(new PoolDelta(List.of(EndpointSpec.of("10.0.0.9", 8000, Role.PREFILL)), List.of()));
    await().until(() -> picker.picker().snapshot().endpoints().size() == 2);
  }
}
