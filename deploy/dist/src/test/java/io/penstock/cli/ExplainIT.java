package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code penstock explain} and {@code penstock top}, asking a running gateway. */
class ExplainIT {

  private static Fleet fleet;
  private static PenstockProcess gateway;
  private static String admin;

  @BeforeAll
  static void start() throws Exception {
    fleet = Fleet.of(PodConfig.builder().seed(1).build(), PodConfig.builder().seed(2).build());
    gateway =
        PenstockProcess.serve(
            "--endpoints", fleet.pod(0).hostPort() + "," + fleet.pod(1).hostPort());
    admin = gateway.said("admin on ");
  }

  @AfterAll
  static void stop() {
    if (gateway != null) {
      gateway.close();
    }
    fleet.close();
  }

  @Test
  void explain_says_why_by_request_id_and_by_decision_id() throws Exception {
    try (var stream = new OpenStream(gateway.url(), "why this pod", 5)) {
      assertThat(stream.answer()).contains("[DONE]");
    }
    var newest =
        new ObjectMapper().readTree(gateway.admin("/debug/decisions?limit=1").body()).get(0);
    var request = newest.path("requestId").asText();

    var said = PenstockProcess.run("explain", request, "--admin", admin);
    assertThat(said.status()).as(said.output()).isZero();
    assertThat(said.output())
        .startsWith("request " + request + "  completed 200\n")
        .contains("prompt tokens and costs ", "candidate", "timeline: received, body read +")
        .contains(fleet.pod(0).hostPort(), fleet.pod(1).hostPort())
        .doesNotContain("\033");

    var hostPort = admin.substring("http://".length());
    var id = newest.path("id").asText();
    assertThat(PenstockProcess.run("explain", id, "--admin", hostPort).output())
        .isEqualTo(said.output());

    var json = PenstockProcess.run("explain", id, "--admin", admin, "--json", "--pool", "default");
    assertThat(new ObjectMapper().readTree(json.output()).path("requestId").asText())
        .isEqualTo(request);
  }

  @Test
  void top_is_one_table_where_nobody_looks() throws Exception {
    var said = PenstockProcess.run("top", "--admin", admin);
    assertThat(said.status()).as(said.output()).isZero();
    assertThat(said.output())
        .startsWith("penstock " + admin + "   2 pods, ")
        .contains("STATE", fleet.pod(0).hostPort(), fleet.pod(1).hostPort(), "ready")
        .doesNotContain("\033");
  }

  @Test
  void what_is_wrong_is_said_in_a_sentence() throws Exception {
    var unknown = PenstockProcess.run("explain", "no-such", "--admin", admin);
    assertThat(unknown.status()).isEqualTo(1);
    assertThat(unknown.output()).contains("remembers no decision or request 'no-such'");

    var away = PenstockProcess.run("top", "--admin", "127.0.0.1:1");
    assertThat(away.status()).isEqualTo(1);
    assertThat(away.output()).contains("no admin listener answers at http://127.0.0.1:1");

    var wrong = PenstockProcess.run("top", "--admin", "ftp://x");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.output()).contains("'ftp://x', allowed: a URL such as http://127.0.0.1:9090");
    assertThat(PenstockProcess.run("top", "--interval", "0").output())
        .contains("allowed: 0.1 to 3600");
  }
}
