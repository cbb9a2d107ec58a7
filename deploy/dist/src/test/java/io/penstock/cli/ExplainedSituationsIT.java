package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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

/** The situations that docs/explain.md walks through, and the pictures in it. */
@Tag("browser")
class ExplainedSituationsIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** About 8,000 tokens that several questions have in common. */
  private static final String DOCUMENT =
      "the river falls through the gate and turns the wheel. ".repeat(600);

  @TempDir private Path profile;
  private Fleet fleet;
  private PenstockProcess gateway;
  private Browser browser;
  private ChatClient client;

  @BeforeEach
  void start() throws Exception {
    browser = Browser.start(profile);
    fleet = Fleet.builder().build();
    for (int i = 0; i < 3; i++) {
      fleet.start(PodConfig.builder().profile(EngineProfile.named("8b")).seed(i).build());
    }
    gateway =
        PenstockProcess.serve(
            "--endpoints",
            fleet.pods().stream().map(SimulatedPod::hostPort).collect(Collectors.joining(",")),
            "--ejection.duration",
            "10m",
            "--ejection.max-duration",
            "10m");
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> endpoints().toString().split("\"state\":\"ready\"", -1).length == 4);
    client = new ChatClient(gateway.url(), "tiny");
  }

  @AfterEach
  void stop() throws Exception {
    if (browser != null) {
      browser.close();
    }
    if (gateway != null) {
      gateway.close();
    }
    if (fleet != null) {
      fleet.close();
    }
  }

  private JsonNode endpoints() throws IOException, InterruptedException {
    return JSON.readTree(gateway.admin("/debug/endpoints").body());
  }

  private JsonNode ask(String requestId, String question) throws IOException, InterruptedException {
    client.ask(requestId, List.of(new DemoConversation.Message("user", DOCUMENT + question)), 8);
    await().until(() -> !decision(requestId).path("outcome").asText().equals("in_flight"));
    return decision(requestId);
  }

  private JsonNode decision(String requestId) throws IOException, InterruptedException {
    return JSON.readTree(gateway.admin("/debug/decisions/" + requestId).body());
  }

  private static String endpoint(JsonNode decision) {
    return decision.at("/decision/endpoint").asText();
  }

  private SimulatedPod pod(String address) {
    return fleet.pods().stream()
        .filter(each -> each.hostPort().equals(address))
        .findFirst()
        .orElseThrow();
  }

  /** Opens a decision on the page and takes its picture. */
  private void show(String requestId, String picture) throws IOException {
    browser.open(gateway.said("admin on ") + "/#decision=" + requestId, 1280, 960, false);
    browser.await("document.getElementById('drawerTitle').textContent === '" + requestId + "'");
    browser.picture(picture);
    browser.assertQuietAndAlone(gateway.said("admin on "));
  }

  @Test
  void a_hot_prefix_draws_the_next_question_to_the_pod_that_holds_it() throws Exception {
    var first = ask("first-question", "what turns?");
    assertThat(first.at("/ranked/0/cachedTokens").asInt()).isZero();
    var second = ask("second-question", "what falls?");

    assertThat(endpoint(second)).isEqualTo(endpoint(first));
    assertThat(second.at("/ranked/0/cachedTokens").asInt()).isGreaterThan(4_000);
    show("second-question", "hot-prefix");
    assertThat(browser.find(".why").getText())
        .startsWith("Sent to " + endpoint(first) + ", which held ")
        .contains("mostly for its own prefill");
    assertThat(browser.findAll(".candidates tr.won")).hasSize(1);

    var told =
        PenstockProcess.run("explain", "second-question", "--admin", gateway.said("admin on "));
    assertThat(told.output()).contains("*  " + endpoint(first) + "  ", "timeline: received");
    Files.writeString(Browser.pictures().resolve("hot-prefix.txt"), told.output());
  }

  @Test
  void an_overloaded_pod_loses_a_question_whose_prefix_it_holds() throws Exception {
    var holder = endpoint(ask("first-question", "what turns?"));
    List<OpenStream> others = new ArrayList<>();
    try {
      // Clients that do not come through the gateway: it knows them from the engine's metrics only.
      for (int i = 0; i < 80; i++) {
        others.add(new OpenStream("http://" + holder, i + " " + DOCUMENT, 2_000));
      }
      // Others' requests are believed once two samples in a row tell of them.
      await()
          .during(Duration.ofSeconds(2))
          .atMost(Duration.ofSeconds(30))
          .until(() -> waiting(holder) >= 20);
      var second = ask("second-question", "what falls?");

      assertThat(endpoint(second)).isNotEqualTo(holder);
      JsonNode passed = null;
      for (var candidate : second.path("ranked")) {
        passed = candidate.path("endpoint").asText().equals(holder) ? candidate : passed;
      }
      assertThat(passed).isNotNull();
      assertThat(passed.path("cachedTokens").asInt()).isGreaterThan(4_000);
      assertThat(passed.at("/terms/pendingPrefill").asDouble())
          .isGreaterThan(-second.at("/ranked/0/score").asDouble());
      show("second-question", "overloaded-pod");
      assertThat(browser.find(".why").getText()).contains("had to compute all of its");
    } finally {
      for (var other : others) {
        other.close();
      }
    }
  }

  private long waiting(String address) throws IOException, InterruptedException {
    for (var each : endpoints()) {
      if (each.path("address").asText().equals(address)) {
        return each.at("/signals/waiting").asLong();
      }
    }
    return -1;
  }

  @Test
  void a_dead_pod_costs_a_retry_and_is_then_left_out() throws Exception {
    var holder = endpoint(ask("first-question", "what turns?"));
    pod(holder).kill();
    var retried = ask("second-question", "what falls?");
    assertThat(retried.path("outcome").asText()).isEqualTo("completed");
    assertThat(endpoint(retried)).isNotEqualTo(holder);
    assertThat(retried.at("/droppedEndpoints/0/by").asText()).isEqualTo("tried");
    show("second-question", "dead-pod-retried");
    assertThat(browser.find("#drawerBody").getText())
        .contains("All decisions of this request", "failed: ");

    for (int i = 0; !state(holder).equals("ejected"); i++) {
      assertThat(i).isLessThan(200);
      // Whoever took over holds the document by now; prompts that nobody holds go anywhere.
      client.ask(
          "other-" + i, List.of(new DemoConversation.Message("user", i + " other words")), 1);
    }
    var after = ask("third-question", "what drives the gate?");
    assertThat(after.path("attempts")).hasSize(1);
    assertThat(after.at("/droppedEndpoints/0/by").asText()).isEqualTo("ejection-filter");
    show("third-question", "dead-pod-ejected");
    assertThat(browser.find("#drawerBody").getText()).contains(holder + " ejected after failures");

    browser.open(gateway.said("admin on ") + "/#pod=" + holder, 1280, 960, false);
    browser.await("document.getElementById('drawerTitle').textContent === '" + holder + "'");
    assertThat(browser.find("#drawerBody").getText())
        .contains("ejected after failures", "second-question");
    browser.picture("dead-pod");
    browser.assertQuietAndAlone(gateway.said("admin on "));
  }

  private String state(String address) throws IOException, InterruptedException {
    for (var each : endpoints()) {
      if (each.path("address").asText().equals(address)) {
        return each.path("state").asText();
      }
    }
    return "gone";
  }
}
