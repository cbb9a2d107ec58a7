package io.penstock.controller.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class DefaultsTest {

  @Test
  void a_pod_template_and_a_bare_pod_spec_end_in_one_shape() {
    var outer =
        Sample.service(
            """
            labels: {a: kept}
            template:
              metadata: {labels: {a: lost, b: "1"}, annotations: {c: "2"}}
              spec: {containers: [{name: main}], nodeName: n}
            """);
    var bare =
        Sample.service(
            """
            labels: {a: kept, b: "1"}
            annotations: {c: "2"}
            template: {containers: [{name: main}], nodeName: n}
            """);

    assertThat(Normalization.apply(outer)).isEqualTo(bare);
    assertThat(Normalization.apply(bare)).isEqualTo(bare);
  }

  @Test
  void every_template_is_brought_to_the_shape() {
    var outer =
        Sample.config(
            """
            worker: {spec: {nodeName: w}}
            prefill:
              template: {metadata: {labels: {p: "1"}}}
              worker: {spec: {nodeName: pw}}
            router:
              scheduler:
                template: {metadata: {annotations: {s: "1"}}, spec: {nodeName: s}}
                tokenizer: {template: {spec: {nodeName: t}}}
            """);

    assertThat(Normalization.apply(outer).get("spec"))
        .isEqualTo(
            Sample.yaml(
                """
                worker: {nodeName: w}
                prefill: {labels: {p: "1"}, template: {}, worker: {nodeName: pw}}
                router:
                  scheduler:
                    annotations: {s: "1"}
                    template: {nodeName: s}
                    tokenizer: {template: {nodeName: t}}
                """));
  }

  @Test
  void a_template_of_both_shapes_is_left_alone() {
    var mixed = Sample.service("template: {spec: {nodeName: a}, containers: []}");

    assertThat(Normalization.apply(mixed)).isEqualTo(mixed);
  }

  @Test
  void a_model_is_called_as_its_service_unless_a_config_may_name_it() {
    assertThat(Trees.text(stored("model: {uri: hf://a/b}"), "spec", "model", "name"))
        .isEqualTo("llm");
    assertThat(Trees.text(stored("model: {uri: hf://a/b, name: ''}"), "spec", "model", "name"))
        .isEqualTo("llm");
    assertThat(Trees.text(stored("model: {uri: hf://a/b, name: own}"), "spec", "model", "name"))
        .isEqualTo("own");
    var withBase = stored("model: {uri: hf://a/b}\nbaseRefs: [{name: base}]");
    assertThat(Trees.has(withBase, "spec", "model", "name")).isFalse();
    assertThat(Trees.has(stored("replicas: 1"), "spec", "model")).isFalse();
  }

  @Test
  void the_label_of_the_routing_group_follows_the_group() {
    var grouped = stored("router: {route: {group: canary, weight: 1}}");
    assertThat(Trees.text(grouped, "metadata", "labels", Labels.ROUTING_GROUP)).isEqualTo("canary");

    ((ObjectNode) grouped.at("/spec/router/route")).remove("group");

    assertThat(Trees.has(Defaults.stored(grouped), "metadata", "labels", Labels.ROUTING_GROUP))
        .isFalse();
  }

  @Test
  void what_is_stored_keeps_the_shape_that_was_written_so_that_a_second_apply_changes_nothing() {
    var seed = Sample.seed("qwen2-7b-gpu");

    var stored = Defaults.stored(seed);

    assertThat(stored.at("/spec/template")).isEqualTo(seed.at("/spec/template"));
    assertThat(Defaults.stored(stored)).isEqualTo(stored);
  }

  @Test
  void every_template_that_the_controller_sees_has_containers() {
    var applied =
        Defaults.apply(
            Sample.service("template: {}\nworker: {containers: null}\nprefill: {template: {}}"));

    assertThat(applied.get("spec"))
        .isEqualTo(
            Sample.yaml(
                "template: {containers: []}\nworker: {containers: []}\n"
                    + "prefill: {template: {containers: []}}"));
  }

  @Test
  void the_argument_is_never_changed_and_a_config_is_stored_as_it_is() {
    var service = Sample.service("model: {uri: hf://a/b}\ntemplate: {spec: {}}");
    var before = service.deepCopy();
    Defaults.apply(service);
    assertThat(service).isEqualTo(before);

    var config = Sample.config("model: {uri: hf://a/b}\ntemplate: {spec: {}}");
    assertThat(Defaults.stored(config)).isEqualTo(config);
  }

  private static ObjectNode stored(String spec) {
    return Defaults.stored(Sample.service(spec));
  }
}
