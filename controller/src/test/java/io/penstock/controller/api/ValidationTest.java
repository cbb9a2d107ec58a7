package io.penstock.controller.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The rules carry the numbers that docs/controller.md gives them. */
class ValidationTest {

  private static final String MODEL = "model: {uri: hf://a/b}\n";

  @Nested
  class Routes {

    @Test
    void rule_1_http_refs_and_spec_exclude_each_other() {
      refuses("router: {route: {http: {refs: [{name: r}], spec: {}}}}", "spec.router.route.http: ");
      accepts("router: {route: {http: {refs: [{name: r}]}}}");
      accepts("router: {route: {http: {spec: {}}}}");
    }

    @Test
    void rule_2_own_routes_cannot_use_a_managed_gateway() {
      refuses(
          "router: {gateway: {}, route: {http: {refs: [{name: r}]}}}",
          "spec.router.route.http.refs: ");
      accepts("router: {gateway: {refs: [{name: g}]}, route: {http: {refs: [{name: r}]}}}");
    }

    @Test
    void rule_3_parents_that_contradict_the_gateways_are_refused_and_equal_ones_warned_about() {
      refuses(
          "router: {gateway: {refs: [{name: g}]}, route: {http: {spec: {parentRefs: [{name: x}]}}}}",
          "spec.router.route.http.spec: Forbidden: parentRefs");
      refuses(
          "router: {gateway: {refs: [{name: g, sectionName: s}]},"
              + " route: {http: {spec: {parentRefs: [{name: g}]}}}}",
          "spec.router.route.http.spec: ");
      var same =
          "router: {gateway: {refs: [{name: g, namespace: ns}]},"
              + " route: {http: {spec: {parentRefs: [{name: g}]}}}}";
      warns(same, "spec.router.route.http.spec.parentRefs: says the same");
      accepts("router: {route: {http: {spec: {parentRefs: [{name: g}]}}}}");

      var old = Sample.object(Kinds.V1ALPHA1_API, Kinds.SERVICE, MODEL + same);
      assertThat(errors(Validation.of(old)))
          .singleElement()
          .asString()
          .startsWith("spec.router.route.http.spec: ");
    }

    @Test
    void rule_4_traffic_cannot_be_split_by_an_ingress() {
      refuses(
          "router: {ingress: {}, route: {group: a, weight: 1}}",
          "spec.router.route.group: Forbidden");
    }

    @Test
    void rule_5_group_and_weight_come_together() {
      refuses("router: {route: {weight: 1}}", "spec.router.route.group: Required");
      refuses("router: {route: {group: a}}", "spec.router.route.weight: Required");
      accepts("router: {route: {group: a, weight: 0}}");
    }

    @Test
    void rule_6_own_routes_cannot_be_in_a_group() {
      refuses(
          "router: {route: {group: a, weight: 1, http: {refs: [{name: r}]}}}",
          "spec.router.route.group: Forbidden");
    }
  }

  @Nested
  class Parallelism {

    @Test
    void rule_7_workers_need_data_or_pipeline() {
      refuses("worker: {}", "spec.parallelism: Required");
      refuses("worker: {}\nparallelism: {tensor: 2}", "spec.parallelism: Required");
      refuses("prefill: {worker: {}}", "spec.prefill.parallelism: Required");
      accepts("worker: {}\nparallelism: {pipeline: 2}");
      accepts("worker: {}\nparallelism: {data: 4, dataLocal: 2}");
    }

    @Test
    void rule_8_pipeline_and_data_exclude_each_other() {
      refuses("parallelism: {pipeline: 1, data: 2, dataLocal: 2}", "spec.parallelism: Invalid");
      refuses(
          "prefill: {parallelism: {pipeline: 1, data: 2, dataLocal: 2}}",
          "spec.prefill.parallelism: Invalid");
    }

    @Test
    void rule_9_data_and_data_local_come_together() {
      refuses("parallelism: {data: 2}", "spec.parallelism.dataLocal: Required");
      refuses("parallelism: {dataLocal: 2}", "spec.parallelism.data: Required");
    }

