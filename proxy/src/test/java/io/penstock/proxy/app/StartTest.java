package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.config.GatewayConfigLoader;
import io.penstock.proxy.config.LoadResult;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartTest {

  @Test
  void a_gateway_that_cannot_listen_says_where_and_leaves_nothing_running() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + taken.getLocalPort();
      var sources = ConfigSources.builder().endpoints("127.0.0.1:1").listen("127.0.0.1:0");
      var loaded = (LoadResult.Loaded) GatewayConfigLoader.load(sources.admin(address).build());
      var before = threads();

      assertThatThrownBy(() -> GatewayApp.start(loaded, "test"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(address);

      await().untilAsserted(() -> assertThat(before).containsAll(threads()));
    }
  }

  @Test
  void a_gateway_without_its_file_of_endpoints_says_so_and_leaves_nothing_running(
      @TempDir Path folder) throws Exception {
    var missing = folder.resolve("endpoints.yaml");
    var config = folder.resolve("gateway.yaml");
    Files.writeString(config, "pools: [{name: a, discovery: {file: {path: " + missing + "}}}]\n");
    var sources = ConfigSources.builder().file(config).listen("127.0.0.1:0").admin("127.0.0.1:0");
    var loaded = (LoadResult.Loaded) GatewayConfigLoader.load(sources.build());
    var before = threads();

    assertThatThrownBy(() -> GatewayApp.start(loaded, "test"))
        .isInstanceOf(DiscoveryException.class)
        .hasMessage(missing + " cannot be read: there is no such file");

    await().untilAsserted(() -> assertThat(before).containsAll(threads()));
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("penstock-"))
        .collect(Collectors.toSet());
  }
}
