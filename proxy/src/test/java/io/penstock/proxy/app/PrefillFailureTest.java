package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvConnector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pod that computes the prompt fails, before the other is asked. */
class PrefillFailureTest extends DividedRequests {

  @Test
  void refuses_connections_and_another_prefill_pod_is_asked() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.prefill(0).faults().add(new Fault.Refuse());

      int asked = askUntil(pods, TO_PREFILL + "\"connect\",}");

      assertAllHandedOver(pods, asked);
      assertThat(DividedPods.asked(Stream.of(pods.prefill(1)))).hasSize(asked);
    }
  }

  @Test
  void resets_and_another_prefill_pod_is_asked() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.prefill(0).faults().add(new Fault.ResetAfterBytes(0));

      int asked = askUntil(pods, TO_PREFILL + "\"reset\",}");

      assertAllHandedOver(pods, asked);
    }
  }

  @Test
  void fails_with_5xx_and_another_prefill_pod_is_asked() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.prefill(0).faults().add(new Fault.AnswerStatus(500, -1));

      int asked = askUntil(pods, TO_PREFILL + "\"unavailable\",}");

      assertAllHandedOver(pods, asked);
    }
  }

  @Test
  void hangs_and_another_prefill_pod_is_asked_after_the_time_of_one() throws Exception {
    try (var pods =
        DividedPods.with().disaggregation("decider: always, prefillTimeout: 300ms").start()) {
      pods.prefill(0).faults().add(new Fault.StallBeforeHead());

      int asked = askUntil(pods, TO_PREFILL + "\"timeout\",}");

      assertAllHandedOver(pods, asked);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"connect", "reset", "unavailable", "timeout", "protocol"})
  void fails_on_every_pod_and_the_one_that_answers_computes_the_prompt(String how)
      throws Exception {
    var fault =
        switch (how) {
          case "connect" -> new Fault.Refuse();
          case "reset" -> new Fault.ResetAfterBytes(0);
          case "unavailable" -> new Fault.AnswerStatus(500, -1);
          case "timeout" -> new Fault.StallBeforeHead();
          default -> new Fault.Garbage();
        };
    try (var pods =
        DividedPods.with().disaggregation("decider: always, prefillTimeout: 300ms").start()) {
      pods.prefill(0).faults().add(fault);
      pods.prefill(1).faults().add(fault);

      var answer = ask(pods, false);

      assertThat(answer.statusCode()).isEqualTo(200);
      assertAnsweredAlone(pods);
      assertThat(pods.gateway.metric(TO_DECODE + "\"" + how + "\",}")).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void refuses_the_request_itself_and_its_client_hears_it_once(boolean stream) throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.prefill(0).faults().add(new Fault.AnswerStatus(400, -1));
      pods.prefill(1).faults().add(new Fault.AnswerStatus(400, -1));

      var answer = ask(pods, stream);

      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body()).startsWith("{\"error\":{\"message\":");
      assertThat(pods.prefilled()).hasSize(1);
      assertThat(pods.decoded()).isEmpty();
    }
  }

  @Test
  void refuses_the_request_of_a_client_that_waits_in_an_open_stream(@TempDir Path folder)
      throws Exception {
    var comment = new CountDownLatch(1);
    BytePod.Answer refuses =
        (gateway, request) -> {
          comment.await();
          TestGateway.send(
              gateway, BytePod.json("400 Bad Request", "{\"error\":{\"message\":\"too long\"}}"));
        };
    try (var prefill = new BytePod(refuses);
        var decode = new BytePod((gateway, request) -> gateway.close())) {
      var config = folder.resolve("gateway.yaml");
      Files.writeString(
          config,
          "pools: [{name: divided, models: [tiny], disaggregation: {connector: nixlv2,"
              + " decider: always}, discovery: {static: {endpoints: [{address: \""
              + prefill.address()
              + "\", role: prefill}, {address: \""
              + decode.address()
              + "\", role: decode}]}}}]\n");
      try (var gateway =
              TestGateway.over(
                  Fleet.builder().build(),
                  ConfigSources.builder()
                      .file(config)
                      .flag("--log.access", "false")
                      .flag("--sse.keep-alive", "100ms")
                      .flag("--ejection.failures", "1"));
          var socket = gateway.connect()) {
        TestGateway.send(socket, TestGateway.request(PATH, TestGateway.chat("hello", 4, true)));
        TestGateway.readTo(socket, ": keep-alive\n\n");
        comment.countDown();
        TestGateway.readTo(socket, "data: {\"error\":{\"message\":\"too long\"}}\n\n");
        assertThat(gateway.metric("penstock_endpoint_ejections_total{pool=\"divided\",}")).isZero();
      }
    }
  }

  @Test
  void hands_nothing_over_and_the_pod_that_answers_computes_the_prompt() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.prefill(0).faults().add(new Fault.NoTransfer());
      pods.prefill(1).faults().add(new Fault.NoTransfer());

      var answer = ask(pods, true);

      assertThat(answer.body()).endsWith("data: [DONE]\n\n");
      assertThat(pods.prefilled()).hasSize(1);
      assertAnsweredAlone(pods);
    }
  }

  @Test
  void hands_nothing_over_time_and_again_and_is_asked_no_more() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.prefill(0).faults().add(new Fault.NoTransfer());
      pods.prefill(1).faults().add(new Fault.NoTransfer());

      for (int i = 0; i < 12; i++) {
        assertThat(ask(pods, i % 2 == 0).statusCode()).isEqualTo(200);
      }

      assertThat(pods.prefilled()).as("three times each").hasSize(6);
      assertThat(pods.decoded()).hasSize(12).noneMatch(leg -> leg.bodyText().contains(TRANSFER));
      assertThat(pods.gateway.metric(TO_DECODE + "\"nothing_handed_over\",}")).isEqualTo(6);
    }
  }

  @Test
  void hands_nothing_over_and_all_prompts_go_to_the_one_that_does() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.prefill(0).faults().add(new Fault.NoTransfer());
      while (DividedPods.asked(Stream.of(pods.prefill(0))).size() < 3) {
        assertThat(pods.decoded()).hasSizeLessThan(200);
        ask(pods, false);
      }
      int handed = (int) pods.held().read();

      for (int i = 0; i < 8; i++) {
        ask(pods, false);
      }

      assertThat(pods.held().read()).isEqualTo(handed + 8);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void hangs_for_longer_than_the_request_may_take_which_is_an_error(boolean stream)
      throws Exception {
    try (var pods =
        DividedPods.with().flags(flags -> flags.flag("--timeouts.total", "400ms")).start()) {
      pods.prefill(0).faults().add(new Fault.StallBeforeHead());
      pods.prefill(1).faults().add(new Fault.StallBeforeHead());

      var answer = ask(pods, stream);

      assertThat(answer.statusCode()).isEqualTo(504);
      assertThat(answer.body()).contains("\"code\":\"deadline_exceeded\"");
      assertThat(pods.prefilled()).hasSize(1);
      assertThat(pods.decoded()).isEmpty();
    }
  }

  @Test
  void ends_at_its_first_token_and_the_pod_that_answers_computes_the_prompt() throws Exception {
    try (var pods = DividedPods.with().start()) {
      pods.prefill(0).faults().add(new Fault.EosFirst());
      pods.prefill(1).faults().add(new Fault.EosFirst());

      var answer = ask(pods, false);

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(pods.prefilled()).hasSize(1);
      assertAnsweredAlone(pods);
    }
  }

  @Test
  void pods_are_not_there_and_requests_stay_whole() throws Exception {
    try (var pods = DividedPods.with().prefills(0).start()) {
      assertThat(ask(pods, false).statusCode()).isEqualTo(200);

      assertAnsweredAlone(pods);
    }
  }

  @Test
  void fails_and_so_does_every_pod_that_answers_which_is_an_error_within_the_retries()
      throws Exception {
    try (var pods = DividedPods.with().start()) {
      for (int i = 0; i < 2; i++) {
        pods.prefill(i).faults().add(new Fault.Refuse());
        pods.decode(i).faults().add(new Fault.Refuse());
      }

      var answer = ask(pods, false);

      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(answer.headers().firstValue("x-should-retry")).hasValue("true");
      assertThat(answer.body()).contains("\"code\":\"upstream_connect_error\"");
    }
  }

  @Test
  void pod_is_replaced_on_its_address_and_nothing_of_the_old_one_is_used() throws Exception {
    try (var pods = DividedPods.with().prefills(1).decodes(1).start()) {
      assertThat(ask(pods, false).statusCode()).isEqualTo(200);
      var old = pods.prefill(0);
      old.kill();
      var fresh =
          pods.startStranger(
              PodConfig.builder()
                  .seed(77)
                  .port(old.port())
                  .kv(KvConfig.of(KvConnector.NIXLV2).withPort(old.kvPort()))
                  .build());

      assertThat(ask(pods, false).statusCode()).isEqualTo(200);

      assertThat(fresh.stats().kv().read()).isEqualTo(1);
      assertThat(pods.decode(0).stats().kv().failedReads()).isZero();
    }
  }
}