    @Test
    void rule_10_counts_are_positive() {
      for (var name : List.of("tensor", "pipeline")) {
        refuses(
            "parallelism: {%s: 0}".formatted(name),
            "spec.parallelism.%s: Invalid value: 0".formatted(name));
      }
      refuses(
          "parallelism: {data: -1, dataLocal: 0}",
          "spec.parallelism.data: Invalid value: -1",
          "spec.parallelism.dataLocal: Invalid value: 0");
    }

    @Test
    void rule_11_the_number_of_pods_a_replica_has_is_immutable() {
      assertThat(change("parallelism: {pipeline: 2}", "parallelism: {pipeline: 3}"))
          .singleElement()
          .asString()
          .startsWith("spec.parallelism: Unsupported value: \"3\": ")
          .contains("it is 2");
      assertThat(
              change(
                  "prefill: {parallelism: {data: 8, dataLocal: 4}}",
                  "prefill: {parallelism: {data: 8, dataLocal: 8}}"))
          .singleElement()
          .asString()
          .startsWith("spec.prefill.parallelism: Unsupported");
      assertThat(
              change(
                  "parallelism: {data: 8, dataLocal: 4}", "parallelism: {data: 4, dataLocal: 2}"))
          .isEmpty();
      assertThat(change("prefill: {parallelism: {pipeline: 2}}", "replicas: 1")).isEmpty();
      assertThat(change("replicas: 1", "worker: {}\nparallelism: {pipeline: 2}")).isEmpty();
    }

    private List<String> change(String before, String after) {
      return errors(
          Validation.ofUpdate(Sample.service(MODEL + before), Sample.service(MODEL + after)));
    }
  }

  @Nested
  class Schedulers {

    @Test
    void rule_12_a_scheduler_has_replicas() {
      refuses(
          "router: {scheduler: {replicas: 0}}",
          "spec.router.scheduler.replicas: Invalid value: 0: must be 1 or more");
      refuses("router: {scheduler: {replicas: -1}}", "spec.router.scheduler.replicas: ");
      accepts("router: {scheduler: {replicas: 1}}");
      accepts("router: {scheduler: {}}");
    }

    @Test
    void rule_13_a_config_is_inline_or_elsewhere() {
      refuses("router: {scheduler: {config: {}}}", "spec.router.scheduler.config: Invalid");
      refuses(
          "router: {scheduler: {config: {ref: {name: c}, inline: " + PICKER + "}}}",
          "spec.router.scheduler.config: Invalid");
      accepts("router: {scheduler: {config: {ref: {name: c}}}}");
      accepts("router: {scheduler: {config: {inline: " + PICKER + "}}}");
    }

    @Test
    void rule_14_an_inline_config_is_one() {
      var at = "spec.router.scheduler.config.inline";
      refuses("router: {scheduler: {config: {inline: {}}}}", at + ": Invalid value: {}");
      refuses("router: {scheduler: {config: {inline: ''}}}", at + ": Invalid value: \"\"");
      refuses(
          "router: {scheduler: {config: {inline: {apiVersion: v1, kind: ConfigMap}}}}",
          at + ".apiVersion: Invalid value: \"v1\": must be llm-d.ai/v1alpha1 or",
          at + ".kind: Invalid value: \"ConfigMap\"");
      refuses("router: {scheduler: {config: {inline: 'a: ['}}}", at + ": Invalid value: \"a: [\"");
      accepts("router: {scheduler: {config: {inline: '" + PICKER + "'}}}");
    }

    @Test
    void rule_14_an_inline_config_is_read_as_the_picker_reads_it() {
      var wrong = "{plugins: [{type: queue-score}, {type: random-picker, parameters: {max: 1}}]}";
      var config = PICKER.replace("}", ", " + wrong.substring(1));
      var at = "spec.router.scheduler.config.inline.plugins";
      for (var inline : List.of(config, "'" + config + "'")) {
        refuses(
            "router: {scheduler: {config: {inline: " + inline + "}}}",
            at + "[0].type: Invalid value: ",
            at + "[1].parameters.max: Invalid value: ");
      }
      var llmD = "template: {containers: [{name: main, args: [--pool-name, x]}]}";
      accepts("router: {scheduler: {" + llmD + ", config: {inline: " + config + "}}}", 2);
      accepts("baseRefs: [{name: x}]\nrouter: {scheduler: {config: {inline: " + config + "}}}", 2);
      var sidecar = "template: {containers: [{name: main}, {name: logs, args: [-c, x]}]}";
      refuses(
          "router: {scheduler: {" + sidecar + ", config: {inline: " + config + "}}}",
          at + "[0].type: Invalid value: ",
          at + "[1].parameters.max: Invalid value: ");
    }

