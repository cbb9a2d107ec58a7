package io.penstock.picker.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.picker.pool.Role;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EndpointAddressTest {

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:8001, 127.0.0.1, 8001, true",
    "[fd00::7]:80, fd00::7, 80, true",
    "localhost:65535, localhost, 65535, false",
    "vllm.my-ns.svc.cluster.local.:8000, vllm.my-ns.svc.cluster.local., 8000, false",
    "pod-1:1, pod-1, 1, false"
  })
  void readsHostAndPort(String text, String host, int port, boolean literal) {
    var address = EndpointAddress.parse(text, Role.DECODE, Map.of("a", "b"));

    assertThat(address).isEqualTo(new EndpointAddress(host, port, Role.DECODE, Map.of("a", "b")));
    assertThat(address.isLiteral()).isEqualTo(literal);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "host",
        "host:",
        ":80",
        "host:0",
        "host:65536",
        "host:8x",
        "host:-1",
        "10.0.0:80",
        "10.0.0.256:80",
        "010.0.0.1:80",
        "1.2.3.4.5:80",
        "fd00::7:80",
        "[fd00::7:80",
        "[host]:80",
        "[10.0.0.1]:80",
        "http://host:80",
        "a..b:80",
        ".a:80",
        "a b:80",
        "a/b:80",
        "7.:80",
        "[::1%lo]:80"
      })
  void namesTheValueThatIsNoAddress(String text) {
    assertThatThrownBy(() -> EndpointAddress.parse(text, Role.BOTH, Map.of()))
        .isInstanceOf(DiscoveryException.class)
        .hasMessageStartingWith("endpoint address \"" + text + "\": ");
  }

  @Test
  void aStaticSourceTellsItsListOnce() {
    var told = new ToldEndpoints();
    var source =
        new StaticSource(
            List.of(
                EndpointAddress.parse("10.0.0.1:80", Role.PREFILL, Map.of("zone", "a")),
                EndpointAddress.parse("[fd00::1]:80", Role.BOTH, Map.of())));

    source.start(told);

    assertThat(told.names()).containsExactly("10.0.0.1:80", "[fd00::1]:80");
    assertThat(told.get("10.0.0.1:80").role()).isEqualTo(Role.PREFILL);
    assertThat(told.get("10.0.0.1:80").labels()).containsEntry("zone", "a");
    assertThat(source.problem()).isEmpty();
  }

  @Test
  void aStaticSourceRefusesNamesAndRepetitions() {
    var name = EndpointAddress.parse("host:80", Role.BOTH, Map.of());
    var ip = EndpointAddress.parse("10.0.0.1:80", Role.BOTH, Map.of());

    assertThatThrownBy(() -> new StaticSource(List.of(name))).hasMessageContaining("\"host\"");
    assertThatThrownBy(() -> new StaticSource(List.of(ip, ip)))
        .hasMessage("endpoint 10.0.0.1:80 is listed twice");
  }
}
