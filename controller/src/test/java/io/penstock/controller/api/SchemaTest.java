package io.penstock.controller.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SchemaTest {

  @Test
  void the_owners_examples_have_the_form() {
    for (var name : List.of("opt-125m-cpu", "qwen2-7b-gpu")) {
      var seed = Sample.seed(name);
      assertThat(Schema.of(seed).check(seed)).as(name).isEqualTo(Verdict.FINE);
      var hub = Conversion.toHub(seed);
      assertThat(Schema.of(hub).check(hub)).as(name).isEqualTo(Verdict.FINE);
    }
  }

  @Test
  void every_way_of_being_wrong_is_said_with_path_value_and_what_is_allowed() {
    assertThat(
            errors(
                """
                model: {name: 7, urk: x}
                replicas: -1
                parallelism: {dataRPCPort: 65536, tensor: 99999999999, expert: "yes"}
                kvCacheOffloading: {cpu: [1], evictionPolicy: lruu}
                labels: {a: 1}
                baseRefs: {name: b}
                router:
                  route: {group: "-"}
                  scheduler: {pool: {spec: {targetPorts: [{}, {}, {}, {}, {}, {}, {}, {}, {}]}}}
                scaling: {maxReplicas: 1, keda: {triggers: []}}
                """))
        .contains(
            "spec.model.uri: Required value: must be there",
            "spec.model.name: Invalid value: 7: must be of type string",
            "spec.model.urk: Forbidden: no such field; did you mean uri?",
            "spec.replicas: Invalid value: -1: must be 0 or more",
            "spec.parallelism.dataRPCPort: Invalid value: 65536: must be 65535 or less",
            "spec.parallelism.tensor: Invalid value: 99999999999: must fit into 32 bits",
            "spec.parallelism.expert: Invalid value: \"yes\": must be of type boolean",
            "spec.kvCacheOffloading.cpu: Invalid value: [1]: must be a whole number or text",
            "spec.kvCacheOffloading.evictionPolicy: Unsupported value: \"lruu\": must be lru or"
                + " arc; did you mean lru?",
            "spec.labels.a: Invalid value: 1: must be of type string",
            "spec.baseRefs: Invalid value: {\"name\":\"b\"}: must be of type array",
            "spec.router.route.group: Invalid value: \"-\": must match"
                + " ^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            "spec.scaling.keda.triggers: Invalid value: []: must have at least 1 items")
        .anyMatch(e -> e.startsWith("spec.router.scheduler.pool.spec.targetPorts: Invalid"))
        .contains(
            "spec.router.scheduler.pool.spec.targetPorts[0].number: Required value: must be there");
  }

  @Test
  void unknown_members_of_a_spec_are_kept_and_warned_about() {
    var service = Sample.service("model: {uri: hf://a/b}\nreplica: 2\nprefill: {wrker: {}}");

    var warnings = Validation.of(service).warnings().stream().map(Finding::toString).toList();

    assertThat(warnings)
        .contains(
            "spec.replica: is unknown; it is kept and has no effect; did you mean replicas?",
            "spec.prefill.wrker: is unknown; it is kept and has no effect; did you mean worker?");
    assertThat(Schema.of(service).check(service).errors()).isEmpty();
  }

  @Test
  void each_version_has_its_fields() {
    var old =
        Sample.object(
            Kinds.V1ALPHA1_API,
            Kinds.SERVICE,
            "model: {uri: hf://a/b, criticality: Critical}\n"
                + "router: {scheduler: {pool: {spec: {targetPortNumber: 8000}}}}");
    assertThat(Schema.of(old).check(old)).isEqualTo(Verdict.FINE);
    assertThat(errors("model: {uri: hf://a/b, criticality: Critical}")).hasSize(1);
  }

  @Test
  void a_config_may_hold_templates_and_halves() {
    var config =
        Sample.config(
            """
            model: {uri: ""}
            scaling: {wva: {variantCost: "{{ .Spec.X }}"}}
            router: {route: {group: "{{ .Spec.X }}"}}
            """);
    assertThat(Schema.of(config).check(config)).isEqualTo(Verdict.FINE);
  }

  private static List<String> errors(String spec) {
    var service = Sample.service(spec);
    return Schema.of(service).check(service).errors().stream().map(Finding::toString).toList();
  }
}
