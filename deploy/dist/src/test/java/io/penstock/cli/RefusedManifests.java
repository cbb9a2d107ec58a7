package io.penstock.cli;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A manifest for each way to break each rule of docs/controller.md, with its number there.
 *
 * <p>What the CRD's schema says is said by the API server itself, in its own words; the path is the
 * same.
 */
final class RefusedManifests {

  private static final String PICKER =
      "{apiVersion: llm-d.ai/v1alpha1, kind: EndpointPickerConfig}";
  private static final String NONE = "";

  /**
   * One manifest.
   *
   * @param rule its number
   * @param hubOnly whether v1alpha1 has no such field
   * @param annotations of the object, in YAML
   * @param spec in YAML, of one line or several
   * @param before the spec that is there already; empty: none
   * @param paths that the API server must name
   */
  record Row(
      int rule,
      boolean hubOnly,
      String annotations,
      String spec,
      String before,
      List<String> paths) {

    @Override
    public String toString() {
      return "rule "
          + rule
          + ": "
          + (annotations.isEmpty() ? "" : annotations + " ")
          + spec.strip();
    }

    /** The manifest, in a version. */
    String manifest(String version, String name) {
      return manifest(version, name, spec);
    }

    /** The manifest of what is there already. */
    String before(String version, String name) {
      return manifest(version, name, before);
    }

    private String manifest(String version, String name, String of) {
      var whole = of.contains("model:") ? of : "model: {uri: \"hf://a/b\"}\n" + of;
      return ControlledCluster.service(version, name, whole.indent(2))
          .replace(
              "metadata: {name: " + name + "}",
              "metadata: {name: %s, annotations: {%s}}".formatted(name, annotations));
    }
  }

  private RefusedManifests() {}

  static Stream<Row> all() {
    return Stream.of(routes(), parallelism(), schedulers(), models(), scaling(), workloads())
        .flatMap(List::stream);
  }

  private static List<Row> routes() {
    var route = "spec.router.route";
    return List.of(
        row(1, "router: {route: {http: {refs: [{name: r}], spec: {}}}}", route + ".http"),
        row(2, "router: {gateway: {}, route: {http: {refs: [{name: r}]}}}", route + ".http.refs"),
        row(
            3,
            "router: {gateway: {refs: [{name: g}]}, route: {http: {spec: {parentRefs: [{name: x}]}}}}",
            route + ".http.spec"),
        row(4, "router: {ingress: {}, route: {group: a, weight: 1}}", route + ".group"),
        row(5, "router: {route: {weight: 1}}", route + ".group"),
        row(5, "router: {route: {group: a}}", route + ".weight"),
        row(
            6,
            "router: {route: {group: a, weight: 1, http: {refs: [{name: r}]}}}",
            route + ".group"));
  }

  private static List<Row> parallelism() {
    var at = "spec.parallelism";
    return List.of(
        row(7, "worker: {}", at),
        row(7, "worker: {}\nparallelism: {tensor: 2}", at),
        row(7, "prefill: {worker: {}}", "spec.prefill.parallelism"),
        row(8, "parallelism: {pipeline: 1, data: 2, dataLocal: 2}", at),
        row(9, "parallelism: {data: 2}", at + ".dataLocal"),
        row(9, "parallelism: {dataLocal: 2}", at + ".data"),
        row(10, "parallelism: {pipeline: 0}", at + ".pipeline"),
        row(10, "parallelism: {tensor: 0}", at + ".tensor"),
        row(10, "parallelism: {data: -1, dataLocal: 0}", at + ".data", at + ".dataLocal"),
        new Row(
            11,
            false,
            NONE,
            "worker: {}\nparallelism: {pipeline: 3}",
            "worker: {}\nparallelism: {pipeline: 2}",
            List.of(at)),
        new Row(
            11,
            false,
            NONE,
            "prefill: {parallelism: {data: 8, dataLocal: 8}}",
            "prefill: {parallelism: {data: 8, dataLocal: 4}}",
            List.of("spec.prefill.parallelism")));
  }

  private static List<Row> schedulers() {
    var at = "spec.router.scheduler";
    return List.of(
        row(12, "router: {scheduler: {replicas: 0}}", at + ".replicas"),
        row(12, "router: {scheduler: {replicas: -1}}", at + ".replicas"),
        row(13, "router: {scheduler: {config: {}}}", at + ".config"),
        row(
            13,
            "router: {scheduler: {config: {ref: {name: c}, inline: " + PICKER + "}}}",
            at + ".config"),
        row(14, "router: {scheduler: {config: {inline: {}}}}", at + ".config.inline"),
        row(
            14,
            "router: {scheduler: {config: {inline: {apiVersion: v1, kind: ConfigMap}}}}",
            at + ".config.inline.apiVersion",
            at + ".config.inline.kind"),
        row(15, "router: {scheduler: {config: {ref: {key: k}}}}", at + ".config.ref.name"));
  }

  private static List<Row> models() {
    var lora = "spec.model.lora";
    var id = "spec.model.confidential.resourceId";
    return List.of(
        row(16, "model: {uri: \"hf://a/b\", lora: {maxRank: 0}}", lora + ".maxRank"),
        row(16, "model: {uri: \"hf://a/b\", lora: {maxAdapters: 0}}", lora + ".maxAdapters"),
        row(16, "model: {uri: \"hf://a/b\", lora: {maxCpuAdapters: 0}}", lora + ".maxCpuAdapters"),
        row(
            17,
            """
            model:
              uri: hf://a/b
              name: base
              lora:
                adapters:
                  - {uri: "hf://a/1"}
                  - {uri: "hf://a/2", name: ".."}
                  - {uri: "hf://a/3", name: x}
                  - {uri: "hf://a/4", name: x}
                  - {uri: "hf://a/5", name: base}
            """,
            lora + ".adapters[0].name",
            lora + ".adapters[1].name",
            lora + ".adapters[3].name",
            lora + ".adapters[4].name"),
        hub(24, "model: {uri: \"hf://a/b\", confidential: {resourceId: \"kbs:///a/b\"}}", id));
  }

