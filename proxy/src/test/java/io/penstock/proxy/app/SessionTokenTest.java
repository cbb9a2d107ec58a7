package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.http.PodConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions stay with their pod: by a header of the answer that is sent back, or by an id. */
class SessionTokenTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HEADER = "x-stay";

  @TempDir private Path folder;

  @Test
  void an_answer_names_its_pod_and_requests_with_that_name_go_there() throws Exception {
    try (var gateway =
        sticky(
            """
            strategy: encoded_endpoint_header
            encodedEndpointHeaderConfig: {header: X-Stay}
            """)) {
      for (boolean stream : new boolean[] {false, true}) {
        var first = gateway.post(CHAT, chat("hi", 2, stream), "x-request-id", "first-" + stream);
        var token = first.headers().firstValue(HEADER).orElseThrow();
        var pod = gateway.answered("first-" + stream);
        for (int i = 0; i < 10; i++) {
          var id = "again-" + stream + i;
          var again = gateway.post(CHAT, chat("hi", 2, stream), "x-request-id", id, HEADER, token);
          assertThat(gateway.answered(id)).isSameAs(pod);
          assertThat(again.headers().firstValue(HEADER)).hasValue(token);
        }
      }
    }
  }

  /**
   * A client of HTTP/2 may send each pair of its cookie in a field of its own (RFC 9113 §8.2.3).
   */
  @Test
  void a_cookie_names_the_session_in_whatever_field_of_http2_it_comes() throws Exception {
    try (var gateway =
            sticky(
                """
                strategy: session_id
                sessionIdConfig: {sources: [{attribute: SessionID}]}
                """);
        var client = Http2Client.of(gateway)) {
      var pods = new HashSet<SimulatedPod>();
      for (int i = 0; i < 12; i++) {
        var head =
            Http2Client.post(CHAT).set("x-request-id", "id-" + i).add("cookie", "theme=dark");
        var answer = client.open(head.add("cookie", "sid=42").add("cookie", "lang=en"), false);
        answer.send(chat("hi", 2, false), true);

        assertThat(answer.awaitEnd().status()).isEqualTo(200);
        pods.add(gateway.answered("id-" + i));
      }

      assertThat(pods).hasSize(1);
    }
  }

  private TestGateway sticky(String parameters) throws Exception {
    var fleet = Fleet.builder().build();
    for (int i = 0; i < 3; i++) {
      fleet.start(PodConfig.builder().build());
    }
    var file =
        Files.writeString(
            folder.resolve("gateway.yaml"),
            """
            pools:
              - name: tiny
                models: [tiny]
                picker:
                  allowExperimentalPlugins: true
                  config:
                    plugins:
                      - {type: session-id-producer, parameters: {cookieName: sid}}
                      - type: session-affinity-filter
                        parameters:
            %s          - type: random-picker
                discovery:
                  static:
                    endpoints: [{address: "%s"}, {address: "%s"}, {address: "%s"}]
            """
                .formatted(
                    parameters.indent(14),
                    fleet.pod(0).hostPort(),
                    fleet.pod(1).hostPort(),
                    fleet.pod(2).hostPort()));
    return TestGateway.over(fleet, ConfigSources.builder().file(file));
  }
}