    @Test
    void rule_15_a_reference_has_a_name() {
      refuses(
          "router: {scheduler: {config: {ref: {key: k}}}}",
          "spec.router.scheduler.config.ref.name: Required");
    }

    private static final String PICKER =
        "{apiVersion: llm-d.ai/v1alpha1, kind: EndpointPickerConfig}";
  }

  @Nested
  class Models {

    @Test
    void rule_16_limits_of_adapters_are_positive() {
      for (var name : List.of("maxRank", "maxAdapters", "maxCpuAdapters")) {
        refuses(
            "model: {uri: hf://a/b, lora: {%s: 0}}".formatted(name),
            "spec.model.lora.%s: Invalid value: 0".formatted(name));
      }
    }

    @Test
    void rule_17_adapters_have_names_of_their_own() {
      refuses(
          """
          model:
            uri: hf://a/b
            name: base
            lora:
              adapters:
                - {uri: hf://a/1}
                - {uri: hf://a/2, name: ..}
                - {uri: hf://a/3, name: x}
                - {uri: hf://a/4, name: x}
                - {uri: hf://a/5, name: base}
                - {name: y}
                - 7
          """,
          "spec.model.lora.adapters[0].name: Required",
          "spec.model.lora.adapters[1].name: Invalid value: \"..\"",
          "spec.model.lora.adapters[3].name: Duplicate value: \"x\"",
          "spec.model.lora.adapters[4].name: Invalid value: \"base\"",
          "spec.model.lora.adapters[5].uri: Required",
          "spec.model.lora.adapters[6]: Invalid value: 7");
      refuses(
          "model: {uri: hf://a/b, lora: {adapters: [{uri: hf://a/1, name: llm}]}}",
          "spec.model.lora.adapters[0].name: Invalid value: \"llm\"");
    }

    @Test
    void rule_24_a_resource_of_the_key_broker_has_three_parts() {
      refuses(
          "model: {uri: hf://a/b, confidential: {resourceId: 'kbs:///a/b'}}",
          "spec.model.confidential.resourceId: Invalid value: \"kbs:///a/b\"");
      accepts("model: {uri: hf://a/b, confidential: {resourceId: 'kbs:///a/b/c'}}");
      warns(
          "model: {uri: hf://a/b, confidential: {enabled: true}}",
          "spec.model.confidential: has no effect");
    }

    @Test
    void a_model_has_a_source_that_can_be_attached() {
      refuses(
          "model: {uri: 'gs://a/b'}",
          "spec.model.uri: Invalid value: \"gs://a/b\": must start with hf://, s3://, pvc://");
      accepts("model: {uri: 'gs://a/b'}\nstorageInitializer: {enabled: false}");
      assertThat(errors(Validation.of(Sample.service("replicas: 1"))))
          .singleElement()
          .asString()
          .startsWith("spec.model: Required");
      assertThat(errors(Validation.of(Sample.service("baseRefs: [{name: b}]")))).isEmpty();
    }
  }

  @Nested
  class Scaling {

    @Test
    void rule_18_one_autoscaler_decides_within_bounds() {
      refuses("replicas: 1\nscaling: {maxReplicas: 2, wva: {hpa: {}}}", "spec.replicas: Forbidden");
      refuses(
          "scaling: {minReplicas: 3, maxReplicas: 2, wva: {hpa: {}}}",
          "spec.scaling.maxReplicas: Invalid value: 2: must not be less than minReplicas, which is 3");
      refuses("scaling: {maxReplicas: 2}", "spec.scaling: Invalid");
      refuses(
          "scaling: {maxReplicas: 2, wva: {hpa: {}}, keda: {triggers: [{}]}}",
          "spec.scaling: Invalid");
      refuses("scaling: {maxReplicas: 2, wva: {}}", "spec.scaling.wva: Invalid");
      refuses("scaling: {maxReplicas: 2, wva: {hpa: {}, keda: {}}}", "spec.scaling.wva: Invalid");
      refuses(
          "scaling: {maxReplicas: 2, wva: {hpa: {}, variantCost: cheap}}",
          "spec.scaling.wva.variantCost: Invalid value: \"cheap\"");
      refuses("prefill: {scaling: {maxReplicas: 2}}", "spec.prefill.scaling: Invalid");
      accepts("scaling: {maxReplicas: 2, wva: {hpa: {}, variantCost: '10.0'}}");
    }

