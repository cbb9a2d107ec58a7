package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.pkitesting.CertificateBuilder;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gateways and a picker over the same pods that tell each other through a real Redis. */
@Tag("redis")
class ReplicasIT {

  private static final int PODS = 4;
  private static final int PROMPTS = 24;
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Fleet fleet = Fleet.builder().build();
  private final List<PenstockProcess> replicas = new ArrayList<>();
  @TempDir private Path folder;

  @BeforeEach
  void startPods() {
    for (int i = 0; i < PODS; i++) {
      fleet.start(PodConfig.builder().profile(EngineProfile.named("70b")).seed(i).build());
    }
  }

  @AfterEach
  void stop() {
    replicas.forEach(PenstockProcess::close);
    fleet.close();
  }

  @Test
  void a_prompt_that_one_gateway_has_sent_another_sends_to_the_same_pod() throws Exception {
    try (var redis = new RedisServer(folder)) {
      var first = serve("--replicas.redis", "redis://" + redis.address());
      var second = serve("--replicas.redis", "redis://" + redis.address());
      awaitHeard(first, 1);
      awaitHeard(second, 1);

      int found = 0;
      for (int i = 0; i < PROMPTS; i++) {
        assertThat(cachedTokens(ask(first, i))).isZero();
        awaitRecords(second, 3 * (i + 1));
        found += cachedTokens(ask(second, i)) > 1_000 ? 1 : 0;
        awaitRecords(first, 3 * (i + 1));
      }

      assertThat(found).as("prompts that the second found").isEqualTo(PROMPTS);
      assertThat(first.metric("penstock_replica_records_told_total")).isEqualTo(3 * PROMPTS);
      assertThat(first.metric("penstock_replica_records_dropped_total")).isZero();
      assertThat(second.metric("penstock_replica_gaps_total")).isZero();
    }
  }

  @Test
  void what_runs_counts_at_the_others_until_it_ends_or_its_gateway_dies() throws Exception {
    try (var redis = new RedisServer(folder)) {
      var first = serve("--replicas.redis", "redis://" + redis.address());
      var second = serve("--replicas.redis", "redis://" + redis.address());
      awaitHeard(second, 1);

      try (var stream = new OpenStream(first.url(), "a question", 2_000)) {
        stream.awaitFirstByte();
        awaitSettled(second, 1);
        assertThat(second.metric("penstock_pod_requests_in_flight")).isZero();

        first.close();
        awaitSettled(second, 0);
        awaitHeard(second, 0);
      }
    }
  }

  @Test
  void gateways_answer_without_redis_and_find_each_other_when_it_is_back() throws Exception {
    try (var redis = new RedisServer(folder)) {
      var first = serve("--replicas.redis", "redis://" + redis.address());
      var second = serve("--replicas.redis", "redis://" + redis.address());
      awaitHeard(first, 1);
      awaitHeard(second, 1);

      redis.stop();
      await().atMost(SOON).until(() -> first.metric("penstock_replica_link_up") == 0);
      await().atMost(SOON).until(() -> second.metric("penstock_replicas_heard") == 0);
      assertThat(cachedTokens(ask(first, 1))).isZero();
      assertThat(first.metric("penstock_replica_records_dropped_total")).isPositive();

      redis.start();
      awaitHeard(first, 1);
      awaitHeard(second, 1);
      assertThat(cachedTokens(ask(first, 2))).isZero();
      awaitRecords(second, 3);
      assertThat(cachedTokens(ask(second, 2))).isGreaterThan(1_000);
    }
  }

  @Test
  void a_gateway_and_a_picker_of_the_same_pool_hear_each_other_with_a_password_and_over_tls()
      throws Exception {
    var made =
        new CertificateBuilder()
            .subject("CN=redis")
            .addSanIpAddress("127.0.0.1")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    var certificate = Files.writeString(folder.resolve("redis.pem"), made.getCertificatePEM());
    var key = Files.writeString(folder.resolve("redis.key"), made.getPrivateKeyPEM());
    var password = Files.writeString(folder.resolve("password"), "s3cret\n");
    var acl = "user default off";
    var user = "user penstock on >s3cret resetchannels &penstock:* +publish +subscribe +ping";
    var users = Files.writeString(folder.resolve("users.acl"), acl + "\n" + user + "\n");
    try (var redis =
        new RedisServer(
            folder,
            "--tls-cert-file",
            certificate.toString(),
            "--tls-key-file",
            key.toString(),
            "--tls-auth-clients",
            "no",
            "--aclfile",
            users.toString())) {
      var url = "rediss://penstock@" + redis.address();
      var gateway =
          serve(
              "--replicas.redis",
              url,
              "--replicas.password-file",
              password.toString(),
              "--replicas.ca",
              certificate.toString());
      var picker =
          PenstockProcess.picker(
              "--endpoints",
              "default=" + addresses(),
              "--replicas-redis",
              url,
              "--replicas-password-file",
              password.toString(),
              "--replicas-ca",
              certificate.toString());
      replicas.add(picker);

      awaitHeard(gateway, 1);
      await().atMost(SOON).until(() -> picker.pickerMetric("penstock_replicas_heard") == 1);
      assertThat(cachedTokens(ask(gateway, 1))).isZero();
      await().atMost(SOON).until(() -> picker.pickerMetric("llm_d_epp_prefix_indexer_size") > 10);
    }
  }

  private PenstockProcess serve(String... flags) throws IOException {
    List<String> all = new ArrayList<>(List.of(flags));
    all.addAll(List.of("--log.access", "false", "--endpoints", addresses()));
    var gateway = PenstockProcess.serve(all.toArray(String[]::new));
    replicas.add(gateway);
    return gateway;
  }

  private String addresses() {
    return fleet.pods().stream().map(SimulatedPod::hostPort).collect(Collectors.joining(","));
  }

  private static void awaitHeard(PenstockProcess replica, int others) {
    await().atMost(SOON).until(() -> replica.metric("penstock_replicas_heard") == others);
  }

  private static void awaitRecords(PenstockProcess replica, int records) {
    await()
        .atMost(SOON)
        .until(() -> replica.metric("penstock_replica_records_heard_total") == records);
  }

  /** Waits until the replica knows of so many requests that another one has in flight. */
  private static void awaitSettled(PenstockProcess replica, int requests) {
    await()
        .atMost(SOON)
        .until(
            () -> {
              int elsewhere = 0;
              for (var pod : JSON.readTree(replica.admin("/debug/endpoints").body())) {
                elsewhere += pod.path("replicas_in_flight").asInt();
              }
              return elsewhere == requests;
            });
  }

  private static String ask(PenstockProcess gateway, int prompt) throws Exception {
    var words = ("The prefix of prompt " + prompt + " is long. ").repeat(200);
    return gateway
        .post(
            "/v1/chat/completions",
            "{\"model\":\"tiny\",\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\""
                + words
                + "\"}]}")
        .body();
  }

  private static int cachedTokens(String answer) throws IOException {
    var usage = JSON.readTree(answer).path("usage");
    assertThat(usage.path("prompt_tokens").asInt()).as(answer).isPositive();
    return usage.path("prompt_tokens_details").path("cached_tokens").asInt();
  }
}
