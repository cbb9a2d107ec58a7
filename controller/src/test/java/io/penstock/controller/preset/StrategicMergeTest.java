package io.penstock.controller.preset;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Documents;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every merge key and kind of list, and what an explicit nothing does. */
class StrategicMergeTest {

  private static ObjectNode yaml(String text) {
    var read = Documents.read(text);
    assertThat(read.errors()).isEmpty();
    return read.documents().getFirst().tree();
  }

  private static void merged(String lower, String upper, String expected) {
    var below = yaml(lower);
    var above = yaml(upper);

    assertThat(StrategicMerge.merge(below, above)).isEqualTo(yaml(expected));

    assertThat(below).isEqualTo(yaml(lower));
    assertThat(above).isEqualTo(yaml(upper));
  }

  /** The same in every place where a pod's spec can be. */
  private static void inPods(String lower, String upper, String expected) {
    for (var place :
        new String[] {
          "template: %s",
          "worker: %s",
          "prefill: {template: %s}",
          "prefill: {worker: %s}",
          "router: {scheduler: {template: %s}}",
          "router: {scheduler: {tokenizer: {template: %s}}}"
        }) {
      merged(place.formatted(lower), place.formatted(upper), place.formatted(expected));
    }
  }

  private static void inContainers(String lower, String upper, String expected) {
    for (var list : new String[] {"containers", "initContainers", "ephemeralContainers"}) {
      var pod = "{" + list + ": [{name: main, %s}]}";
      inPods(pod.formatted(lower), pod.formatted(upper), pod.formatted(expected));
    }
  }

  @Nested
  class Maps {

    @Test
    void are_merged_member_by_member() {
      merged(
          "{model: {uri: 'hf://a/b', name: a}, labels: {x: '1'}}",
          "{model: {name: b}, labels: {y: '2'}}",
          "{model: {uri: 'hf://a/b', name: b}, labels: {x: '1', y: '2'}}");
    }

    @Test
    void keep_the_order_of_the_lower_one_and_append() {
      var merged = StrategicMerge.merge(yaml("{b: 1, a: 2}"), yaml("{c: 3, a: 4}"));
      assertThat(merged.fieldNames()).toIterable().containsExactly("b", "a", "c");
    }

    @Test
    void take_an_explicit_false_zero_and_empty_text() {
      merged(
          "{parallelism: {expert: true, tensor: 8}, replicas: 3, template: {hostname: a}}",
          "{parallelism: {expert: false}, replicas: 0, template: {hostname: ''}}",
          "{parallelism: {expert: false, tensor: 8}, replicas: 0, template: {hostname: ''}}");
    }

    @Test
    void lose_what_is_null_above_at_any_depth() {
      merged(
          "{router: {scheduler: {replicas: 2}, route: {}}, tracing: {exporter: otlp}}",
          "{router: {scheduler: null}, tracing: {exporter: null}}",
          "{router: {route: {}}, tracing: {}}");
    }

    @Test
    void hold_no_null_where_there_was_nothing_to_take_away() {
      merged("{}", "{tracing: {exporter: null, sampler: x}}", "{tracing: {sampler: x}}");
    }

    @Test
    void are_replaced_when_the_directive_says_so() {
      merged(
          "{tracing: {exporter: otlp, sampler: x}}",
          "{tracing: {$patch: replace, exporter: none}}",
          "{tracing: {exporter: none}}");
    }

    @Test
    void replace_what_is_no_map_and_are_replaced_by_it() {
      merged(
          "{scaling: 1, replicas: {a: 1}}",
          "{scaling: {maxReplicas: 2}, replicas: 2}",
          "{scaling: {maxReplicas: 2}, replicas: 2}");
    }
  }

  @Nested
  class ListsByKey {