    @Test
    void rule_19_keda_gets_what_it_needs_and_nothing_that_is_ours() {
      refuses("scaling: {maxReplicas: 2, keda: {}}", "spec.scaling.keda.triggers: Required");
      refuses(
          "scaling: {maxReplicas: 2, wva: {keda: {advanced: {scalingModifiers: {}}}}}",
          "spec.scaling.wva.keda.advanced.scalingModifiers: Forbidden");
      refuses(
          "scaling: {maxReplicas: 2, keda: {triggers: [{}],"
              + " advanced: {horizontalPodAutoscalerConfig: {name: x}}}}",
          "spec.scaling.keda.advanced.horizontalPodAutoscalerConfig.name: Forbidden");
      refuses(
          "scaling: {maxReplicas: 2, keda: {triggers: [{}], idleReplicaCount: 0}}",
          "spec.scaling.keda.idleReplicaCount: Required");
      refuses(
          "scaling: {minReplicas: 1, maxReplicas: 2, wva: {keda: {idleReplicaCount: 1}}}",
          "spec.scaling.wva.keda.idleReplicaCount: Invalid value: 1");
      accepts(
          "scaling: {minReplicas: 1, maxReplicas: 2, keda: {triggers: [{}], idleReplicaCount: 0,"
              + " advanced: {scalingModifiers: {}}}}");
    }

    @Test
    void rule_20_both_roles_scale_by_the_same_means() {
      refuses(
          "scaling: {maxReplicas: 2, wva: {hpa: {}}}\n"
              + "prefill: {scaling: {maxReplicas: 2, keda: {triggers: [{}]}}}",
          "spec.prefill.scaling: Invalid");
      refuses(
          "scaling: {maxReplicas: 2, wva: {hpa: {}}}\n"
              + "prefill: {scaling: {maxReplicas: 2, wva: {keda: {}}}}",
          "spec.prefill.scaling.wva: Invalid");
    }
  }

  @Nested
  class Workloads {

    @Test
    void rule_21_each_cache_tier_is_one_thing() {
      refuses(
          """
          kvCacheOffloading:
            secondary:
              - {}
              - {fileSystem: {}}
              - {fileSystem: {emptyDir: {}, pvc: {ref: {name: a}}}}
              - {fileSystem: {pvc: {}}}
              - {fileSystem: {pvc: {spec: {}, ref: {name: a}}}}
              - {fileSystem: {pvc: {ref: {path: x}}}}
          """,
          "spec.kvCacheOffloading.cpu: Required",
          "spec.kvCacheOffloading.secondary[0].fileSystem: Required",
          "spec.kvCacheOffloading.secondary[1].fileSystem: Invalid",
          "spec.kvCacheOffloading.secondary[2].fileSystem: Invalid",
          "spec.kvCacheOffloading.secondary[3].fileSystem.pvc: Invalid",
          "spec.kvCacheOffloading.secondary[4].fileSystem.pvc: Invalid",
          "spec.kvCacheOffloading.secondary[5].fileSystem.pvc.ref.name: Required");
      accepts("kvCacheOffloading: {cpu: 1Gi, secondary: [{fileSystem: {emptyDir: {size: 1Gi}}}]}");
    }

    @Test
    void rule_22_a_rollout_can_move() {
      var at = "spec.rolloutStrategy";
      refuses("rolloutStrategy: {maxSurge: -1}", at + ".maxSurge: Invalid value: -1");
      refuses("rolloutStrategy: {maxSurge: many}", at + ".maxSurge: Invalid value: \"many\"");
      refuses("rolloutStrategy: {maxSurge: 101%}", at + ".maxSurge: Invalid value: \"101%\"");
      refuses("rolloutStrategy: {maxSurge: 0%, maxUnavailable: 0}", at + ": Invalid");
      refuses(
          "rolloutStrategy: {maxUnavailable: 0}\nworker: {}\nparallelism: {pipeline: 2}",
          at + ".maxSurge: Required");
      accepts("rolloutStrategy: {maxUnavailable: 0}");
      accepts("rolloutStrategy: {maxUnavailable: 25%, maxSurge: 0}");
    }

