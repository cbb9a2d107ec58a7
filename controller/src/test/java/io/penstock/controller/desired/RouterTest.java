package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.controller.desired.ClusterFacts.PoolVersion;
import io.penstock.controller.preset.ConfigLookup;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Ways in: routes, pools, pickers, Penstock's gateway. */
class RouterTest {

  private static final String MODEL = "  model: {uri: \"hf://a/b\", name: base}\n";
  private static final String ROUTER = "  router: {scheduler: {}, route: {}, gateway: {}}\n";

  private static Rendered render(String spec) {
    return Rendered.of(Rendered.serviceOf(spec));
  }

  private static JsonNode route(Rendered rendered) {
    return rendered.child("HTTPRoute", "llama-kserve-route").path("spec");
  }

  private static List<String> rules(JsonNode route) {
    List<String> names = new ArrayList<>();
    route.path("rules").forEach(rule -> names.add(rule.path("name").asText()));
    return names;
  }

  private static List<String> backends(JsonNode route) {
    List<String> kinds = new ArrayList<>();
    for (var rule : route.path("rules")) {
      rule.path("backendRefs").forEach(ref -> kinds.add(ref.path("kind").asText()));
    }
    return kinds;
  }

  @Nested
  class TheRoute {

    @Test
    void has_twelve_rules_none_of_which_ends_a_stream() {
      var route = route(render(MODEL + ROUTER));

      assertThat(rules(route))
          .containsExactly(
              "v1-completions-path",
              "v1-chat-completions-path",
              "v1-responses-path",
              "v1-messages-path",
              "v1-model-routing",
              "v1-completions-publisher-path",
              "v1-chat-completions-publisher-path",
              "v1-responses-publisher-path",
              "v1-messages-publisher-path",
              "v1-publisher-path-catch-all",
              "v1-catch-all-path",
              "v1-catch-all-model-routing");
      for (var rule : route.path("rules")) {
        assertThat(rule.at("/timeouts/request").asText()).isEqualTo("0s");
        assertThat(rule.at("/timeouts/backendRequest").asText()).isEqualTo("0s");
      }
      assertThat(route.at("/rules/4/matches/0/headers/0/value").asText())
          .isEqualTo("publishers/llm/models/base");
      assertThat(route.at("/parentRefs/0/name").asText()).isEqualTo("kserve-ingress-gateway");
    }

    @Test
    void has_paths_that_are_paths_whatever_the_model_is_called() {
      var route = route(render("  model: {uri: \"hf://a/b\", name: \"org/a b\"}\n" + ROUTER));

      assertThat(route.at("/rules/5/matches/0/path/value").asText())
          .isEqualTo("/publishers/llm/models/org/a%20b/v1/completions");
      assertThat(route.at("/rules/4/matches/0/headers/0/value").asText())
          .isEqualTo("publishers/llm/models/org/a b");
    }

    @Test
    void is_made_where_a_list_of_others_is_empty() {
      var router = "  router: {scheduler: {}, route: {http: {refs: []}}, gateway: {refs: []}}\n";

      assertThat(render(MODEL + router).names()).contains("HTTPRoute/llama-kserve-route");
      assertThat(
              Rendered.of(
                      Rendered.serviceOf(MODEL + router),
                      ClusterFacts.offline().withGatewayApi(false))
                  .names())
          .contains("Deployment/llama-kserve-gateway");
    }

    @Test
    void goes_to_a_pool_of_its_own_where_another_is_not_named() {
      for (var ref : List.of("{}", "{name: ''}")) {
        var rendered =
            render(MODEL + "  router: {scheduler: {pool: {ref: " + ref + "}}, route: {}}\n");

        assertThat(rendered.names())
            .contains(
                "InferencePool/llama-inference-pool", "Deployment/llama-kserve-router-scheduler");
      }
    }

    @Test
    void goes_to_the_pool_that_a_config_names_by_a_template() {
      var rendered =
          Rendered.of(
              Rendered.serviceOf(MODEL + "  baseRefs: [{name: p}]\n  router: {route: {}}\n"),
              Rendered.lookup(
                  """
                  apiVersion: serving.kserve.io/v1alpha2
                  kind: LLMInferenceServiceConfig
                  metadata: {name: p}
                  spec: {router: {scheduler: {pool: {ref: {name: '{{ .ObjectMeta.Name }}-pool'}}}}}
                  """),
              ClusterFacts.offline());

      assertThat(route(rendered).at("/rules/0/backendRefs/0/name").asText())
          .isEqualTo("llama-pool");
    }

