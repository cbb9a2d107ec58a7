package io.penstock.controller.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestCheckTest {

  @Test
  void every_error_and_warning_has_its_line() {
    var checked =
        check(
            """
            apiVersion: v1
            kind: Namespace
            ---
            apiVersion: serving.kserve.io/v1alpha2
            kind: LLMInferenceService
            metadata: {name: a}
            spec:
              model:
                uri: gs://a/b
                naem: x
              replicas: "2"
              replica: 1
            ---
            apiVersion: serving.kserve.io/v1alpha1
            kind: LLMInferenceServiceConfig
            metadata: {name: c}
            spec:
              baseRefs: [{name: b}]
            """);

    assertThat(checked.ours()).isEqualTo(2);
    assertThat(checked.others()).containsExactly("Namespace");
    assertThat(checked.errors())
        .containsExactly(
            "f.yaml:10: spec.model.naem: Forbidden: no such field; did you mean name?",
            "f.yaml:11: spec.replicas: Invalid value: \"2\": must be of type integer",
            "f.yaml:9: spec.model.uri: Invalid value: \"gs://a/b\": must start with hf://, s3://,"
                + " pvc://, oci://, oci+native:// and go on",
            "f.yaml:18: spec.baseRefs: Forbidden: a config cannot stand on other configs; name"
                + " them in the service's baseRefs");
    assertThat(checked.warnings())
        .containsExactly(
            "f.yaml:12: warning: spec.replica: is unknown; it is kept and has no effect; did you"
                + " mean replicas?");
  }

  @Test
  void a_kind_or_version_of_our_group_that_does_not_exist_is_an_error() {
    assertThat(check("apiVersion: serving.kserve.io/v1alpha1\nkind: LLMInferenceServce").errors())
        .containsExactly(
            "f.yaml:2: kind 'LLMInferenceServce' is not known, only LLMInferenceService and"
                + " LLMInferenceServiceConfig; did you mean LLMInferenceService?");
    assertThat(check("apiVersion: serving.kserve.io/v1\nkind: LLMInferenceService").errors())
        .singleElement()
        .asString()
        .startsWith("f.yaml:1: apiVersion 'serving.kserve.io/v1' is not known, only ");
  }

  @Test
  void a_name_is_needed_and_a_config_is_judged_by_whoever_renders_it() {
    assertThat(
            check("apiVersion: serving.kserve.io/v1alpha2\nkind: LLMInferenceServiceConfig")
                .errors())
        .containsExactly("f.yaml:1: metadata.name: Required value: what to call it");
    var config =
        """
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceServiceConfig
        metadata: {name: a}
        spec: {}
        """;
    var no =
        new Verdict(List.of(new Finding(FieldPath.SPEC, Finding.Kind.INVALID, "no")), List.of());
    assertThat(ManifestCheck.of("f.yaml", config, it -> no).errors())
        .containsExactly("f.yaml:4: spec: no");
  }

  @Test
  void the_owners_examples_are_fine_and_a_gateways_file_is_no_manifest() {
    for (var name : List.of("opt-125m-cpu", "qwen2-7b-gpu")) {
      var text = Sample.resource("/seed/" + name + ".yaml");
      assertThat(ManifestCheck.isManifest(text)).isTrue();
      assertThat(check(text).errors()).isEmpty();
    }
    assertThat(ManifestCheck.isManifest("listen: 127.0.0.1:8080\n")).isFalse();
    assertThat(ManifestCheck.isManifest("a: [")).isFalse();
  }

  private static ManifestCheck check(String text) {
    return ManifestCheck.of("f.yaml", text, config -> Verdict.FINE);
  }
}