    @Test
    void rule_23_device_annotations_are_whole() {
      var service = Sample.service(MODEL);
      annotate(service, Annotations.DRA_DEVICE_COUNT, "0");
      annotate(service, Annotations.DRA_CEL_SELECTOR, " ");
      annotate(service, Annotations.DRA_CONTAINER_NAME, "Main");
      assertThat(errors(Validation.of(service)))
          .hasSize(6)
          .anyMatch(e -> e.contains("exp-dra-device-count]: Invalid value: \"0\": needs "))
          .anyMatch(e -> e.contains("exp-dra-device-count]: Invalid value: \"0\": must be a whole"))
          .anyMatch(e -> e.contains("exp-dra-cel-selector]: Invalid value: \" \": must hold CEL"))
          .anyMatch(e -> e.contains("exp-dra-container-name]: Invalid value: \"Main\": must be"));

      annotate(service, Annotations.DRA_DEVICE_CLASS, "");
      assertThat(errors(Validation.of(service)))
          .anyMatch(
              e -> e.startsWith("metadata.annotations[serving.kserve.io/exp-dra-device-class]"));

      annotate(service, Annotations.DRA_DEVICE_CLASS, "gpu.nvidia.com");
      annotate(service, Annotations.DRA_DEVICE_COUNT, "2");
      annotate(service, Annotations.DRA_CEL_SELECTOR, "true\nfalse");
      annotate(service, Annotations.DRA_CONTAINER_NAME, "main");
      assertThat(errors(Validation.of(service))).isEmpty();
    }

    private void annotate(ObjectNode object, String key, String value) {
      Trees.with(object, "metadata", "annotations").put(key, value);
    }
  }

  @Nested
  class Templates {

    @Test
    void both_shapes_at_once_are_refused() {
      refuses(
          "template: {spec: {}, containers: []}\nprefill: {template: {metadata: {}, nodeName: n}}",
          "spec.template: Invalid value: \"containers\": stands beside metadata or spec",
          "spec.prefill.template: Invalid value: \"nodeName\"");
    }

    @Test
    void gpus_that_parallelism_does_not_use_are_warned_about() {
      var two =
          "template: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: 2}}}]}\n";
      warns(
          two,
          "spec.template.containers[0].resources.limits[nvidia.com/gpu]: the pod gets 2, but"
              + " parallelism uses 1 ");
      accepts(two + "parallelism: {tensor: 2}");
      accepts(two + "parallelism: {pipeline: 2}\nworker: {}\nbaseRefs: [{name: b}]", 1);
      warns(
          "template: {spec: {containers: [{name: main, resources: {limits: {amd.com/gpu: '4'}}}]}}",
          "spec.template.spec.containers[0].resources.limits[amd.com/gpu]: the pod gets 4");
    }

    @Test
    void probes_that_disagree_about_tls_are_warned_about() {
      warns(
          """
          template:
            containers:
              - name: main
                livenessProbe: {httpGet: {scheme: HTTPS}}
                readinessProbe: {httpGet: {scheme: HTTP}}
                startupProbe: {httpGet: {}}
          """,
          "spec.template.containers[0].livenessProbe.httpGet.scheme: HTTPS makes this workload",
          "spec.template.containers[0].readinessProbe.httpGet.scheme: HTTP never succeeds");
    }

    @Test
    void a_template_without_the_container_that_serves_is_warned_about() {
      warns("template: {containers: [{name: vllm}]}", "spec.template.containers: none is called");
    }

    @Test
    void metadata_without_effect_is_warned_about() {
      warns(
          "template: {metadata: {name: x, labels: {a: b}}}\nworker: {metadata: {labels: {a: b}}}\n"
              + "parallelism: {pipeline: 1}",
          "spec.template.metadata.name: has no effect",
          "spec.worker.metadata.labels: has no effect here");
    }
  }