    @ParameterizedTest
    @ValueSource(
        strings = {
          "containers",
          "initContainers",
          "ephemeralContainers",
          "imagePullSecrets",
          "resourceClaims",
          "schedulingGates"
        })
    void of_a_pod_go_by_name(String list) {
      inPods(
          "{" + list + ": [{name: a, x: 1}, {name: b, x: 1}]}",
          "{" + list + ": [{name: c, x: 3}, {name: b, y: 2}]}",
          "{" + list + ": [{name: a, x: 1}, {name: b, x: 1, y: 2}, {name: c, x: 3}]}");
    }

    @Test
    void of_host_aliases_go_by_ip() {
      inPods(
          "{hostAliases: [{ip: 10.0.0.1, hostnames: [a]}, {ip: 10.0.0.2, hostnames: [b]}]}",
          "{hostAliases: [{ip: 10.0.0.2, hostnames: [c]}]}",
          "{hostAliases: [{ip: 10.0.0.1, hostnames: [a]}, {ip: 10.0.0.2, hostnames: [c]}]}");
    }

    @Test
    void of_spread_constraints_go_by_topology_key() {
      inPods(
          "{topologySpreadConstraints: [{topologyKey: zone, maxSkew: 1}]}",
          "{topologySpreadConstraints: [{topologyKey: zone, maxSkew: 2}, {topologyKey: host}]}",
          "{topologySpreadConstraints: [{topologyKey: zone, maxSkew: 2}, {topologyKey: host}]}");
    }

    @Test
    void of_variables_go_by_name() {
      inContainers(
          "env: [{name: A, value: '1'}, {name: B, value: '2'}]",
          "env: [{name: B, value: ''}, {name: C, value: '3'}]",
          "env: [{name: A, value: '1'}, {name: B, value: ''}, {name: C, value: '3'}]");
    }

    @Test
    void of_mounts_go_by_path() {
      inContainers(
          "volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]",
          "volumeMounts: [{name: c, mountPath: /b, readOnly: true}]",
          "volumeMounts: [{name: a, mountPath: /a}, {name: c, mountPath: /b, readOnly: true}]");
    }

    @Test
    void of_devices_go_by_path() {
      inContainers(
          "volumeDevices: [{name: a, devicePath: /dev/a}]",
          "volumeDevices: [{name: b, devicePath: /dev/a}, {name: c, devicePath: /dev/c}]",
          "volumeDevices: [{name: b, devicePath: /dev/a}, {name: c, devicePath: /dev/c}]");
    }

    @Test
    void of_ports_go_by_number() {
      inContainers(
          "ports: [{containerPort: 8000, name: http}, {containerPort: 9000}]",
          "ports: [{containerPort: 8000, name: web}, {containerPort: 7000}]",
          "ports: [{containerPort: 8000, name: web}, {containerPort: 9000}, {containerPort:"
              + " 7000}]");
    }

    @Test
    void of_volumes_go_by_name_and_a_volume_is_of_one_kind() {
      inPods(
          "{volumes: [{name: a, emptyDir: {sizeLimit: 1Gi}}, {name: b, emptyDir: {}}]}",
          "{volumes: [{name: a, emptyDir: {medium: Memory}}, {name: b, secret: {secretName: s}}]}",
          "{volumes: [{name: a, emptyDir: {sizeLimit: 1Gi, medium: Memory}},"
              + " {name: b, secret: {secretName: s}}]}");
    }

    @Test
    void lose_the_element_that_a_directive_deletes() {
      inContainers(
          "env: [{name: A, value: '1'}, {name: B, value: '2'}]",
          "env: [{name: A, $patch: delete}, {name: X, $patch: delete}]",
          "env: [{name: B, value: '2'}]");
    }

    @Test
    void stay_as_they_are_under_an_empty_list() {
      inPods("{containers: [{name: a}]}", "{containers: []}", "{containers: [{name: a}]}");
    }
  }

  @Nested
  class Choices {

