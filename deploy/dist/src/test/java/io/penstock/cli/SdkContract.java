package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.json.Json;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What holds for every OpenAI SDK in front of {@code penstock serve}. */
interface SdkContract {

  /** The SDK. */
  Sdk sdk();

  /** The pods and the gateways. */
  ServedPods pods();

  @Test
  default void models_are_listed_and_retrieved() throws Exception {
    var seen = ask("models");
    assertThat(seen.items("ids")).containsExactly(new Json.Str("tiny"));
    assertThat(seen.text("retrieved", "")).isEqualTo("tiny");
  }

  @Test
  default void a_chat_is_the_pods_own() throws Exception {
    var seen = ask("chat");
    for (String part : new String[] {"text", "finish_reason", "completion_tokens"}) {
      assertThat(seen.get(part)).as(part).isNotNull().isEqualTo(ofPod("chat").get(part));
    }
    assertThat(seen.integer("completion_tokens", -1)).isEqualTo(8);
  }

  @Test
  default void a_stream_is_the_pods_own_with_one_usage_chunk() throws Exception {
    var seen = ask("stream");
    assertThat(seen).isEqualTo(ofPod("stream"));
    assertThat(seen.integer("usage", -1)).isEqualTo(8);
    assertThat(seen.integer("empty", -1)).isEqualTo(1);
  }

  @Test
  default void leaving_a_stream_stops_the_pod() throws Exception {
    pods().fault(new Fault.StallAfterEvents(5));
    long before = pods().aborts();
    assertThat(ask("leave").integer("seen", -1)).isEqualTo(3);
    await().until(() -> pods().aborts() == before + 1);
  }

  @Test
  default void an_unknown_model_is_not_found_and_asked_for_once() throws Exception {
    assertRaised(ask("error", "huge"), "NotFoundError", "model_not_found", 1);
  }

  @Test
  default void pods_that_are_down_are_an_internal_server_error_after_three_attempts()
      throws Exception {
    var gateway = pods().gatewayWithoutConnections();
    pods().fault(new Fault.Refuse());
    var seen = sdk().ask("error", gateway.url());
    assertRaised(seen, "InternalServerError", "upstream_connect_error", 3);
  }

  @Test
  default void a_stream_that_dies_is_an_api_error_and_not_a_short_answer() throws Exception {
    pods().fault(new Fault.DieInEvent(3));
    assertRaised(ask("error_in_stream"), "APIError", "upstream_reset", 1);
  }

  @Test
  default void an_error_of_a_pod_is_raised_as_if_the_pod_were_asked() throws Exception {
    pods().fault(new Fault.AnswerStatus(400, -1));
    var seen = ask("error").fields();
    var direct = ofPod("error").fields();
    for (String part : new String[] {"exception", "status", "code", "type", "param"}) {
      assertThat(seen.get(part)).as(part).isEqualTo(direct.get(part));
    }
    assertThat(seen).contains(Map.entry("exception", new Json.Str("BadRequestError")));
  }

  /** A step at the gateway. */
  default Json.Obj ask(String step, Object... arguments) throws Exception {
    return sdk().ask(step, pods().gateway().url(), arguments);
  }

  /** A step at a pod itself. */
  private Json.Obj ofPod(String step) throws Exception {
    return sdk().ask(step, pods().podUrl());
  }

  private static void assertRaised(Json.Obj seen, String exception, String code, int attempts) {
    assertThat(seen.text("exception", "none")).as("%s", seen).isEqualTo(exception);
    assertThat(seen.text("code", "none")).as("%s", seen).isEqualTo(code);
    assertThat(seen.integer("attempts", -1)).as("%s", seen).isEqualTo(attempts);
  }
}
