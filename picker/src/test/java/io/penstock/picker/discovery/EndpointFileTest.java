package io.penstock.picker.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.discovery.EndpointFile.Bad;
import io.penstock.picker.discovery.EndpointFile.Endpoints;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EndpointFileTest {

  private static final String GOOD =
      """
      endpoints:
        - name: pod-a
          namespace: team
          address: 10.0.0.7
          port: "8000"
          labels:
            llm-d.ai/role: decode
            zone: west
        - name: pod-b
          address: fd00::8
          port: 8001
      """;

  @Test
  void readsNamesAddressesPortsAndLabels() {
    var endpoints = endpoints(GOOD);

    assertThat(endpoints)
        .extracting(EndpointSpec::name)
        .containsExactly("team/pod-a", "default/pod-b");
    var first = endpoints.get(0);
    assertThat(first.host()).isEqualTo("10.0.0.7");
    assertThat(first.port()).isEqualTo(8000);
    assertThat(first.role()).isEqualTo(Role.DECODE);
    assertThat(first.labels()).containsEntry("zone", "west");
    assertThat(first.id().value()).isEqualTo("team/pod-a@10.0.0.7:8000");
    assertThat(endpoints.get(1).host()).isEqualTo("fd00::8");
    assertThat(endpoints.get(1).port()).isEqualTo(8001);
    assertThat(endpoints.get(1).role()).isEqualTo(Role.BOTH);
  }

  @Test
  void readsJson() {
    assertThat(
            endpoints(
                "{\"endpoints\":[{\"name\":\"a\",\"address\":\"10.0.0.7\",\"port\":\"80\","
                    + "\"labels\":{\"llm-d.ai/role\":\"prefill\"}}]}"))
        .extracting(EndpointSpec::role)
        .containsExactly(Role.PREFILL);
  }

  @Test
  void anEmptyListIsAGoodFile() {
    assertThat(endpoints("endpoints: []\n")).isEmpty();
  }

  @Test
  void aPodOfTheSameNameOnAnotherAddressIsAnotherPod() {
    var before = endpoints(GOOD).get(0);
    var after = endpoints(GOOD.replace("10.0.0.7", "10.0.0.9")).get(0);

    assertThat(after.id()).isNotEqualTo(before.id());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "10.0.0.7        | pod.example   | 4 | address \"pod.example\" is not an IP address",
        "'\"8000\"'      | 80000         | 5 | port \"80000\" is not in 1..65535",
        "'\"8000\"'      | [1]           | 5 | port is not a single value",
        "zone: west      | 'zone: [x]'   | 8 | a label is not a single value",
        "role: decode    | 'role: chef'  | 7 | label llm-d.ai/role \"chef\" is not one of both, prefill, decode, prefill-decode, encode",
        "address: fd     | adress: fd    | 10 | unknown key \"adress\"; allowed: name, namespace, address, port, labels",
        "'    port: 8001' | '    name: x' | 11 | name stands twice in one endpoint",
        "'    port: 8001' | ''           | 9 | an endpoint has no port",
        "endpoints:      | pods:         | 1 | unknown key \"pods\"; allowed: endpoints",
        "fd00::8         | '\"'          | 12 | found unexpected end of stream"
      })
  void saysWhatIsWrongAndWhere(String what, String with, int line, String message) {
    assertThat(EndpointFile.parse(GOOD.replace(what, with).getBytes(UTF_8)))
        .isEqualTo(new Bad(line, message));
  }

  @Test
  void refusesWhatIsListedTwice() {
    assertThat(EndpointFile.parse((GOOD + GOOD.substring(11)).getBytes(UTF_8)))
        .isEqualTo(new Bad(12, "endpoint team/pod-a is listed twice"));
    assertThat(
            EndpointFile.parse(
                GOOD.replace("fd00::8", "10.0.0.7").replace("8001", "8000").getBytes(UTF_8)))
        .isEqualTo(new Bad(9, "address and port of default/pod-b are listed twice"));
  }

  @Test
  void refusesWhatIsNoEndpointFileAtAll() {
    assertThat(EndpointFile.parse(new byte[0])).isEqualTo(new Bad(1, "the file is empty"));
    assertThat(EndpointFile.parse(new byte[] {(byte) 0xff, (byte) 0xfe, (byte) 0xc0}))
        .isEqualTo(new Bad(0, "not UTF-8"));
    assertThat(EndpointFile.parse("- a\n".getBytes(UTF_8)))
        .isEqualTo(new Bad(1, "the file is not a mapping of keys to values"));
    assertThat(EndpointFile.parse("{}".getBytes(UTF_8)))
        .isEqualTo(new Bad(1, "endpoints is not a list"));
    assertThat(EndpointFile.parse("endpoints: 7".getBytes(UTF_8)))
        .isEqualTo(new Bad(1, "endpoints is not a list"));
    assertThat(EndpointFile.parse("endpoints: [{name: \"\\UFFFFFFFF\"}]".getBytes(UTF_8)))
        .isEqualTo(new Bad(0, "the escape of a character is out of range"));
    assertThat(EndpointFile.parse(new byte[EndpointFile.MAX_BYTES + 1]))
        .isEqualTo(new Bad(0, "longer than 1048576 bytes"));
    assertThat(EndpointFile.parse("[".repeat(200_000).getBytes(UTF_8)))
        .isEqualTo(new Bad(1, "nested deeper than 16 levels"));
  }

  @Test
  void noDamagedFileEverThrows() {
    byte[] good = GOOD.getBytes(UTF_8);
    for (long seed = 1; seed <= 3_000; seed++) {
      var random = new SplittableRandom(seed);
      byte[] damaged = good.clone();
      for (int i = random.nextInt(1, 10); i > 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(127);
      }
      try {
        EndpointFile.parse(damaged);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static List<EndpointSpec> endpoints(String text) {
    var content = EndpointFile.parse(text.getBytes(UTF_8));
    assertThat(content).isInstanceOf(Endpoints.class);
    return ((Endpoints) content).endpoints();
  }
}
