package io.penstock.simulator.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvConnector;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two pods that hand a prompt over, and what is counted when somebody mishandles it. */
class KvTransferTest {

  private static final String PROMPT =
      "one two three four five six seven eight nine ten ".repeat(9);

  private final Fleet fleet = Fleet.builder().build();
  private final SimulatedPod prefill = pod(KvConfig.of(KvConnector.NIXLV2).withBytesPerSecond(0));
  private final SimulatedPod decode = pod(KvConfig.of(KvConnector.NIXLV2).withBytesPerSecond(0));

  private SimulatedPod pod(KvConfig kv) {
    return fleet.start(PodConfig.builder().kv(kv).build());
  }

  @AfterEach
  void stop() {
    fleet.close();
  }

  private static String body(String prompt, int maxTokens, String params) {
    return "{\"model\":\"tiny\",\"prompt\":\""
        + prompt
        + "\",\"max_tokens\":"
        + maxTokens
        + ",\"ignore_eos\":true,\"kv_transfer_params\":"
        + params
        + "}";
  }

  private static String ask(SimulatedPod pod, String body) throws IOException {
    String request =
        "POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
            + "connection: close\r\ncontent-length: "
            + body.length()
            + "\r\n\r\n"
            + body;
    byte[] answer = RawClient.exchange(pod.address(), request.getBytes(StandardCharsets.UTF_8));
    return new String(answer, StandardCharsets.UTF_8);
  }

  private String handedOut() throws IOException {
    return handedOut(prefill);
  }

  private static String handedOut(SimulatedPod pod) throws IOException {
    String answer = ask(pod, body(PROMPT, 1, "{\"do_remote_decode\":true}"));
    Matcher params = Pattern.compile("\"kv_transfer_params\":(\\{[^}]*})").matcher(answer);
    assertThat(params.find()).as(answer).isTrue();
    return params.group(1);
  }

