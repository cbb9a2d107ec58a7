package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.proxy.config.ConfigFile;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A configuration file that changes while the gateway runs. */
class ReloadTest {

  private static final String CHAT = "/v1/chat/completions";

  @TempDir private Path folder;

  private ConfigSources.Builder write(Fleet fleet, String rest) throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("gateway.yaml"),
            "pools:\n  - name: tiny\n    discovery: {static: {endpoints: [{address: \""
                + fleet.pod(0).hostPort()
                + "\"}]}}\n"
                + rest);
    return ConfigSources.builder().file(file);
  }

  @Test
  void takes_effect_at_once_and_one_that_is_wrong_changes_nothing() throws Exception {
    var fleet = Fleet.builder().build();
    fleet.start(PodConfig.builder().build());
    var sources = write(fleet, "");
    try (var gateway = TestGateway.over(fleet, sources);
        var file = new ConfigFile(sources.build())) {
      file.tell(gateway.app::reload, refused -> gateway.app.reloadRefused());
      String large = chat("x".repeat(4_000), 1, false);
      assertThat(gateway.post(CHAT, large).statusCode()).isEqualTo(200);

      write(fleet, "limits: {requestBody: 2KiB}\n");
      file.poll();
      assertThat(gateway.post(CHAT, large).statusCode()).isEqualTo(413);
      assertThat(gateway.admin("/config")).contains("\"limits.requestBody\":{\"value\":\"2KiB\"");
      assertThat(gateway.metric("penstock_config_reload_total{kind=\"config\",}")).isEqualTo(1);

      write(fleet, "limits: {requestBody: much}\n");
      file.poll();
      file.poll();
      assertThat(gateway.post(CHAT, large).statusCode()).isEqualTo(413);
      assertThat(gateway.admin("/config")).contains("2KiB").doesNotContain("much");
      assertThat(gateway.metric("penstock_config_reload_failed_total{kind=\"config\",}"))
          .isEqualTo(1);

      write(fleet, "limits: {requestBody: 1MiB}\n");
      file.poll();
      assertThat(gateway.post(CHAT, large).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void what_waits_for_the_next_start_is_shown_as_it_is_and_as_it_will_be() throws Exception {
    var fleet = Fleet.builder().build();
    fleet.start(PodConfig.builder().build());
    var sources = write(fleet, "timeouts: {total: 1m, drain: 20s}\n");
    try (var gateway = TestGateway.over(fleet, sources);
        var file = new ConfigFile(sources.build())) {
      file.tell(gateway.app::reload, refused -> gateway.app.reloadRefused());
      assertThat(gateway.admin("/config")).doesNotContain("ext\":");

      write(fleet, "    models: [other]\ntimeouts: {total: 2m, drain: 40s}\n");
      file.poll();

      var config = new ObjectMapper().readTree(gateway.admin("/config"));
      var settings = config.path("settings");
      assertThat(settings.path("timeouts.total").path("value").asText()).isEqualTo("2m");
      assertThat(settings.path("timeouts.total").has("next")).isFalse();
      assertThat(settings.path("timeouts.drain").path("value").asText()).isEqualTo("20s");
      assertThat(settings.path("timeouts.drain").path("next").asText()).isEqualTo("40s");
      assertThat(config.path("pools").toString()).doesNotContain("other");
      assertThat(config.path("poolsNext").toString()).contains("other");
    }
  }
}