  private static List<Row> scaling() {
    var at = "spec.scaling";
    return List.of(
        row(18, "replicas: 1\nscaling: {maxReplicas: 2, wva: {hpa: {}}}", "spec"),
        row(18, "scaling: {minReplicas: 3, maxReplicas: 2, wva: {hpa: {}}}", at),
        row(18, "scaling: {maxReplicas: 2}", at),
        row(18, "scaling: {maxReplicas: 2, wva: {hpa: {}}, keda: {triggers: [{}]}}", at),
        row(18, "scaling: {maxReplicas: 2, wva: {}}", at),
        row(18, "scaling: {maxReplicas: 2, wva: {hpa: {}, keda: {}}}", at),
        row(
            18,
            "scaling: {maxReplicas: 2, wva: {hpa: {}, variantCost: cheap}}",
            at + ".wva.variantCost"),
        row(18, "prefill: {scaling: {maxReplicas: 2}}", "spec.prefill.scaling"),
        row(19, "scaling: {maxReplicas: 2, keda: {}}", at + ".keda.triggers"),
        row(
            19,
            "scaling: {maxReplicas: 2, wva: {keda: {advanced: {scalingModifiers: {}}}}}",
            at + ".wva.keda.advanced.scalingModifiers"),
        row(
            19,
            "scaling: {maxReplicas: 2, keda: {triggers: [{}],"
                + " advanced: {horizontalPodAutoscalerConfig: {name: x}}}}",
            at + ".keda.advanced.horizontalPodAutoscalerConfig.name"),
        row(19, "scaling: {maxReplicas: 2, keda: {triggers: [{}], idleReplicaCount: 0}}", at),
        row(
            19,
            "scaling: {minReplicas: 1, maxReplicas: 2, wva: {keda: {idleReplicaCount: 1}}}",
            at),
        row(
            20,
            "scaling: {maxReplicas: 2, wva: {hpa: {}}}\n"
                + "prefill: {scaling: {maxReplicas: 2, keda: {triggers: [{}]}}}",
            "spec.prefill.scaling"),
        row(
            20,
            "scaling: {maxReplicas: 2, wva: {hpa: {}}}\n"
                + "prefill: {scaling: {maxReplicas: 2, wva: {keda: {}}}}",
            "spec.prefill.scaling.wva"));
  }

  private static List<Row> workloads() {
    var cache = "spec.kvCacheOffloading";
    var rollout = "spec.rolloutStrategy";
    var device = "metadata.annotations[serving.kserve.io/exp-dra-";
    return List.of(
        hub(
            21,
            "kvCacheOffloading: {secondary: [{fileSystem: {emptyDir: {size: 1Gi}}}]}",
            cache + ".cpu"),
        hub(
            21,
            "kvCacheOffloading: {cpu: 1Gi, secondary: [{}]}",
            cache + ".secondary[0].fileSystem"),
        hub(
            21,
            "kvCacheOffloading: {cpu: 1Gi, secondary: [{fileSystem: {}}]}",
            cache + ".secondary[0].fileSystem"),
        hub(
            21,
            "kvCacheOffloading: {cpu: 1Gi, secondary: [{fileSystem: {pvc: {}}}]}",
            cache + ".secondary[0].fileSystem.pvc"),
        hub(
            21,
            "kvCacheOffloading: {cpu: 1Gi, secondary: [{fileSystem: {pvc: {ref: {path: x}}}}]}",
            cache + ".secondary[0].fileSystem.pvc.ref.name"),
        row(22, "rolloutStrategy: {maxSurge: -1}", rollout + ".maxSurge"),
        row(22, "rolloutStrategy: {maxSurge: many}", rollout + ".maxSurge"),
        row(22, "rolloutStrategy: {maxSurge: 101%}", rollout + ".maxSurge"),
        row(22, "rolloutStrategy: {maxSurge: 0%, maxUnavailable: 0}", rollout),
        row(
            22,
            "rolloutStrategy: {maxUnavailable: 0}\nworker: {}\nparallelism: {pipeline: 2}",
            rollout + ".maxSurge"),
        annotated("device-count: \"2\"", device + "device-count]"),
        annotated("device-class: \"\"", device + "device-class]"),
        annotated("device-class: gpu.io, device-count: \"0\"", device + "device-count]"),
        annotated("device-class: gpu.io, cel-selector: \" \"", device + "cel-selector]"),
        annotated("device-class: gpu.io, container-name: Main", device + "container-name]"));
  }

  private static Row row(int rule, String spec, String... paths) {
    return new Row(rule, false, NONE, spec, NONE, List.of(paths));
  }

  private static Row hub(int rule, String spec, String... paths) {
    return new Row(rule, true, NONE, spec, NONE, List.of(paths));
  }

  private static Row annotated(String annotations, String... paths) {
    var prefixed =
        Arrays.stream(annotations.split(", ", -1))
            .map(each -> "serving.kserve.io/exp-dra-" + each)
            .toList();
    return new Row(23, false, String.join(", ", prefixed), "replicas: 1", NONE, List.of(paths));
  }
}
