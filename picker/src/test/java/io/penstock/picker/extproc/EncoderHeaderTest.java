package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who encodes images is told to llm-d's sidecar, and only by the picker. */
class EncoderHeaderTest {

  private static final String HEADER = "x-encoder-hosts-ports";
  private static final String TEXT = FullDuplexTest.BODY;
  private static final String IMAGE =
      "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
          + "\"image_url\":{\"url\":\"https://example.org/cat.png\"}}]}]}";

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000");
    picker
        .picker()
        .apply(
            new PoolDelta(
                List.of(
                    EndpointSpec.of("10.0.0.7", 8000, Role.PREFILL),
                    EndpointSpec.of("10.0.0.8", 8000, Role.ENCODE),
                    EndpointSpec.of("fd00::9", 8000, Role.ENCODE)),
                List.of()));
    await().until(() -> picker.picker().snapshot().endpoints().size() == 4);
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    picker.close();
  }

  private static EndpointPickerConfig policy(String deciders) {
    return TestPolicy.of(
        """
            plugins:
              - {type: disagg-profile-handler, parameters: {deciders: {%s}}}
              - type: always-disagg-multimodal-decider
              - type: always-disagg-pd-decider
              - type: encode-filter
              - type: prefill-filter
              - type: decode-filter
              - {type: max-score-picker, parameters: {maxNumOfEndpoints: 2}}
              - {type: random-picker}
            schedulingProfiles:
              - {name: encode, plugins: [{pluginRef: encode-filter}, {pluginRef: max-score-picker}]}
              - {name: prefill, plugins: [{pluginRef: prefill-filter}, {pluginRef: random-picker}]}
              - {name: decode, plugins: [{pluginRef: decode-filter}, {pluginRef: random-picker}]}
            """
            .formatted(deciders));
  }

  private GatewayStream ask(String body) {
    return picker.stream().post(FullDuplexTest.CHAT, HEADER, "10.6.6.6:1").requestBody(body, true);
  }

  private double decisions(String type) {
    return picker.metric(
        "llm_d_epp_disagg_decision_total",
        "plugin_name",
        "disagg-profile-handler",
        "plugin_type",
        "disagg-profile-handler",
        "model_name",
        "tiny",
        "decision_type",
        type);
  }

  /** Requests in flight at both encoders. */
  private List<Integer> encoding() {
    return picker.picker().snapshot().endpoints().stream()
        .filter(endpoint -> endpoint.spec().role() == Role.ENCODE)
        .map(endpoint -> picker.picker().inFlight().requests(endpoint.slot()))
        .toList();
  }

  @Test
  void a_request_with_images_names_its_encoders_which_are_busy_until_the_answer_begins()
      throws Exception {
    picker.picker().policy(policy("encode: always-disagg-multimodal-decider"));
    var stream = ask(IMAGE);
    var picked = stream.picked();
    var headers = picked.response().getHeaderMutation();

    assertThat(picked.destination()).isEqualTo("10.0.0.1:8000");
    assertThat(GatewayStream.set(headers).get(HEADER).split(","))
        .containsExactlyInAnyOrder("10.0.0.8:8000", "[fd00::9]:8000");
    assertThat(headers.getRemoveHeadersList()).doesNotContain(HEADER);
    assertThat(decisions("encode-decode")).isOne();
    assertThat(encoding()).containsExactly(1, 1);
    var record = picker.picker().decisions().newest(1).getFirst();
    assertThat(record.encoders()).hasSize(2);
    assertThat(record.prefills()).isNull();
    assertThat(record.ranking().endpoint(0).address()).isEqualTo("10.0.0.1:8000");
    assertThat(record.toJson()).contains("\"encoders\":[\"").contains("[fd00::9]:8000");

    stream.requestBodyBack(IMAGE.length(), true);
    stream.responseHeaders(200, false).responseBody("{", false);
    stream.pending();
    assertThat(encoding()).containsExactly(0, 0);
    stream.cancel();
  }

  @Test
  void all_three_stages_are_told_together() throws Exception {
    picker
        .picker()
        .policy(
            policy("encode: always-disagg-multimodal-decider, prefill: always-disagg-pd-decider"));
    var stream = ask(IMAGE);
    var set = GatewayStream.set(stream.picked().response().getHeaderMutation());

    assertThat(set).containsKey(HEADER).containsEntry("x-prefiller-host-port", "10.0.0.7:8000");
    assertThat(decisions("encode-prefill-decode")).isOne();
    stream.cancel();
    await().until(() -> encoding().equals(List.of(0, 0)));
  }

  @Test
  void a_request_of_text_alone_names_none_and_loses_the_clients_header() throws Exception {
    picker.picker().policy(policy("encode: always-disagg-multimodal-decider"));
    var stream = ask(TEXT);
    var headers = stream.picked().response().getHeaderMutation();

    assertThat(GatewayStream.set(headers)).doesNotContainKey(HEADER);
    assertThat(headers.getRemoveHeadersList()).contains(HEADER);
    assertThat(decisions("decode-only")).isOne();
    assertThat(encoding()).containsExactly(0, 0);
    stream.cancel();
  }

  @Test
  void without_the_stage_nothing_is_sent_to_endpoints_that_encode() throws Exception {
    for (int i = 0; i < 20; i++) {
      var stream = ask(IMAGE);
      assertThat(stream.picked().destination()).isEqualTo("10.0.0.1:8000");
      stream.cancel();
    }
  }
}
