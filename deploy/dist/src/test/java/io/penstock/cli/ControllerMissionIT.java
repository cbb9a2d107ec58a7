package io.penstock.cli;

import static io.penstock.cli.ControlledCluster.soon;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole way from the owner's GPU manifest to answers that the real openai-python streams, and
 * back to an empty namespace, on a real control plane without the Gateway API: Penstock's own
 * gateway is the way in.
 */
@Tag("kube")
class ControllerMissionIT {

  private static final String GATEWAY = Mission.NAME + "-kserve-gateway";

  private static Sdk sdk;
  private static ControlledCluster controlled;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    sdk = Sdk.python();
    controlled = ControlledCluster.start(folder);
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (sdk != null) {
      sdk.close();
    }
    if (controlled != null) {
      controlled.takeDown();
    }
  }

  @Test
  void from_one_manifest_to_streamed_answers_from_three_pods_to_one_without_loss_and_to_nothing()
      throws Exception {
    controlled.applySeed("qwen2-7b-gpu");
    soon()
        .until(() -> controlled.ready(Mission.NAME, "{.reason}").equals("InferencePoolCRDMissing"));
    controlled.cluster().install("v1");
    controlled.awaitReady(Mission.NAME);

    try (var mission = new Mission(controlled)) {
      mission.awaitEngines(3);
      var pool = controlled.argument(GATEWAY, "--pool");
      var serverName = controlled.argument(GATEWAY, "--pods-server-name");
      try (var gateway = mission.gateway(GATEWAY, pool, serverName)) {
        mission.chat(sdk, gateway);
        mission.scaleToOneUnderLoad(gateway);
        mission.chat(sdk, gateway);
      }
      assertThat(controlled.service(Mission.NAME, "{.status.url}"))
          .isEqualTo("http://qwen2-7b-kserve-gateway.llm.svc.cluster.local");

      controlled.delete(Mission.NAME);
    }
  }
}
