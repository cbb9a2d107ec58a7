package io.penstock.simulator.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.engine.EngineProfile;
import org.junit.jupiter.api.Test;

/** A streamed response begins with two events that come before the engine has seen its request. */
class AnnouncedResponsesTest {

  @Test
  void it_is_announced_while_it_waits_for_the_engine() throws Exception {
    var oneAtATime =
        PodConfig.builder().profile(EngineProfile.LLAMA_8B).engine(engine -> engine.maxNumSeqs(1));
    try (var fleet = Fleet.of(oneAtATime.build());
        var first = new RawClient(fleet.pod(0).address());
        var second = new RawClient(fleet.pod(0).address())) {
      first.send(
          RawClient.post(
              "/v1/completions",
              "{\"model\":\"tiny\",\"prompt\":\"hello\",\"max_tokens\":1000,"
                  + "\"ignore_eos\":true,\"stream\":true}"));
      first.readUntil("data: ");

      second.send(
          RawClient.post(
              "/v1/responses", "{\"model\":\"tiny\",\"input\":\"hello\",\"stream\":true}"));

      assertThat(second.readUntil("event: response.in_progress\n"))
          .contains("event: response.created\n");
      assertThat(fleet.pod(0).stats().waiting()).isEqualTo(1);
    }
  }
}