  @Nested
  class Names {

    @Test
    void a_name_that_no_service_can_have_is_refused() {
      assertThat(errors(Validation.of(named("a.b"))))
          .singleElement()
          .asString()
          .startsWith("metadata.name: Invalid value: \"a.b\"");
      assertThat(errors(Validation.of(named("a".repeat(64))))).hasSize(1);
    }

    @Test
    void a_name_that_makes_hashes_of_its_childrens_names_is_warned_about() {
      assertThat(warnings(Validation.of(named("a".repeat(39)))))
          .singleElement()
          .asString()
          .startsWith("metadata.name: has 39 characters; beyond 38 ");
      assertThat(warnings(Validation.of(named("a".repeat(38))))).isEmpty();
      assertThat(warnings(Validation.of(named("7b"))))
          .singleElement()
          .asString()
          .startsWith("metadata.name: 7b begins with a digit");
    }

    @Test
    void a_name_that_is_there_already_is_not_judged_again() {
      assertThat(
              errors(
                  Validation.ofUpdate(
                      named("a.b"), (ObjectNode) named("a.b").set("spec", Sample.yaml(MODEL)))))
          .isEmpty();
    }

    private ObjectNode named(String name) {
      var service = Sample.service(MODEL + "replicas: 1");
      Trees.with(service, "metadata").put("name", name);
      return service;
    }
  }

  @Nested
  class Everything {

    @Test
    void all_errors_come_at_once() {
      refuses(
          "worker: {}\nrouter: {scheduler: {replicas: 0}, route: {group: a}}\nscaling: {maxReplicas: 1}",
          "spec.router.route.weight: ",
          "spec.router.scheduler.replicas: ",
          "spec.parallelism: ",
          "spec.scaling: ");
    }

    @Test
    void v1alpha1_gets_warnings_as_well() {
      var old =
          Sample.object(
              Kinds.V1ALPHA1_API,
              Kinds.SERVICE,
              "model: {uri: hf://a/b, criticality: Critical}\nprefill: {}");

      assertThat(warnings(Validation.of(old)))
          .containsExactly(
              "spec.model.criticality: has no effect any more",
              "spec.prefill: without spec.router.scheduler nothing picks prefill pods; requests"
                  + " reach them unpaired");
    }

    @Test
    void the_owners_examples_are_accepted() {
      assertThat(Validation.of(Sample.seed("opt-125m-cpu"))).isEqualTo(Verdict.FINE);
      var gpu = Validation.of(Sample.seed("qwen2-7b-gpu"));
      assertThat(gpu.errors()).isEmpty();
      assertThat(warnings(gpu))
          .containsExactly(
              "spec.template.spec.containers[0].livenessProbe.httpGet.scheme: HTTPS makes this"
                  + " workload serve over TLS, with a certificate of the controller's CA");
    }

    @Test
    void an_object_that_is_being_deleted_or_whose_spec_stays_is_left_alone() {
      var bad = Sample.service("worker: {}");
      assertThat(Validation.of(bad).accepted()).isFalse();

      var labelled = bad.deepCopy();
      Trees.with(labelled, "metadata", "labels").put("a", "b");
      assertThat(Validation.ofUpdate(bad, labelled)).isEqualTo(Verdict.FINE);
      Trees.with(labelled, "spec").put("replicas", 2);
      assertThat(Validation.ofUpdate(bad, labelled).accepted()).isFalse();

      Trees.with(bad, "metadata").put("deletionTimestamp", "2026-01-01T00:00:00Z");
      assertThat(Validation.of(bad)).isEqualTo(Verdict.FINE);
    }