    @Test
    void goes_to_the_service_where_nothing_picks() {
      var rendered = render(MODEL + "  router: {route: {}, gateway: {}}\n");

      assertThat(backends(route(rendered))).containsOnly("Service");
      assertThat(rendered.names()).noneMatch(name -> name.startsWith("InferencePool"));
    }

    @Test
    void hangs_on_the_gateways_that_the_service_names() {
      var rendered =
          render(
              MODEL
                  + "  router: {scheduler: {}, route: {}, gateway: {refs: [{name: mine, namespace:"
                  + " infra, sectionName: https}, {name: near}]}}\n");

      var parents = route(rendered).path("parentRefs");
      assertThat(parents).hasSize(2);
      assertThat(parents.get(0).path("namespace").asText()).isEqualTo("infra");
      assertThat(parents.get(0).path("sectionName").asText()).isEqualTo("https");
      assertThat(parents.get(1).has("namespace")).isFalse();
    }

    @Test
    void is_the_services_own_where_it_has_one() {
      var rendered =
          render(
              MODEL
                  + """
                    router:
                      scheduler: {}
                      route: {http: {spec: {rules: [{backendRefs: [{name: mine, port: 80}]}]}}}
                  """);

      assertThat(route(rendered).path("rules")).hasSize(1);
      assertThat(route(rendered).at("/rules/0/backendRefs/0/name").asText()).isEqualTo("mine");
    }

    @Test
    void is_not_rendered_where_the_service_brings_its_own_objects() {
      var rendered =
          render(MODEL + "  router: {scheduler: {}, route: {http: {refs: [{name: mine}]}}}\n");

      assertThat(rendered.names()).noneMatch(name -> name.startsWith("HTTPRoute"));
    }

    @Test
    void has_no_rules_by_header_where_that_is_turned_off() {
      var off = "  annotations: {serving.kserve.io/model-based-routing-enabled: \"false\"}\n";

      assertThat(rules(route(render(MODEL + ROUTER + off))))
          .hasSize(10)
          .doesNotContain("v1-model-routing", "v1-catch-all-model-routing");
    }

    @Test
    void has_its_group_on_it_for_others_to_find() {
      var rendered =
          render(MODEL + "  router: {scheduler: {}, route: {group: g, weight: 3}, gateway: {}}\n");

      assertThat(
              rendered
                  .child("HTTPRoute", "llama-kserve-route")
                  .at("/metadata/labels/serving.kserve.io~1routing-group")
                  .asText())
          .isEqualTo("g");
    }

    @Test
    void stays_within_the_limits_of_the_gateway_api_with_any_number_of_adapters() {
      for (int count : new int[] {1, 7, 8, 64, 65, 200}) {
        var adapters =
            IntStream.range(0, count)
                .mapToObj("{name: a%03d, uri: \"pvc://a/b\"}"::formatted)
                .collect(Collectors.joining(", "));
        var rendered =
            render(
                "  model: {uri: \"hf://a/b\", name: base, lora: {adapters: ["
                    + adapters
                    + "]}}\n"
                    + ROUTER);
        Set<String> reached = new HashSet<>();
        for (var child : rendered.result().children()) {
          if (child.path("kind").asText().equals("HTTPRoute")) {
            int matches = 0;
            for (var rule : child.at("/spec/rules")) {
              assertThat(rule.path("matches").size()).isBetween(1, 64);
              matches += rule.path("matches").size();
              rule.path("matches")
                  .forEach(match -> reached.add(match.at("/headers/0/value").asText()));
            }
            assertThat(matches).isLessThan(128);
            assertThat(child.at("/spec/rules").size()).isLessThanOrEqualTo(16);
          }
        }
        assertThat(reached)
            .contains("publishers/llm/models/a%03d".formatted(count - 1))
            .contains("publishers/llm/models/a000", "publishers/llm/models/base");
      }
    }
  }

  @Nested
  class ThePool {

    @Test
    void is_of_the_version_that_the_cluster_serves_and_the_route_goes_to_it() {
      var rendered =
          Rendered.of(
              Rendered.serviceOf(MODEL + ROUTER),
              ClusterFacts.offline().withPoolVersions(Set.of(PoolVersion.V1ALPHA2)));
      var pool = rendered.child("InferencePool", "llama-inference-pool");

      assertThat(pool.path("apiVersion").asText())
          .isEqualTo("inference.networking.x-k8s.io/v1alpha2");
      assertThat(pool.at("/spec/targetPortNumber").asInt()).isEqualTo(8000);
      assertThat(pool.at("/spec/selector/kserve.io~1component").asText()).isEqualTo("workload");
      assertThat(pool.at("/spec/extensionRef/name").asText()).isEqualTo("llama-epp-service");
      assertThat(pool.at("/spec/extensionRef/portNumber").asInt()).isEqualTo(9002);
      assertThat(route(rendered).at("/rules/0/backendRefs/0/group").asText())
          .isEqualTo("inference.networking.x-k8s.io");
      assertThat(
              rendered
                  .engine("Deployment", "llama-kserve-router-scheduler")
                  .path("args")
                  .toString())
          .contains("--pool-group=inference.networking.x-k8s.io");
    }

