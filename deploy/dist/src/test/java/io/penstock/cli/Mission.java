package io.penstock.cli;

import static io.penstock.cli.ControlledCluster.soon;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.simulator.http.PodConfig;
import java.util.List;
import java.util.Map;

/**
 * The owner's GPU example while it serves: in each of its pods a simulated vLLM with the service's
 * certificate, and clients that reach them through {@code penstock serve}.
 */
final class Mission implements AutoCloseable {

  /** Name of the service and of its model. */
  static final String NAME = "qwen2-7b";

  /** The certificate of its pods. */
  static final String SECRET = NAME + "-kserve-self-signed-certs";

  private final ControlledCluster controlled;
  private final ControlledPods engines;

  /** Begins to run pods; the Secret of their certificate is there. */
  Mission(ControlledCluster controlled) throws Exception {
    this.controlled = controlled;
    var tls =
        new PodConfig.Tls(
            controlled.ofSecret(SECRET, "tls.crt"), controlled.ofSecret(SECRET, "tls.key"));
    this.engines =
        new ControlledPods(controlled.cluster(), NAME, tls, NAME, "publishers/llm/models/" + NAME);
  }

  /** Waits until so many engines run, and no others. */
  void awaitEngines(int count) {
    soon().until(() -> engines.running().size() == count);
  }

  /** Starts a gateway with the rights of a ServiceAccount and waits until it is ready. */
  PenstockProcess gateway(String account, String pool, String serverName) throws Exception {
    var gateway =
        PenstockProcess.serveUnready(
            Map.of("KUBECONFIG", controlled.cluster().account(account).toString()),
            "--pool",
            pool,
            "--pods-tls",
            "--pods-ca",
            controlled.ofSecret(SECRET, "ca.crt").toString(),
            "--pods-server-name",
            serverName,
            "--log.access",
            "false");
    soon().until(() -> gateway.admin("/readyz").statusCode() == 200);
    return gateway;
  }

  /** The real openai-python chats, in one answer and streamed. */
  void chat(Sdk sdk, PenstockProcess gateway) throws Exception {
    var whole = sdk.ask("chat", gateway.url(), NAME);
    assertThat(whole.integer("completion_tokens", -1)).as("%s", whole).isEqualTo(8);
    assertThat(whole.text("finish_reason", "")).isEqualTo("length");
    assertThat(whole.text("text", "")).isNotEmpty();

    var streamed = sdk.ask("stream", gateway.url(), NAME);
    assertThat(streamed.integer("usage", -1)).as("%s", streamed).isEqualTo(8);
    assertThat(streamed.integer("chunks", -1)).isGreaterThan(8);
    assertThat(streamed.text("text", "")).isEqualTo(whole.text("text", "-"));
  }

  /** Scales to one pod while clients chat without pause; every answer is whole. */
  void scaleToOneUnderLoad(PenstockProcess gateway) throws Exception {
    try (var load = new ChatLoad(gateway.url(), NAME, 4)) {
      load.awaitMore(100);
      controlled.patch(NAME, "{\"spec\":{\"replicas\":1}}");
      awaitEngines(1);
      soon().until(() -> controlled.service(NAME, "{.status.replicas}").equals("1/1"));
      load.awaitMore(100);
      load.stop();
      load.assertAllWhole();
    }
    controlled.awaitReady(NAME);
  }

  /** Arguments of the first container of a Deployment. */
  static List<String> arguments(ControlledCluster controlled, String deployment) throws Exception {
    return controlled
        .field(
            "deployment",
            deployment,
            "{range .spec.template.spec.containers[0].args[*]}{@}{\"\\n\"}{end}")
        .lines()
        .toList();
  }

  @Override
  public void close() {
    engines.close();
  }
}
