package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pool's {@code picker.configFile} that changes while the gateway runs. */
class PolicyReloadTest {

  private static final String CHAT = "/v1/chat/completions";

  @TempDir private Path folder;

  /** Has requests go to pods with that label. */
  private void write(String label) throws IOException {
    Files.writeString(
        folder.resolve("epp.yaml"),
        """
        apiVersion: llm-d.ai/v1alpha1
        kind: EndpointPickerConfig
        plugins: [{type: label-selector-filter, parameters: {matchLabels: {pod: "%s"}}}]
        """
            .formatted(label));
  }

  private Path gatewayFile(Fleet fleet) throws IOException {
    return Files.writeString(
        folder.resolve("gateway.yaml"),
        """
        pools:
          - name: tiny
            models: [tiny]
            picker: {configFile: epp.yaml}
            discovery:
              static:
                endpoints:
                  - {address: "%s", labels: {pod: "0"}}
                  - {address: "%s", labels: {pod: "1"}}
        """
            .formatted(fleet.pod(0).hostPort(), fleet.pod(1).hostPort()));
  }

  @Test
  void routes_by_the_changed_file_and_by_the_last_right_one_while_it_is_wrong() throws Exception {
    write("0");
    var fleet = Fleet.builder().build();
    fleet.start(PodConfig.builder().build());
    fleet.start(PodConfig.builder().build());
    try (var gateway = TestGateway.over(fleet, ConfigSources.builder().file(gatewayFile(fleet)))) {
      assertThat(servedBy(gateway, "before")).isZero();

      write("1");
      await().until(() -> gateway.metric("penstock_config_reload_total{kind=\"picker\",}") == 1);
      assertThat(servedBy(gateway, "after")).isEqualTo(1);

      Files.writeString(folder.resolve("epp.yaml"), "plugins: [{type: queu-scorer}]\n");
      await()
          .until(
              () -> gateway.metric("penstock_config_reload_failed_total{kind=\"picker\",}") == 1);
      assertThat(servedBy(gateway, "wrong")).isEqualTo(1);
      assertThat(gateway.metric("penstock_config_reload_total{kind=\"picker\",}")).isEqualTo(1);

      write("0");
      await().until(() -> gateway.metric("penstock_config_reload_total{kind=\"picker\",}") == 2);
      assertThat(servedBy(gateway, "again")).isZero();
    }
  }

  private static int servedBy(TestGateway gateway, String id) throws Exception {
    assertThat(gateway.post(CHAT, chat("hello", 2, false), "x-request-id", id).statusCode())
        .isEqualTo(200);
    return gateway.answered(id) == gateway.pod(0) ? 0 : 1;
  }
}
