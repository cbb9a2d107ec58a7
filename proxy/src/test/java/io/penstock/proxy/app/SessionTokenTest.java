package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that send the header of an answer back stay with their pod. */
class SessionTokenTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HEADER = "x-stay";

  @TempDir private Path folder;

  @Test
  void an_answer_names_its_pod_and_requests_with_that_name_go_there() throws Exception {
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
                      - type: session-affinity-filter
                        parameters:
                          strategy: encoded_endpoint_header
                          encodedEndpointHeaderConfig: {header: X-Stay}
                      - type: random-picker
                discovery:
                  static:
                    endpoints: [{address: "%s"}, {address: "%s"}, {address: "%s"}]
            """
                .formatted(
                    fleet.pod(0).hostPort(), fleet.pod(1).hostPort(), fleet.pod(2).hostPort()));
    try (var gateway = TestGateway.over(fleet, ConfigSources.builder().file(file))) {
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
}