    @Test
    void of_a_variable_keep_the_upper_way_only() {
      inContainers(
          "env: [{name: A, value: '1'}, {name: B, valueFrom: {fieldRef: {fieldPath: x}}}]",
          "env: [{name: A, valueFrom: {fieldRef: {fieldPath: y}}}, {name: B, value: '2'}]",
          "env: [{name: A, valueFrom: {fieldRef: {fieldPath: y}}}, {name: B, value: '2'}]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"livenessProbe", "readinessProbe", "startupProbe"})
    void of_a_probe_keep_the_upper_handler_and_the_lower_times(String probe) {
      inContainers(
          probe + ": {httpGet: {path: /health, port: 8000}, periodSeconds: 5}",
          probe + ": {exec: {command: ['true']}}",
          probe + ": {exec: {command: ['true']}, periodSeconds: 5}");
    }

    @Test
    void of_a_probe_merge_within_the_same_handler() {
      inContainers(
          "livenessProbe: {httpGet: {path: /health, port: 8000, scheme: HTTP}, periodSeconds: 5}",
          "livenessProbe: {httpGet: {scheme: HTTPS}, initialDelaySeconds: 120}",
          "livenessProbe: {httpGet: {path: /health, port: 8000, scheme: HTTPS}, periodSeconds: 5,"
              + " initialDelaySeconds: 120}");
    }

    @Test
    void of_a_lifecycle_handler_keep_the_upper_one() {
      inContainers(
          "lifecycle: {preStop: {exec: {command: [sleep, '15']}}}",
          "lifecycle: {preStop: {sleep: {seconds: 5}}}",
          "lifecycle: {preStop: {sleep: {seconds: 5}}}");
    }
  }

  @Nested
  class ListsReplacedWhole {

    @ParameterizedTest
    @ValueSource(strings = {"command", "args"})
    void of_a_container_are_its_words(String list) {
      inContainers(list + ": [a, b]", list + ": [c]", list + ": [c]");
      inContainers(list + ": [a, b]", list + ": []", list + ": []");
    }

    @Test
    void of_a_container_are_its_sources_of_variables() {
      inContainers("envFrom: [{prefix: a}]", "envFrom: [{prefix: b}]", "envFrom: [{prefix: b}]");
    }

    @Test
    void of_a_pod_are_its_tolerations() {
      inPods(
          "{tolerations: [{key: a}, {key: b}]}",
          "{tolerations: [{key: c}]}",
          "{tolerations: [{key: c}]}");
    }

    @Test
    void are_all_outside_of_pods() {
      merged(
          """
          router:
            route: {http: {spec: {rules: [{name: a}, {name: b}], parentRefs: [{name: x}]}}}
            scheduler: {pool: {spec: {targetPorts: [{number: 1}, {number: 2}]}}}
          scaling: {keda: {triggers: [{name: a}]}}
          model: {lora: {adapters: [{name: a}, {name: b}]}}
          baseRefs: [{name: a}]
          """,
          """
          router:
            route: {http: {spec: {rules: [{name: a, x: 1}], parentRefs: [{name: y}]}}}
            scheduler: {pool: {spec: {targetPorts: [{number: 2}]}}}
          scaling: {keda: {triggers: [{name: b}]}}
          model: {lora: {adapters: [{name: b}]}}
          baseRefs: [{name: b}]
          """,
          """
          router:
            route: {http: {spec: {rules: [{name: a, x: 1}], parentRefs: [{name: y}]}}}
            scheduler: {pool: {spec: {targetPorts: [{number: 2}]}}}
          scaling: {keda: {triggers: [{name: b}]}}
          model: {lora: {adapters: [{name: b}]}}
          baseRefs: [{name: b}]
          """);
    }

    @Test
    void are_those_in_a_pod_that_only_look_like_named_ones() {
      inPods(
          "{securityContext: {sysctls: [{name: a, value: '1'}]}}",
          "{securityContext: {sysctls: [{name: b, value: '2'}]}}",
          "{securityContext: {sysctls: [{name: b, value: '2'}]}}");
    }
  }
}
