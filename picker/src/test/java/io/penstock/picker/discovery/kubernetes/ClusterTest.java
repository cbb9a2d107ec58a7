package io.penstock.picker.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.penstock.picker.discovery.DiscoveryException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://kubernetes.default.svc",
        "https://kubernetes.default.svc:443",
        "https://kubernetes.default.svc.cluster.local"
      })
  void a_kubeconfig_may_name_the_api_server_as_pods_do(String server) {
    var found =
        Config.fromKubeconfig(
            """
            apiVersion: v1
            kind: Config
            current-context: a
            clusters: [{name: a, cluster: {server: "%s"}}]
            users: [{name: a, user: {token: t}}]
            contexts: [{name: a, context: {cluster: a, user: a}}]
            """
                .formatted(server));

    try (var cluster = Cluster.of(found)) {
      assertThat(cluster).isNotNull();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://kubernetes.default.svc", "https://kubernetes.default.svc/"})
  void a_name_that_nobody_has_configured_is_none(String server) {
    var found = new ConfigBuilder(Config.empty()).withMasterUrl(server).build();

    assertThatThrownBy(() -> Cluster.of(found)).isInstanceOf(DiscoveryException.class);
  }
}