    @Test
    void what_a_base_may_bring_is_not_missed_until_the_merge() {
      var service = Sample.service("worker: {}\nbaseRefs: [{name: b}]");
      assertThat(errors(Validation.of(service))).isEmpty();
      assertThat(errors(Validation.merged(service))).hasSize(2);

      for (var half :
          List.of(
              "worker: {}\nparallelism: {pipeline: 2}\nrolloutStrategy: {maxUnavailable: 0}",
              "kvCacheOffloading: {secondary: [{fileSystem: {emptyDir: {}}}]}",
              "kvCacheOffloading: {evictionPolicy: arc}",
              "scaling: {maxReplicas: 2}",
              "scaling: {maxReplicas: 2, wva: {variantCost: '3'}}",
              "scaling: {maxReplicas: 2, keda: {pollingInterval: 10}}",
              "scaling: {maxReplicas: 2, keda: {triggers: [{}], idleReplicaCount: 0}}")) {
        var each = Sample.service(MODEL + half + "\nbaseRefs: [{name: b}]");
        assertThat(errors(Validation.of(each))).as(half).isEmpty();
        assertThat(errors(Validation.merged(each))).as(half).hasSize(1);
        assertThat(errors(Validation.of(Sample.config(half)))).as(half).isEmpty();
      }
    }

    @Test
    void no_random_object_breaks_a_rule_and_the_argument_is_not_changed() {
      for (long seed = 0; seed < 3_000; seed++) {
        var random = new RandomObjects(seed);
        for (var object : List.of(random.hub(), random.v1alpha1())) {
          var before = object.deepCopy();
          assertThat(Validation.of(object)).isNotNull();
          assertThat(Validation.ofUpdate(random.hub(), object)).isNotNull();
          assertThat(object).isEqualTo(before);
        }
      }
    }
  }

  @Nested
  class Configs {

    @Test
    void a_config_cannot_stand_on_others() {
      assertThat(errors(Validation.of(Sample.config("baseRefs: [{name: a}]"))))
          .singleElement()
          .asString()
          .startsWith("spec.baseRefs: Forbidden");
    }

    @Test
    void a_config_may_be_partial_but_not_wrong() {
      assertThat(errors(Validation.of(Sample.config("worker: {}\nprefill: {}")))).isEmpty();
      assertThat(errors(Validation.of(Sample.config("router: {scheduler: {replicas: 0}}"))))
          .hasSize(1);
      assertThat(errors(Validation.of(Sample.config("template: {spec: {}, nodeName: n}"))))
          .hasSize(1);
    }

    @Test
    void templates_in_a_config_are_left_to_the_renderer() {
      assertThat(
              Validation.of(
                  Sample.config(
                      """
                      model: {uri: '{{ .Spec.Model.URI }}', confidential: {resourceId: '{{ .X }}'}}
                      parallelism: {tensor: '{{ .X }}'}
                      rolloutStrategy: {maxSurge: '{{ .X }}'}
                      scaling: {maxReplicas: 2, wva: {hpa: {}, variantCost: '{{ .X }}'}}
                      router: {scheduler: {replicas: '{{ .X }}', config: {inline: '{{ .X }}'}}}
                      """)))
          .isEqualTo(Verdict.FINE);
    }
  }

  private static void refuses(String spec, String... beginnings) {
    var text = spec.startsWith("model:") || spec.contains("\nmodel:") ? spec : MODEL + spec;
    var errors = errors(Validation.of(Sample.service(text)));
    assertThat(errors).as(spec).hasSize(beginnings.length);
    for (int i = 0; i < beginnings.length; i++) {
      assertThat(errors.get(i)).startsWith(beginnings[i]);
    }
  }

  private static void accepts(String spec) {
    accepts(spec, 0);
  }

  private static void accepts(String spec, int warnings) {
    var text = spec.startsWith("model:") ? spec : MODEL + spec;
    var verdict = Validation.of(Sample.service(text));
    assertThat(errors(verdict)).as(spec).isEmpty();
    assertThat(warnings(verdict)).as(spec).hasSize(warnings);
  }

  private static void warns(String spec, String... beginnings) {
    var text = spec.startsWith("model:") ? spec : MODEL + spec;
    var verdict = Validation.of(Sample.service(text));
    assertThat(errors(verdict)).as(spec).isEmpty();
    assertThat(warnings(verdict)).as(spec).hasSize(beginnings.length);
    for (int i = 0; i < beginnings.length; i++) {
      assertThat(warnings(verdict).get(i)).startsWith(beginnings[i]);
    }
  }

  private static List<String> errors(Verdict verdict) {
    return verdict.errors().stream().map(Finding::toString).toList();
  }

  private static List<String> warnings(Verdict verdict) {
    return verdict.warnings().stream().map(Finding::toString).toList();
  }
}
