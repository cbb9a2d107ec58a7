package io.penstock.tools.beside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigsTest {

  private static final List<String> PODS = List.of("127.0.0.1:8001", "127.0.0.1:8002");
  private static final Path SHIPPED = Path.of("../../deploy/envoy/fail-close.yaml");

  @TempDir private Path folder;

  @Test
  void haproxy_gets_every_pod() throws IOException {
    assertThat(Configs.haproxy(8_080, PODS))
        .contains("bind 127.0.0.1:8080", "nbthread 1", "http-reuse always")
        .contains("server pod0 127.0.0.1:8001")
        .endsWith("server pod1 127.0.0.1:8002 pool-max-conn 1024\n");
  }

  @Test
  void plain_envoy_gets_every_pod_and_asks_nobody() throws IOException {
    assertThat(Configs.plain(8_080, PODS))
        .contains("address: 127.0.0.1, port_value: 8080")
        .contains("address: 127.0.0.1, port_value: 8001", "address: 127.0.0.1, port_value: 8002")
        .doesNotContain("ext_proc", "@PORT@");
  }

  @Test
  void the_shipped_file_is_changed_in_its_ports_alone() throws IOException {
    String shipped = Files.readString(SHIPPED);
    String config = Configs.shipped(SHIPPED, 1_111, 2_222, true);

    assertThat(config)
        .contains("address: 127.0.0.1, port_value: 1111", "address: 127.0.0.1, port_value: 2222")
        .contains("FULL_DUPLEX_STREAMED", "UpstreamTlsContext");
    assertThat(config.lines().count()).isEqualTo(shipped.lines().count());
  }

  @Test
  void plain_text_leaves_out_tls_and_nothing_else() throws IOException {
    String config = Configs.shipped(SHIPPED, 1_111, 2_222, false);

    assertThat(config).doesNotContain("transport_socket", "tls").contains("http2_protocol_options");
    assertThat(Configs.shipped(SHIPPED, 1_111, 2_222, true)).startsWith(config);
  }

  @Test
  void another_file_is_refused() throws IOException {
    var other = Files.writeString(folder.resolve("other.yaml"), "admin: {}\n");

    assertThatThrownBy(() -> Configs.shipped(other, 1, 2, true))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not the shipped one");
  }
}
