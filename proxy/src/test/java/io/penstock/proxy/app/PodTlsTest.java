package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.picker.scrape.PodTls;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods that serve TLS, scraped and asked over it. */
class PodTlsTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String BODY =
      """
      {"model":"tiny","messages":[{"role":"user","content":"hello %d"}],"max_tokens":20,\
      "ignore_eos":true,"stream":%s}""";

  @TempDir private Path folder;
  private final AtomicInteger ids = new AtomicInteger();
  private final Fleet fleet = Fleet.builder().build();

  /** A pod whose certificate is for a name or an address; its authority is the file given back. */
  private Path pod(String file, String name) throws Exception {
    var builder =
        new CertificateBuilder()
            .subject("CN=" + file)
            .setIsCertificateAuthority(true)
            .algorithm(CertificateBuilder.Algorithm.ecp256);
    X509Bundle pair =
        (name.equals("127.0.0.1") ? builder.addSanIpAddress(name) : builder.addSanDnsName(name))
            .buildSelfSigned();
    Path certificate =
        Files.writeString(folder.resolve(file + ".crt"), pair.getCertificatePathPEM());
    Path key = Files.writeString(folder.resolve(file + ".key"), pair.getPrivateKeyPEM());
    fleet.start(PodConfig.builder().tls(certificate, key).build());
    return certificate;
  }

  private TestGateway gateway(PodTls.Settings tls) throws IOException {
    return TestGateway.over(
        fleet,
        ConfigSources.builder()
            .endpoints(TestGateway.addresses(fleet))
            .podTls(tls)
            .flag("--log.access", "false"));
  }

  /** No two chats are alike, or one pod would get them all. */
  private void chat(TestGateway gateway, boolean streamed) throws Exception {
    var answer = gateway.post(CHAT, BODY.formatted(ids.incrementAndGet(), streamed));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).contains(streamed ? "data: [DONE]" : "\"completion_tokens\":20");
  }

  @Test
  void pods_are_scraped_and_asked_and_their_connections_are_kept() throws Exception {
    Path authority = pod("a", "127.0.0.1");
    try (var gateway = gateway(new PodTls.Settings(authority, null, false))) {
      for (int i = 0; i < 10; i++) {
        chat(gateway, i % 2 == 0);
      }
      String padding = "u".repeat(400_000);
      String body =
          BODY.formatted(0, false).replace("{\"model\"", "{\"user\":\"" + padding + "\",\"model\"");
      assertThat(gateway.post(CHAT, body).statusCode()).isEqualTo(200);
      assertThat(gateway.lastReceived(CHAT).bodyText()).isEqualTo(body);
      assertThat(gateway.metric("penstock_upstream_connections_reused_total")).isPositive();
    }
  }

  @Test
  void a_pod_whose_certificate_is_trusted_no_more_gets_nothing_until_it_is_again()
      throws Exception {
    Path good = pod("good", "127.0.0.1");
    Path other = pod("other", "127.0.0.1");
    String both = Files.readString(good) + Files.readString(other);
    Path authorities = Files.writeString(folder.resolve("authorities.pem"), both);
    SimulatedPod distrusted = fleet.pod(1);
    try (var gateway = gateway(new PodTls.Settings(authorities, null, false))) {
      chatUntil(gateway, () -> distrusted.stats().inferenceRequests() > 0);

      replace(authorities, Files.readString(good));
      // Connections that stand are not shaken again: only new ones tell.
      distrusted.faults().add(new Fault.IdleClose(Duration.ofMillis(200)));
      chatUntil(gateway, () -> gateway.metric("penstock_upstream_connect_failures_total") > 0);
      long before = distrusted.stats().inferenceRequests();
      for (int i = 0; i < 20; i++) {
        chat(gateway, true);
      }
      assertThat(distrusted.stats().inferenceRequests()).isEqualTo(before);

      distrusted.faults().clear();
      replace(authorities, both);
      chatUntil(gateway, () -> distrusted.stats().inferenceRequests() > before);
      assertThat(gateway.metric("penstock_config_reload_total{kind=\"pods-ca\",}")).isEqualTo(2);
    }
  }

  private void replace(Path file, String text) throws IOException {
    Path next = Files.writeString(folder.resolve("next.pem"), text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** No chat fails meanwhile. */
  private void chatUntil(TestGateway gateway, BooleanSupplier reached) {
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(250))
        .until(
            () -> {
              chat(gateway, true);
              return reached.getAsBoolean();
            });
  }

  @Test
  void a_certificate_may_be_for_a_name_that_all_pods_share_or_for_nothing_in_particular()
      throws Exception {
    Path authority = pod("named", "vllm.test");
    try (var gateway = gateway(new PodTls.Settings(authority, "vllm.test", false))) {
      chat(gateway, false);
    }
  }

  @Test
  void where_any_certificate_will_do_none_is_checked() throws Exception {
    pod("named", "vllm.test");
    try (var gateway = gateway(new PodTls.Settings(null, null, true))) {
      chat(gateway, false);
    }
  }

  @Test
  void a_file_without_authorities_ends_the_start_and_is_named() throws Exception {
    pod("a", "127.0.0.1");
    Path empty = Files.writeString(folder.resolve("empty.pem"), "nothing\n");
    assertThatThrownBy(() -> gateway(new PodTls.Settings(empty, null, false)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(empty.toString());
  }
}
