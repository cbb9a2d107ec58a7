package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Documents;
import io.penstock.controller.preset.AppliedConfig;
import io.penstock.controller.preset.ConfigLookup;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which configs go into a service, from where, and who wins. */
class PresetsTest {

  private static final String MODEL = "  model: {uri: \"hf://a/b\"}\n";

  private static String config(String name, String namespace, String spec) {
    return """
    apiVersion: serving.kserve.io/v1alpha2
    kind: LLMInferenceServiceConfig
    metadata: {name: %s%s}
    spec: %s
    """
        .formatted(name, namespace.isEmpty() ? "" : ", namespace: " + namespace, spec);
  }

  private static List<String> applied(Rendered rendered) {
    return rendered.result().applied().stream().map(AppliedConfig::name).toList();
  }

  private static String value(Rendered rendered, String label) {
    return rendered
        .child("Deployment", "llama-kserve")
        .at("/spec/template/metadata/labels")
        .path(label)
        .asText();
  }

  @Test
  void are_taken_by_what_a_service_is_made_of() {
    assertThat(applied(Rendered.of(Rendered.serviceOf(MODEL))))
        .containsExactly("penstock-1-config-llm-template");
    assertThat(
            applied(
                Rendered.of(
                    Rendered.serviceOf(
                        MODEL
                            + "  tracing: {}\n"
                            + "  router: {scheduler: {}, route: {}, gateway: {}}\n"
                            + "  worker: {}\n"
                            + "  parallelism: {data: 2, dataLocal: 1}\n"
                            + "  prefill: {worker: {}, parallelism: {pipeline: 2}}\n"))))
        .containsExactly(
            "penstock-1-config-llm-scheduler",
            "penstock-1-config-llm-router-route",
            "penstock-1-config-llm-tracing",
            "penstock-1-config-llm-prefill-worker-pipeline-parallel",
            "penstock-1-config-llm-decode-worker-data-parallel");
  }