    @Test
    void of_somebody_else_is_routed_to_and_nothing_of_ours_picks() {
      var rendered =
          render(
              MODEL
                  + "  router: {scheduler: {pool: {ref: {name: theirs}}}, route: {}, gateway:"
                  + " {}}\n");

      assertThat(route(rendered).at("/rules/0/backendRefs/0/name").asText()).isEqualTo("theirs");
      assertThat(rendered.names())
          .noneMatch(name -> name.contains("scheduler") || name.startsWith("InferencePool"));
    }

    @Test
    void has_no_picker_where_the_gateway_picks() {
      var rendered =
          Rendered.of(
              Rendered.serviceOf(MODEL + ROUTER), ClusterFacts.offline().withGatewayApi(false));

      assertThat(
              rendered
                  .child("InferencePool", "llama-inference-pool")
                  .path("spec")
                  .has("endpointPickerRef"))
          .isFalse();
    }
  }

  @Nested
  class ThePicker {

    private static final String CONFIG =
        "{apiVersion: llm-d.ai/v1alpha1, kind: EndpointPickerConfig, plugins: []}";

    private static JsonNode args(Rendered rendered) {
      return rendered.engine("Deployment", "llama-kserve-router-scheduler").path("args");
    }

    @Test
    void is_penstocks_and_may_read_pods_and_its_pool() {
      var rendered = render(MODEL + ROUTER);

      assertThat(args(rendered))
          .extracting(JsonNode::asText)
          .startsWith("picker")
          .contains("--pool-name=llama-inference-pool", "--pool-namespace=llm");
      var rules = rendered.child("Role", "llama-epp-role").path("rules");
      assertThat(rules).hasSize(3);
      assertThat(rules.toString()).doesNotContain("create", "update", "*", "secrets");
      assertThat(rendered.names()).noneMatch(name -> name.startsWith("Cluster"));
    }

    @Test
    void of_several_replicas_elects_a_leader_by_one_lease_of_that_name() {
      var rendered = render(MODEL + "  router: {scheduler: {replicas: 2}}\n");

      assertThat(args(rendered))
          .extracting(JsonNode::asText)
          .contains("--ha-enable-leader-election");
      var rules = rendered.child("Role", "llama-epp-role").path("rules");
      assertThat(rules.get(3).path("verbs")).extracting(JsonNode::asText).containsExactly("create");
      assertThat(rules.get(4).at("/resourceNames/0").asText())
          .isEqualTo("epp-llm-llama-inference-pool.llm-d.ai");
    }

    @Test
    void of_several_replicas_is_replaced_and_evicted_though_only_the_leader_is_ever_ready() {
      var elected = render(MODEL + "  router: {scheduler: {replicas: 2}}\n");
      assertThat(strategy(elected).toString())
          .isEqualTo("{\"maxUnavailable\":\"100%\",\"maxSurge\":1}");
      assertThat(elected.names())
          .doesNotContain("PodDisruptionBudget/llama-kserve-router-scheduler");

      var equal =
          render(
              MODEL
                  + "  router: {scheduler: {replicas: 2, template: {containers: [{name: main,"
                  + " args: [picker, --ha-enable-leader-election=false]}]}}}\n");
      assertThat(strategy(equal).path("maxUnavailable").asText()).isEqualTo("0");

      var single = render(MODEL + ROUTER);
      assertThat(strategy(single).toString()).isEqualTo("{\"maxUnavailable\":0,\"maxSurge\":1}");
      assertThat(single.names()).contains("PodDisruptionBudget/llama-kserve-router-scheduler");
    }

    @Test
    void that_elects_itself_is_replaced_though_no_other_is_ready_before_it_goes() {
      var alone =
          render(
              MODEL
                  + "  router: {scheduler: {template: {containers: [{name: main,"
                  + " args: [picker, --ha-enable-leader-election]}]}}}\n");

      assertThat(strategy(alone).toString())
          .isEqualTo("{\"maxUnavailable\":\"100%\",\"maxSurge\":1}");
      assertThat(alone.names()).contains("PodDisruptionBudget/llama-kserve-router-scheduler");
    }

