package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AddressesTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final String MAIN =
      "[{matches: [{path: {value: /n/s}}]},"
          + " {matches: [{path: {value: /}, headers: [{name: model, value: s}]}]}]";

  @Test
  void a_route_that_asks_for_adapters_by_header_adds_no_address() throws IOException {
    var adapters =
        "[{matches: [{path: {value: /}, headers: [{name: model, value: sql}]},"
            + " {path: {value: /publishers/n/models/sql}}]}]";

    assertThat(urls(route("{name: g}", MAIN), route("{name: g}", adapters)))
        .containsExactly("http://203.0.113.7/n/s", "https://203.0.113.7/n/s");
  }

  @Test
  void a_route_that_takes_every_path_has_the_address_of_the_gateway() throws IOException {
    for (var rules : List.of("[{backendRefs: []}]", "[{matches: [{path: {value: /}}]}]", "[]")) {
      assertThat(urls(route("{name: g}", rules)))
          .containsExactly("http://203.0.113.7", "https://203.0.113.7");
    }
  }

  @Test
  void a_route_that_hangs_on_one_listener_has_the_address_of_that_one() throws IOException {
    assertThat(urls(route("{name: g, sectionName: secure}", MAIN)))
        .containsExactly("https://203.0.113.7/n/s");
    assertThat(urls(route("{name: g, port: 80}", MAIN))).containsExactly("http://203.0.113.7/n/s");
  }

  private static Set<String> urls(ObjectNode... routes) throws IOException {
    var gateway =
        tree(
            """
            spec:
              listeners:
                - {name: plain, port: 80, protocol: HTTP}
                - {name: secure, port: 443, protocol: HTTPS}
            status: {addresses: [{value: 203.0.113.7}]}
            """);
    return Addresses.of(
            tree("{metadata: {name: s, namespace: n}}"),
            List.of(routes),
            "cluster.local",
            key -> Optional.of(gateway))
        .keySet();
  }

  private static ObjectNode route(String parent, String rules) throws IOException {
    return tree(
        "{kind: HTTPRoute, metadata: {namespace: n}, spec: {parentRefs: [%s], rules: %s}}"
            .formatted(parent, rules));
  }

  private static ObjectNode tree(String yaml) throws IOException {
    return (ObjectNode) YAML.readTree(yaml);
  }
}
