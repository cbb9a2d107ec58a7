package io.penstock.controller.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ExplanationTest {

  private static final YAMLMapper YAML = new YAMLMapper();

  @Test
  void the_cause_is_the_deepest_condition_that_fails() throws Exception {
    var explanation =
        Explanation.of(
            service(
                """
                - {type: Ready, status: "False", reason: Progressing, message: rolls out}
                - {type: PresetsCombined, status: "True", reason: Combined}
                - {type: WorkloadsReady, status: "False", reason: Progressing, message: rolls out}
                - {type: MainWorkloadReady, status: "True", reason: RolledOut}
                - {type: PrefillWorkloadReady, status: "False", reason: Progressing, message: no GPU}
                - {type: RouterReady, status: "Unknown", reason: NotCreated}
                """,
                5));

    assertThat(explanation.ready()).isFalse();
    assertThat(explanation.lines().getFirst())
        .isEqualTo("n/s is not ready: Loading, 0/1 pods are ready");
    assertThat(explanation.lines().getLast()).isEqualTo("because of PrefillWorkloadReady: no GPU");
  }

  @Test
  void a_part_stands_under_what_it_is_a_part_of() throws Exception {
    var explanation =
        Explanation.of(
            service(
                """
                - {type: Ready, status: "True", reason: Ready}
                - {type: WorkloadsReady, status: "True", reason: RolledOut}
                - {type: MainWorkloadReady, status: "True", reason: RolledOut}
                """,
                5));

    assertThat(explanation.ready()).isTrue();
    assertThat(explanation.lines())
        .extracting(line -> line.replaceFirst("^( *[A-Za-z]+).*", "$1"))
        .contains("  Ready", "    WorkloadsReady", "      MainWorkloadReady");
  }

  @Test
  void a_status_about_an_older_generation_is_not_believed() throws Exception {
    var explanation =
        Explanation.of(service("- {type: Ready, status: \"True\", reason: Ready}", 6));

    assertThat(explanation.ready()).isFalse();
    assertThat(explanation.lines())
        .contains("this is about generation 5; the controller has not looked at generation 6 yet");
  }

  @Test
  void a_service_that_nobody_looks_at_is_told_apart() throws Exception {
    var bare = (ObjectNode) YAML.readTree("{metadata: {name: s, namespace: n}}");

    assertThat(Explanation.of(bare).lines())
        .containsExactly("n/s has no status yet: no controller has looked at it");
  }

  private static ObjectNode service(String conditions, int generation) throws IOException {
    return (ObjectNode)
        YAML.readTree(
            """
            metadata: {name: s, namespace: n, generation: %d}
            status:
              observedGeneration: 5
              phase: Loading
              replicas: 0/1
              conditions:
            %s"""
                .formatted(generation, conditions.indent(2)));
  }
}