    private static JsonNode strategy(Rendered rendered) {
      return rendered
          .child("Deployment", "llama-kserve-router-scheduler")
          .at("/spec/strategy/rollingUpdate");
    }

    @Test
    void gets_the_configuration_that_the_service_has() {
      var rendered =
          render(
              MODEL
                  + "  router: {scheduler: {config: {inline: {apiVersion: llm-d.ai/v1alpha1,"
                  + " kind: EndpointPickerConfig, plugins: [{type: max-score-picker,"
                  + " name: \"$(x)\"}]}}}}\n");

      assertThat(args(rendered))
          .extracting(JsonNode::asText)
          .contains("--config-text")
          .last()
          .asString()
          .startsWith("{\"apiVersion\":\"llm-d.ai/v1alpha1\"")
          .contains("\"$$(x)\"");
    }

    @Test
    void gets_the_configuration_of_a_config_map_near_or_in_the_systems_namespace() {
      var spec = MODEL + "  router: {scheduler: {config: {ref: {name: policy}}}}\n";
      for (var namespace : List.of("", ", namespace: kserve")) {
        var rendered =
            Rendered.of(
                Rendered.serviceOf(spec),
                Rendered.lookup(
                    "{apiVersion: v1, kind: ConfigMap, metadata: {name: policy%s}, data: {epp: '%s'}}"
                        .formatted(namespace, CONFIG)),
                ClusterFacts.offline());
        assertThat(args(rendered)).extracting(JsonNode::asText).endsWith("--config-text", CONFIG);
        assertThat(rendered.result().spec().at("/router/scheduler/config").has("ref")).isFalse();
      }
    }

    @Test
    void without_that_config_map_or_its_key_is_refused_with_the_one_that_is_missing() {
      var spec = MODEL + "  router: {scheduler: {config: {ref: {name: policy, key: k}}}}\n";
      var map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: policy}, data: {epp: x}}";