  @Test
  void a_prompt_is_held_until_it_is_read_and_the_reader_computes_its_last_token_alone()
      throws IOException {
    String params = handedOut();
    assertThat(prefill.stats().kv().pinned()).isEqualTo(1);
    assertThat(prefill.resetPrefixCache()).isFalse();

    String answer = ask(decode, body(PROMPT, 4, params));

    assertThat(answer).startsWith("HTTP/1.1 200 OK");
    await().until(() -> prefill.stats().kv().read() == 1);
    assertThat(prefill.stats().kv().isClean()).isTrue();
    assertThat(prefill.resetPrefixCache()).isTrue();
    var stats = decode.stats();
    assertThat(stats.cachedTokens()).isEqualTo(stats.promptTokens() - 1);
    assertThat(stats.kv().tokensReceived()).isEqualTo(stats.promptTokens());
    String metrics =
        new String(
            RawClient.exchange(
                decode.address(),
                "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.UTF_8)),
            StandardCharsets.UTF_8);
    assertThat(metrics)
        .contains("source=\"external_kv_transfer\"} " + (double) (stats.promptTokens() - 1))
        .contains("source=\"local_compute\"} 1.0");
    assertThat(metrics.lines().filter(line -> line.contains("_prefix_cache_")))
        .contains(
            "vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"tiny\"} "
                + (double) stats.promptTokens(),
            "vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"tiny\"} "
                + (double) (stats.promptTokens() - 1));
  }

  @Test
  void pods_that_share_a_store_find_there_what_another_wrote() throws IOException {
    var shared = KvConfig.of(KvConnector.SHARED_STORAGE);
    var writer = pod(shared);
    var reader = pod(shared);
    var stranger = pod(KvConfig.of(KvConnector.SHARED_STORAGE));

    for (var pod : new SimulatedPod[] {writer, reader, stranger}) {
      assertThat(ask(pod, body(PROMPT, 2, "null"))).startsWith("HTTP/1.1 200 OK");
    }

    var stats = reader.stats();
    assertThat(stats.kv().tokensReceived()).isEqualTo(stats.promptTokens());
    assertThat(stats.cachedTokens()).isEqualTo(stats.promptTokens() - 1);
    assertThat(writer.stats().kv().tokensReceived()).isZero();
    assertThat(stranger.stats().kv().tokensReceived()).isZero();
  }

  @Test
  void nobody_comes_and_the_lease_ends() throws IOException {
    var brief = pod(KvConfig.of(KvConnector.NIXLV2).withLease(Duration.ofMillis(50)));

    ask(brief, body(PROMPT, 1, "{\"do_remote_decode\":true}"));

    await().until(() -> brief.stats().kv().expired() == 1);
    assertThat(brief.stats().kv().isClean()).isFalse();
    assertThat(brief.resetPrefixCache()).isTrue();
  }

  @Test
  void of_two_prompts_under_one_id_none_is_held_for_good() throws IOException {
    var mooncake = pod(KvConfig.of(KvConnector.MOONCAKE).withLease(Duration.ofMillis(500)));
    String params = "{\"do_remote_decode\":true,\"transfer_id\":\"x\"}";

    ask(mooncake, body(PROMPT, 1, params));
    ask(mooncake, body("quite another prompt", 1, params));

    assertThat(mooncake.stats().kv().handedOut()).isEqualTo(2);
    await().until(() -> mooncake.stats().kv().pinned() == 0);
    assertThat(mooncake.resetPrefixCache()).isTrue();
    assertThat(mooncake.stats().kv().expired()).isEqualTo(2);
  }

  @Test
  void a_prompt_without_an_id_is_held_for_nobody() throws IOException {
    for (var connector : new KvConnector[] {KvConnector.MOONCAKE, KvConnector.OFFLOADING}) {
      var pod = pod(KvConfig.of(connector));

      ask(pod, body(PROMPT, 1, "{\"do_remote_decode\":true,\"remote_decoder\":{}}"));

      assertThat(pod.stats().kv().handedOut()).as("%s", connector).isZero();
    }
  }

  @Test
  void a_second_reader_a_stranger_and_another_prompt_are_refused_and_counted() throws IOException {
    String params = handedOut();
    assertThat(ask(decode, body("quite another prompt", 1, params))).startsWith("HTTP/1.1 500");
    assertThat(prefill.stats().kv().wrongTargets()).isEqualTo(1);
    assertThat(ask(decode, body(PROMPT, 1, params))).startsWith("HTTP/1.1 200");
    assertThat(ask(decode, body(PROMPT, 1, params))).startsWith("HTTP/1.1 500");
    assertThat(prefill.stats().kv().doubleReads()).isEqualTo(1);
    String other =
        params.replaceAll("\"remote_engine_id\":\"[^\"]*\"", "\"remote_engine_id\":\"x\"");
    assertThat(ask(decode, body(PROMPT, 1, other))).startsWith("HTTP/1.1 500");
    assertThat(prefill.stats().kv().wrongTargets()).isEqualTo(2);
    assertThat(decode.stats().kv().failedReads()).isEqualTo(3);
  }

  @Test
  void an_aborted_decode_releases_what_it_has_not_read() throws IOException {
    var slow = pod(KvConfig.of(KvConnector.NIXLV2).withBytesPerSecond(1_000));
    try (var client = new Socket(slow.address().getAddress(), slow.port())) {
      send(client, body(PROMPT, 4, handedOut()));
      await().until(() -> slow.stats().inferenceRequests() == 1);
    }

    await().until(() -> prefill.stats().kv().released() == 1);
    assertThat(prefill.stats().kv().isClean()).isTrue();
  }

  @Test
  void a_decode_pod_that_dies_leaves_what_it_was_reading_to_the_lease() throws IOException {
    var lending = pod(KvConfig.of(KvConnector.NIXLV2).withLease(Duration.ofMillis(300)));
    var slow = pod(KvConfig.of(KvConnector.NIXLV2).withBytesPerSecond(1_000));
    try (var client = new Socket(slow.address().getAddress(), slow.port())) {
      send(client, body(PROMPT, 4, handedOut(lending)));
      await().until(() -> slow.stats().inferenceRequests() == 1);

      slow.kill();

      await().until(() -> lending.stats().kv().pinned() == 0);
      assertThat(lending.stats().kv().released()).isZero();
      assertThat(lending.stats().kv().expired()).isEqualTo(1);
    }
  }

  private static void send(Socket client, String body) throws IOException {
    client
        .getOutputStream()
        .write(
            ("POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
                    + "content-length: "
                    + body.length()
                    + "\r\n\r\n"
                    + body)
                .getBytes(StandardCharsets.UTF_8));
    client.getOutputStream().flush();
  }

  @Test
  void faults_hand_nothing_out_and_hold_nothing() throws IOException {
    for (var fault : new Fault[] {new Fault.NoTransfer(), new Fault.EosFirst()}) {
      prefill.faults().set(fault);
      assertThat(ask(prefill, body(PROMPT, 1, "{\"do_remote_decode\":true}")))
          .contains("\"kv_transfer_params\":null");
    }
    assertThat(prefill.stats().kv().handedOut()).isZero();
    assertThat(prefill.resetPrefixCache()).isTrue();
  }

  @Test
  void parameters_that_say_too_little_are_ignored() throws IOException {
    String answer = ask(decode, body(PROMPT, 2, "{\"do_remote_prefill\":true}"));

    assertThat(answer).startsWith("HTTP/1.1 200 OK").contains("\"kv_transfer_params\":null");
  }
}