  @Test
  void are_decided_on_what_base_configs_and_service_say_together() {
    var lookup = Rendered.lookup(config("split", "", "{prefill: {}, tracing: {}}"));

    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + "  baseRefs: [{name: split}]\n  tracing: null\n"),
            lookup,
            ClusterFacts.offline());

    assertThat(applied(rendered))
        .containsExactly(
            "penstock-1-config-llm-prefill-template",
            "penstock-1-config-llm-decode-template",
            "split");
    assertThat(rendered.result().applied().getLast().source())
        .isEqualTo(AppliedConfig.Source.USER_REF);
    assertThat(rendered.names()).contains("Deployment/llama-kserve-prefill");
  }

  @Test
  void are_replaced_by_an_object_of_their_name_near_before_one_in_the_systems_namespace() {
    var near = config("kserve-config-llm-template", "", "{labels: {from: near}}");
    var system = config("kserve-config-llm-template", "kserve", "{labels: {from: system}}");

    var both =
        Rendered.of(
            Rendered.serviceOf(MODEL), Rendered.lookup(system, near), ClusterFacts.offline());
    var one =
        Rendered.of(Rendered.serviceOf(MODEL), Rendered.lookup(system), ClusterFacts.offline());

    assertThat(value(both, "from")).isEqualTo("near");
    assertThat(value(one, "from")).isEqualTo("system");
    assertThat(one.result().applied())
        .containsExactly(
            new AppliedConfig("kserve-config-llm-template", "kserve", AppliedConfig.Source.PRESET));
  }

  @Test
  void lose_to_base_configs_the_last_of_which_wins_and_all_lose_to_the_service() {
    var lookup =
        Rendered.lookup(
            config("a", "", "{labels: {x: a, y: a, z: a}}"),
            config("b", "", "{labels: {y: b, z: b}}"));

    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + "  baseRefs: [{name: a}, {name: b}]\n  labels: {z: own}\n"),
            lookup,
            ClusterFacts.offline());

    assertThat(value(rendered, "x")).isEqualTo("a");
    assertThat(value(rendered, "y")).isEqualTo("b");
    assertThat(value(rendered, "z")).isEqualTo("own");
  }

  @Test
  void may_name_the_model_unless_the_service_does() {
    var lookup = Rendered.lookup(config("named", "", "{model: {name: given}}"));
    var spec = "  baseRefs: [{name: named}]\n";

    for (var own : List.of("", ", name: llama")) {
      var rendered =
          Rendered.of(
              Rendered.serviceOf("  model: {uri: \"hf://a/b\"" + own + "}\n" + spec),
              lookup,
              ClusterFacts.offline());
      assertThat(rendered.result().spec().at("/model/name").asText())
          .as("the service's own name is no more than the default")
          .isEqualTo("given");
    }
    var chosen =
        Rendered.of(
            Rendered.serviceOf("  model: {uri: \"hf://a/b\", name: mine}\n" + spec),
            lookup,
            ClusterFacts.offline());
    assertThat(chosen.result().spec().at("/model/name").asText()).isEqualTo("mine");
  }

  @Test
  void that_bring_a_model_without_a_name_have_it_called_as_the_service() {
    var rendered =
        Rendered.of(
            Rendered.serviceOf("  baseRefs: [{name: a}]\n"),
            Rendered.lookup(config("a", "", "{model: {uri: 'hf://a/b'}}")),
            ClusterFacts.offline());

    assertThat(rendered.result().spec().at("/model/name").asText()).isEqualTo("llama");
    assertThat(rendered.engine("Deployment", "llama-kserve").path("command").toString())
        .contains("--served-model-name 'llama'")
        .doesNotContain("--served-model-name ''");
  }

  @Test
  void may_count_devices_by_a_template() {
    var devices = "{nvidia.com/gpu: '{{ .Spec.Parallelism.Tensor }}'}";
    var lookup =
        Rendered.lookup(
            config(
                "gpu",
                "",
                "{template: {containers: [{name: main, resources: {limits: " + devices + "}}]}}"));

    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + "  baseRefs: [{name: gpu}]\n  parallelism: {tensor: 4}\n"),
            lookup,
            ClusterFacts.offline());

    var engine = rendered.engine("Deployment", "llama-kserve");
    assertThat(engine.at("/resources/limits/nvidia.com~1gpu").asText()).isEqualTo("4");
    assertThat(engine.path("image").asText()).startsWith("vllm/vllm-openai:");
  }

  @Test
  void may_size_the_cache_by_a_template() {
    var service = "metadata: {name: llama, annotations: {cache: 1Gi}}";
    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + "  baseRefs: [{name: c}]\n")
                .replace("metadata: {name: llama}", service),
            Rendered.lookup(
                config(
                    "c",
                    "",
                    "{kvCacheOffloading: {cpu: '{{ index .ObjectMeta.Annotations `cache` }}'}}")),
            ClusterFacts.offline());

    assertThat(rendered.engine("Deployment", "llama-kserve").path("command").toString())
        .contains("1073741824");
  }

  @Test
  void may_say_by_a_template_where_the_model_is() {
    var lookup =
        Rendered.lookup(
            config(
                "a",
                "",
                "{model: {uri: 'hf://org/{{ .ObjectMeta.Name }}'},"
                    + " storageInitializer: {enabled: false}}"));

    var rendered =
        Rendered.of(
            Rendered.serviceOf("  baseRefs: [{name: a}]\n"), lookup, ClusterFacts.offline());

    assertThat(rendered.engine("Deployment", "llama-kserve").path("command").toString())
        .contains("org/llama")
        .doesNotContain("/mnt/models");
  }

  @Test
  void that_replaced_a_built_in_one_and_are_gone_are_missed() {
    var service = Rendered.service(Rendered.serviceOf(MODEL));
    service
        .withObject("status")
        .withObject("annotations")
        .put("serving.kserve.io/config-llm-template", "kserve-config-llm-template");

    assertThat(Renderer.render(service, ConfigLookup.empty(), ClusterFacts.offline()))
        .isInstanceOfSatisfying(
            Rendering.Refused.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo("ConfigNotFound");
              assertThat(refused.message()).contains("kserve-config-llm-template");
            });
  }

  @Test
  void that_are_not_there_are_a_reason_with_the_places_that_were_looked_at() {
    var refused =
        Rendered.refused(
            Rendered.serviceOf(MODEL + "  baseRefs: [{name: gone}]\n"), ClusterFacts.offline());

    assertThat(refused.reason()).isEqualTo("ConfigNotFound");
    assertThat(refused.message()).contains("gone", "llm", "kserve", "built in");
  }

  @Test
  void keep_the_edition_that_the_status_names() {
    var service = Rendered.service(Rendered.serviceOf(MODEL));
    service
        .withObject("status")
        .withObject("annotations")
        .put("serving.kserve.io/config-llm-template", "old-config-llm-template");
    var old = Rendered.lookup(config("old-config-llm-template", "kserve", "{labels: {from: old}}"));

    var rendering = Renderer.render(service, old, ClusterFacts.offline());

    var rendered = new Rendered((Rendering.Rendered) rendering);
    assertThat(value(rendered, "from")).isEqualTo("old");
  }

  @Test
  void that_are_built_in_are_named_to_the_status_with_their_edition() {
    var lookup = Rendered.lookup(config("a", "", "{labels: {x: a}}"));

    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + "  tracing: {}\n  baseRefs: [{name: a}]\n"),
            lookup,
            ClusterFacts.offline());

    assertThat(rendered.result().pins())
        .containsOnly(
            entry("serving.kserve.io/config-llm-template", "penstock-1-config-llm-template"),
            entry("serving.kserve.io/config-llm-tracing", "penstock-1-config-llm-tracing"));
  }

  @Test
  void that_a_service_was_rendered_with_stay_when_a_newer_release_looks_for_others() {
    var both =
        Rendered.lookup(
            config("one-config-llm-template", "", "{labels: {from: one}}"),
            config("kserve-config-llm-template", "", "{labels: {from: two}}"));
    var service = Rendered.service(Rendered.serviceOf(MODEL));
    var key = "serving.kserve.io/config-llm-template";
    service.withObject("status").withObject("annotations").put(key, "one-config-llm-template");

    var older = new Rendered(rendered(service, both));
    assertThat(value(older, "from")).isEqualTo("one");
    assertThat(older.result().pins()).containsOnly(entry(key, "one-config-llm-template"));

    var newer = Rendered.of(Rendered.serviceOf(MODEL), both, ClusterFacts.offline());
    assertThat(value(newer, "from")).isEqualTo("two");
    assertThat(newer.result().pins()).containsOnly(entry(key, "kserve-config-llm-template"));
  }

  private static Rendering.Rendered rendered(ObjectNode service, ConfigLookup configs) {
    return (Rendering.Rendered) Renderer.render(service, configs, ClusterFacts.offline());
  }

  @Test
  void with_a_wrong_template_are_refused_with_config_and_path() {
    var rendering =
        Renderer.render(
            Rendered.service(Rendered.serviceOf(MODEL + "  baseRefs: [{name: bad}]\n")),
            Rendered.lookup(config("bad", "", "{labels: {a: '{{ .Spec.Nope }}'}}")),
            ClusterFacts.offline());

    assertThat(rendering)
        .isInstanceOfSatisfying(
            Rendering.Refused.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo("CombineBaseError");
              assertThat(refused.message())
                  .startsWith("config llm/bad, spec.labels.a: field Nope is unknown");
            });
  }

  @Test
  void that_make_an_impossible_service_are_refused_after_the_merge() {
    var rendering =
        Renderer.render(
            Rendered.service(Rendered.serviceOf(MODEL + "  baseRefs: [{name: p}]\n  worker: {}\n")),
            Rendered.lookup(config("p", "", "{parallelism: {pipeline: 2, data: 2, dataLocal: 1}}")),
            ClusterFacts.offline());

    assertThat(rendering)
        .isInstanceOfSatisfying(
            Rendering.Refused.class,
            refused -> {
              assertThat(refused.reason()).isEqualTo("InvalidRenderedConfig");
              assertThat(refused.message()).contains("spec.parallelism");
            });
  }

  @Test
  void render_the_same_every_time_and_change_nothing_that_they_are_given() {
    var service = Rendered.service(Rendered.resource("/seed/qwen2-7b-gpu.yaml"));
    var before = service.deepCopy();

    var first = Renderer.render(service, ConfigLookup.empty(), ClusterFacts.offline());
    var second = Renderer.render(service, ConfigLookup.empty(), ClusterFacts.offline());

    assertThat(first).isEqualTo(second);
    assertThat(service).isEqualTo(before);
  }

  @Test
  void render_children_that_are_whole_and_each_named_once() {
    for (var seed : List.of("/seed/qwen2-7b-gpu.yaml", "/seed/opt-125m-cpu.yaml")) {
      for (var facts :
          List.of(ClusterFacts.offline(), ClusterFacts.offline().withGatewayApi(false))) {
        var rendered = Rendered.of(Rendered.resource(seed), facts);
        assertThat(rendered.names()).doesNotHaveDuplicates();
        for (var child : rendered.result().children()) {
          assertThat(child.path("apiVersion").asText()).isNotBlank();
          assertThat(child.at("/metadata/namespace").asText()).isEqualTo("llm");
          assertThat(child.at("/metadata/labels/app.kubernetes.io~1part-of").asText())
              .isEqualTo("llminferenceservice");
          assertThat(child.toString()).doesNotContain(":null");
        }
        var text = Documents.print(rendered.result().children());
        assertThat(Documents.read(text).documents()).hasSameSizeAs(rendered.result().children());
      }
    }
  }
}