      assertThat(Rendered.refused(Rendered.serviceOf(spec), ClusterFacts.offline()).message())
          .contains("ConfigMap policy is in neither llm nor kserve");
      var noKey =
          (Rendering.Refused)
              Renderer.render(
                  Rendered.service(Rendered.serviceOf(spec)),
                  Rendered.lookup(map),
                  ClusterFacts.offline());
      assertThat(noKey.message()).contains("ConfigMap policy has no key k");
    }

    @Test
    void is_as_usual_without_a_config_map_or_a_key_that_may_be_missing() {
      var ref =
          MODEL + "  router: {scheduler: {config: {ref: {name: policy, %soptional: true}}}}\n";
      var map =
          "{apiVersion: v1, kind: ConfigMap, metadata: {name: policy}, data: {epp: '%s'}}"
              .formatted(CONFIG);
      for (var key : List.of("", "key: k, ")) {
        var rendered =
            Rendered.of(
                Rendered.serviceOf(ref.formatted(key)),
                key.isEmpty() ? ConfigLookup.empty() : Rendered.lookup(map),
                ClusterFacts.offline());
        assertThat(args(rendered)).extracting(JsonNode::asText).doesNotContain("--config-text");
      }

      var found =
          Rendered.of(
              Rendered.serviceOf(ref.formatted("")), Rendered.lookup(map), ClusterFacts.offline());
      assertThat(args(found)).extracting(JsonNode::asText).endsWith("--config-text", CONFIG);
    }

    @Test
    void is_llm_ds_where_the_service_says_so_with_a_configuration_made_for_it() throws Exception {
      var rendered =
          render(
              MODEL
                  + ROUTER
                  + "  prefill: {}\n"
                  + "  baseRefs: [{name: kserve-config-llm-scheduler-llm-d}]\n");
      var picker = rendered.engine("Deployment", "llama-kserve-router-scheduler");

      assertThat(picker.path("image").asText()).contains("llm-d-router-endpoint-picker");
      assertThat(picker.at("/command/0").asText()).isEqualTo("/app/epp");
      assertThat(picker.path("args").toString())
          .contains("disagg-profile-handler", "always-disagg-pd-decider")
          .doesNotContain("--model-server-metrics");
      assertThat(rendered.child("Service", "llama-epp-service").at("/spec/ports").toString())
          .contains("5557");
      rendered.isGolden("llm-d-scheduler.yaml");
    }

    @Test
    void of_llm_d_reads_the_metrics_of_pods_with_tls_over_https() {
      var tls =
          "  template: {containers: [{name: main, livenessProbe: {httpGet: {path: /health, port:"
              + " 8000, scheme: HTTPS}}}]}\n"
              + "  baseRefs: [{name: kserve-config-llm-scheduler-llm-d}]\n";
      var warning = "llm-d's picker reads the pods' metrics over plain HTTP";

      var rendered = render(MODEL + ROUTER + tls);
      assertThat(args(rendered).toString().replace("\\", ""))
          .contains(
              "{\"type\":\"metrics-data-source\",\"parameters\":{\"scheme\":\"https\"",
              "\"sources\":[{\"pluginRef\":\"metrics-data-source\"");
      assertThat(rendered.result().warnings()).noneMatch(each -> each.contains(warning));

      var own =
          "  router: {scheduler: {config: {inline: {apiVersion: llm-d.ai/v1alpha1, kind:"
              + " EndpointPickerConfig, plugins: [{type: max-score-picker}%s]}}}}\n";
      assertThat(render(MODEL + own.formatted("") + tls).result().warnings())
          .anyMatch(each -> each.contains(warning));
      var https = ", {type: metrics-data-source, parameters: {scheme: https}}";
      assertThat(render(MODEL + own.formatted(https) + tls).result().warnings())
          .noneMatch(each -> each.contains(warning));
    }

    @Test
    void has_the_services_labels_on_its_pods_and_never_in_its_selector() {
      var rendered =
          render(MODEL + "  router: {scheduler: {labels: {team: red}, annotations: {a: b}}}\n");
      var spec = rendered.child("Deployment", "llama-kserve-router-scheduler").path("spec");

      assertThat(spec.at("/template/metadata/labels/team").asText()).isEqualTo("red");
      assertThat(spec.at("/template/metadata/annotations/a").asText()).isEqualTo("b");
      assertThat(spec.at("/selector/matchLabels").has("team")).isFalse();
    }

    @Test
    void keeps_an_account_of_the_users_and_binds_the_role_to_it() {
      var rendered =
          render(MODEL + "  router: {scheduler: {template: {serviceAccountName: mine}}}\n");

      assertThat(rendered.names()).doesNotContain("ServiceAccount/llama-epp-sa");
      assertThat(rendered.child("RoleBinding", "llama-epp-rb").at("/subjects/0/name").asText())
          .isEqualTo("mine");
    }
  }

  @Nested
  class WithoutTheGatewayApi {

    @Test
    void what_needs_it_by_name_is_refused_with_the_field() {
      for (var router :
          List.of(
              "{route: {http: {refs: [{name: r}]}}}",
              "{route: {http: {spec: {rules: []}}}}",
              "{route: {}, gateway: {refs: [{name: g}]}}")) {
        var refused =
            Rendered.refused(
                Rendered.serviceOf(MODEL + "  router: " + router + "\n"),
                ClusterFacts.offline().withGatewayApi(false));
        assertThat(refused.reason()).isEqualTo("GatewayAPIMissing");
        assertThat(refused.message()).contains("spec.router.", "gateway.networking.k8s.io/v1");
      }
    }

    @Test
    void a_service_without_a_router_needs_nothing() {
      var rendered =
          Rendered.of(
              Rendered.serviceOf(MODEL),
              ClusterFacts.offline().withGatewayApi(false).withPoolVersions(Set.of()));

      assertThat(rendered.names()).hasSize(3);
    }

    @Test
    void what_is_said_of_a_picker_of_its_own_is_warned_about() {
      var rendered =
          Rendered.of(
              Rendered.serviceOf(
                  MODEL
                      + "  router: {scheduler: {labels: {a: b}, template: {nodeSelector: {a: b}},"
                      + " config: {inline: {apiVersion: llm-d.ai/v1alpha1,"
                      + " kind: EndpointPickerConfig, plugins: [{type: max-score-picker}]}}}}\n"),
              ClusterFacts.offline().withGatewayApi(false));

      assertThat(rendered.result().warnings())
          .containsExactly(
              "spec.router.scheduler: config, template, labels without effect: Penstock's gateway is"
                  + " the way in, and picks by itself");
      assertThat(
              Rendered.of(
                      Rendered.serviceOf(MODEL + ROUTER),
                      ClusterFacts.offline().withGatewayApi(false))
                  .result()
                  .warnings())
          .isEmpty();
    }

    @Test
    void penstocks_gateway_can_be_chosen_where_the_api_is_there_too() {
      var rendered =
          Rendered.of(
              Rendered.serviceOf(MODEL + ROUTER)
                  .replace(
                      "{name: llama}",
                      "{name: llama, annotations: {penstock.io/gateway: penstock}}"));

      assertThat(rendered.names())
          .contains("Deployment/llama-kserve-gateway")
          .noneMatch(name -> name.startsWith("HTTPRoute"));
    }
  }
}
