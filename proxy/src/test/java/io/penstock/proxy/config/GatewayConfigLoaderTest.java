package io.penstock.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.picker.pool.Role;
import io.penstock.picker.replica.RedisAddress;
import io.penstock.picker.replica.ReplicaSettings;
import io.penstock.picker.scrape.PodTls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GatewayConfigLoaderTest {

  private static final String POOL =
      "pools:\n  - name: tiny\n    discovery: {static: {endpoints: [{address: \"10.0.0.1:8001\"}]}}\n";

  @TempDir private Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("gateway.yaml"), text);
  }

  private ConfigSources.Builder sources(String text) throws IOException {
    return ConfigSources.builder().file(file(text));
  }

  private static LoadResult.Loaded loaded(ConfigSources.Builder sources) {
    var result = GatewayConfigLoader.load(sources.build());
    assertThat(result).isInstanceOf(LoadResult.Loaded.class);
    return (LoadResult.Loaded) result;
  }

  /** Each error as it is shown, the folder left out. */
  private List<String> errors(ConfigSources.Builder sources) {
    var result = GatewayConfigLoader.load(sources.build());
    assertThat(result).isInstanceOf(LoadResult.Invalid.class);
    return ((LoadResult.Invalid) result)
        .errors().stream().map(e -> e.toString().replace(folder + "/", "")).toList();
  }

  @Nested
  class Replicas {

    @Test
    void tell_each_other_through_a_redis_with_what_it_asks_for() throws Exception {
      assertThat(loaded(sources(POOL)).config().replicas()).isNull();
      var text = "replicas: {redis: 'rediss://me@cache:7000', passwordFile: pw, ca: ca.pem}\n";
      assertThat(loaded(sources(POOL + text)).config().replicas())
          .isEqualTo(
              new ReplicaSettings(
                  RedisAddress.parse("rediss://me@cache:7000"),
                  folder.resolve("pw"),
                  folder.resolve("ca.pem"),
                  "penstock"));
      var named = POOL + "replicas: {redis: 'redis://cache', channel: blue}\n";
      assertThat(loaded(sources(named)).config().replicas().channel()).isEqualTo("blue");
    }

    @Test
    void what_does_not_fit_is_said() throws Exception {
      assertThat(errors(sources(POOL + "replicas: {redis: 'cache:6379'}\n")))
          .containsExactly(
              "gateway.yaml:4:19: replicas.redis: 'cache:6379' does not fit; allowed:"
                  + " redis://host:port, or rediss:// for TLS; a user as user@host, no password;"
                  + " empty: off");
      for (var url : List.of("redis://me:s3cr@t@cache", "redis://:s3cr@t@cache:6379/1")) {
        assertThat(errors(sources(POOL + "replicas: {redis: '" + url + "'}\n")))
            .singleElement(STRING)
            .contains("replicas.redis: 'redis://...@cache")
            .doesNotContain("s3cr");
      }
      assertThat(errors(sources(POOL + "replicas: {ca: ca.pem, passwordFile: pw}\n")))
          .containsExactly(
              "gateway.yaml:4: replicas.passwordFile: is of no use without replicas.redis",
              "gateway.yaml:4: replicas.ca: is of no use without replicas.redis");
      assertThat(errors(sources(POOL + "replicas: {redis: 'redis://cache', ca: ca.pem}\n")))
          .containsExactly(
              "gateway.yaml:4: replicas.ca: is of no use without TLS, which rediss:// asks for");
    }
  }

  @Nested
  class Layers {

    @Test
    void a_flag_overrides_a_variable_a_variable_the_file_the_file_the_default() throws Exception {
      var sources =
          sources(
                  POOL
                      + "timeouts:\n  firstByte: 1s\n  answer: 2s\n  total: 3s\n"
                      + "limits: {connections: 10}\n")
              .environment(
                  Map.of("PENSTOCK_TIMEOUTS_FIRST_BYTE", "4s", "PENSTOCK_TIMEOUTS_ANSWER", "5s"))
              .flag("--timeouts.first-byte", "6s");

      var loaded = loaded(sources);

      var timeouts = loaded.config().timeouts();
      assertThat(timeouts.firstByte()).isEqualTo(Duration.ofSeconds(6));
      assertThat(timeouts.answer()).isEqualTo(Duration.ofSeconds(5));
      assertThat(timeouts.total()).isEqualTo(Duration.ofSeconds(3));
      assertThat(timeouts.connect()).isEqualTo(Duration.ofSeconds(1));
      var origin = loaded.sources();
      assertThat(origin.source(Settings.TIMEOUT_FIRST_BYTE)).isEqualTo("--timeouts.first-byte");
      assertThat(origin.source(Settings.TIMEOUT_ANSWER)).isEqualTo("PENSTOCK_TIMEOUTS_ANSWER");
      assertThat(origin.source(Settings.TIMEOUT_TOTAL)).endsWith("gateway.yaml:7");
      assertThat(origin.source(Settings.TIMEOUT_CONNECT)).isEqualTo("default");
      assertThat(loaded.warnings()).isEmpty();
    }

    @Test
    void a_wrong_value_is_told_even_where_a_stronger_source_overrides_it() throws Exception {
      var sources =
          sources(POOL + "timeouts: {total: soon}\n")
              .environment(Map.of("PENSTOCK_TIMEOUTS_TOTAL", "later"))
              .flag("--timeouts.total", "3s");

      assertThat(errors(sources))
          .hasSize(2)
          .anyMatch(e -> e.startsWith("gateway.yaml:4:19: timeouts.total: 'soon' does not fit"))
          .anyMatch(e -> e.startsWith("PENSTOCK_TIMEOUTS_TOTAL: timeouts.total: 'later'"));
    }

    @Test
    void endpoints_given_as_a_flag_replace_the_files_pools() throws Exception {
      var loaded =
          loaded(sources(POOL).endpoints("10.0.0.2:80, [::1]:81").model("big").model("small"));

      assertThat(loaded.config().pools())
          .singleElement()
          .satisfies(
              pool -> {
                assertThat(pool.name()).isEqualTo("big");
                assertThat(pool.models()).containsExactly("big", "small");
                var fixed = (PoolConfig.Discovery.Static) pool.discovery();
                assertThat(fixed.endpoints())
                    .extracting(PoolConfig.StaticEndpoint::host)
                    .containsExactly("10.0.0.2", "::1");
              });
      assertThat(loaded.sources().poolsSource()).isEqualTo("--endpoints");
    }

    @Test
    void a_variable_nobody_knows_is_a_warning_since_kubernetes_sets_some() throws Exception {
      var loaded =
          loaded(
              sources(POOL)
                  .environment(
                      Map.of(
                          "PENSTOCK_SERVICE_HOST", "10.1.2.3",
                          "PENSTOCK_TIMEOUTS_TOTALS", "3s",
                          "HOME", "/root")));

      assertThat(loaded.warnings())
          .containsExactly(
              "PENSTOCK_SERVICE_HOST is no setting and is ignored",
              "PENSTOCK_TIMEOUTS_TOTALS is no setting and is ignored; did you mean"
                  + " PENSTOCK_TIMEOUTS_TOTAL?");
      assertThat(loaded.config().timeouts().total()).isEqualTo(Duration.ofMinutes(30));
    }
  }

  @Nested
  class Errors {

    @Test
    void an_unknown_key_has_line_column_and_what_was_meant() throws Exception {
      assertThat(errors(sources(POOL + "timeouts:\n  firstBite: 1s\n")))
          .containsExactly(
              "gateway.yaml:5:3: timeouts.firstBite: unknown key; did you mean firstByte?");
      assertThat(errors(sources(POOL + "timeout: {}\n")))
          .containsExactly("gateway.yaml:4:1: timeout: unknown key; did you mean timeouts?");
      assertThat(errors(sources(POOL + "sse: {zzzzz: 1}\n")))
          .containsExactly("gateway.yaml:4:7: sse.zzzzz: unknown key; allowed: keepAlive");
    }

    @Test
    void a_value_that_does_not_fit_is_shown_with_what_would() throws Exception {
      assertThat(errors(sources(POOL + "retries:\n  perRequest: 11\n")))
          .containsExactly(
              "gateway.yaml:5:15: retries.perRequest: '11' does not fit; allowed: a number from 0"
                  + " to 10");
      assertThat(errors(sources(POOL + "limits: [1]\n")))
          .containsExactly("gateway.yaml:4:9: limits: expected a mapping, found a list");
      assertThat(errors(sources(POOL + "listen:\n")))
          .containsExactly("gateway.yaml:4:8: listen: expected a value, found nothing");
    }

    @Test
    void all_of_them_come_at_once() throws Exception {
      var sources =
          sources("listenn: x\nadmin: nowhere\ntimeouts: {total: never}\n" + POOL)
              .flag("--limits.request-bodi", "1MiB")
              .flag("--limits.connections", "0");

      assertThat(errors(sources))
          .hasSize(5)
          .anyMatch(e -> e.contains(":1:1: listenn: unknown key; did you mean listen?"))
          .anyMatch(e -> e.contains(":2:8: admin: 'nowhere' does not fit"))
          .anyMatch(e -> e.contains(":3:19: timeouts.total: 'never' does not fit"))
          .anyMatch(
              e ->
                  e.equals(
                      "--limits.request-bodi: unknown flag; did you mean --limits.request-body?"))
          .anyMatch(e -> e.startsWith("--limits.connections: limits.connections: '0'"));
    }

    @Test
    void a_key_may_be_there_once() throws Exception {
      assertThat(errors(sources(POOL + "log: {access: true}\nlog: {access: false}\n")))
          .containsExactly("gateway.yaml:5:1: log: is there twice");
    }

    @Test
    void what_is_no_yaml_has_its_place() throws Exception {
      assertThat(errors(sources("listen: [1\nadmin: 2\n")))
          .singleElement()
          .asString()
          .startsWith("gateway.yaml:2:")
          .contains("not YAML: ");
      assertThat(errors(sources(""))).containsExactly("gateway.yaml: is empty");
      assertThat(errors(sources(POOL + "---\nlisten: x\n")))
          .anyMatch(e -> e.contains("a second document; one is allowed"));
      assertThat(errors(ConfigSources.builder().file(folder.resolve("none.yaml"))))
          .contains("none.yaml: there is no such file");
    }

    @Test
    void settings_are_checked_together() throws Exception {
      assertThat(errors(ConfigSources.builder()))
          .containsExactly(
              "pools: there is none; give --endpoints host:port,host:port, --pool namespace/name or pools in a file");
      assertThat(errors(ConfigSources.builder().model("tiny")))
          .contains("--model: needs --endpoints or --pool; in a file, name models in their pool");
      assertThat(errors(sources(POOL + "tls: {certificate: cert.pem}\n")))
          .containsExactly(
              "gateway.yaml:4: tls.key: is missing; tls.certificate and tls.key go together");
      assertThat(errors(sources(POOL).listen("127.0.0.1:7").admin("127.0.0.1:7")))
          .containsExactly("--admin: admin: '127.0.0.1:7' is the address of listen too");
    }

    @Test
    void an_admin_listener_that_others_reach_is_a_warning() throws Exception {
      assertThat(loaded(sources(POOL).admin(":9090")).warnings())
          .singleElement()
          .asString()
          .contains("0.0.0.0:9090", "health serves probes");
      assertThat(loaded(sources(POOL).admin("")).config().admin()).isNull();
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "{discovery: {file: {path: e.yaml}}} | pools[0].name: is missing",
          "{name: a} | pools[0].discovery: is missing; allowed: one of static, file, dns",
          "{name: a, discovery: {}} | has 0 sources",
          "{name: a, discovery: {file: {path: x}, dns: {address: 'a:1'}}} | has 2 sources",
          "{name: a, discovery: {files: {path: x}}} | unknown key; did you mean file?",
          "{name: a, discovery: {file: {}}} | pools[0].discovery.file.path: is missing",
          "{name: a, discovery: {dns: {address: x}}} | 'x' does not fit; allowed: host:port",
          "{name: a b, discovery: {file: {path: x}}} | 'a b' does not fit; allowed: letters",
          "{name: a, models: [], discovery: {file: {path: x}}} | models: is empty",
          "{name: a, picker: {x: 1}, discovery: {file: {path: x}}} | allowed: configFile, config",
          "{name: a, picker: {policy: llmd}, discovery: {file: {path: x}}} | allowed: expected-cost",
          "{name: a, picker: {policy: llm-d-default, configFile: x}, discovery: {file: {path: x}}} |"
              + " is given beside",
          "{name: a, picker: {configFile: none}, discovery: {file: {path: x}}} | no such file",
          "{name: a, picker: {config: {plugins: [{type: q}]}}, discovery: {file: {path: x}}} |"
              + " pools[0].picker.config.plugins[0].type: 'q' is unknown",
          "{name: a, discovery: {static: {}}} | endpoints: is missing",
          "{name: a, discovery: {static: {endpoints: [{address: '1.1.1.1'}]}}} | does not fit",
          "{name: a, discovery: {static: {endpoints: [{address: 'a:1', role: x}]}}} | both, prefill",
          "{name: a, discovery: {static: {endpoints: [{address: 'a:1'}, {address: 'a:1'}]}}} | twice",
          "{name: a, scrape: {interval: 0s}, discovery: {file: {path: x}}} | at least 1ms",
          "{name: a, discovery: {file: {path: x}}, disaggregation: {connector: nixl}} | nixlv2, moon",
          "{name: a, discovery: {file: {path: x}}, disaggregation: {promptToken: 1}} | promptTokens",
          "{name: a, discovery: {file: {path: x}}, disaggregation: {promptTokens: -1}} | from 0 to"
        })
    void a_pool_is_read_strictly(String pool, String error) throws Exception {
      assertThat(errors(sources("pools:\n  - " + pool + "\n")))
          .singleElement()
          .asString()
          .startsWith("gateway.yaml:2:")
          .contains(error);
    }

    @Test
    void two_pools_have_two_names() throws Exception {
      assertThat(
              errors(
                  sources(
                      POOL + "  - name: tiny\n    discovery: {dns: {address: \"pods:8000\"}}\n")))
          .containsExactly("gateway.yaml:4:11: pools[1].name: 'tiny' is the name of a pool above");
    }
  }

  @Test
  void pods_of_three_roles_make_one_pool_of_the_flags() throws Exception {
    var config =
        loaded(
                ConfigSources.builder()
                    .endpoints("10.0.0.1:1")
                    .endpoints(Role.PREFILL, "10.0.0.2:1,10.0.0.3:1")
                    .endpoints(Role.DECODE, "10.0.0.4:1")
                    .decider("always"))
            .config();

    assertThat(((PoolConfig.Discovery.Static) config.pools().getFirst().discovery()).endpoints())
        .extracting(PoolConfig.StaticEndpoint::role)
        .containsExactlyInAnyOrder(Role.BOTH, Role.PREFILL, Role.PREFILL, Role.DECODE);
    var disaggregation = config.pools().getFirst().disaggregation();
    assertThat(disaggregation.connector()).isEqualTo(PoolConfig.Connector.NIXLV2);
    assertThat(disaggregation.policy().decider()).isEqualTo(DisaggregationPolicy.Decider.ALWAYS);
    assertThat(
            errors(
                ConfigSources.builder()
                    .endpoints(Role.PREFILL, "10.0.0.2:1,10.0.0.2:1")
                    .decider("sometimes")))
        .anyMatch(error -> error.startsWith("--prefill-endpoints") && error.contains("twice"))
        .anyMatch(error -> error.contains("allowed: cost, always, never"));
  }

  @Test
  void disaggregation_is_a_part_of_its_pool() throws Exception {
    var config =
        loaded(
                sources(
                    """
                    pools:
                      - name: one
                        discovery: {dns: {address: "pods:8000"}}
                        disaggregation: {connector: shared-storage, nonCachedTokens: 256, \
                    bandwidth: 5GiB, kvBytesPerToken: 64KiB, prefillTimeout: 5s, decider: never}
                    """))
            .config();

    assertThat(config.pools().getFirst().disaggregation())
        .isEqualTo(
            new PoolConfig.Disaggregation(
                PoolConfig.Connector.SHARED_STORAGE,
                new DisaggregationPolicy(
                    DisaggregationPolicy.Decider.NEVER,
                    0,
                    256,
                    64 << 10,
                    5L << 30,
                    Duration.ofMillis(10),
                    true),
                Duration.ofSeconds(5)));
  }

  @Test
  void prefill_pods_answer_where_all_are_full_unless_they_cannot() throws Exception {
    var pools =
        """
        pools:
          - name: usual
            discovery: {dns: {address: "pods:8000"}}
          - name: off
            discovery: {dns: {address: "pods:8000"}}
            disaggregation: {overflow: false}
          - name: sglang
            discovery: {dns: {address: "pods:8000"}}
            disaggregation: {connector: sglang}
        """;
    assertThat(loaded(sources(pools)).config().pools())
        .extracting(pool -> pool.disaggregation().policy().overflow())
        .containsExactly(true, false, false);

    assertThat(errors(sources(pools.replace("sglang}", "sglang, overflow: true}"))))
        .singleElement(STRING)
        .contains(
            "pools[2].disaggregation.overflow", "true", "allowed with connector sglang: false");
  }

  @Test
  void a_pool_is_routed_by_a_name_a_file_or_what_stands_there() throws Exception {
    Files.writeString(
        folder.resolve("epp.yaml"),
        """
        apiVersion: llm-d.ai/v1alpha1
        kind: EndpointPickerConfig
        plugins: [{type: queue-scorer}]
        """);
    var loaded =
        loaded(
            sources(
                POOL
                    + """
                      - name: file
                        discovery: {dns: {address: "pods:8000"}}
                        picker: {configFile: epp.yaml}
                      - name: inline
                        discovery: {dns: {address: "pods:8000"}}
                        picker:
                          allowExperimentalPlugins: true
                          config: {plugins: [{type: utilization-filter, parameters: {conditions: []}}]}
                      - name: named
                        discovery: {dns: {address: "pods:8000"}}
                        picker: {policy: llm-d-default}
                    """));

    var pools = loaded.config().pools();
    assertThat(pools.getFirst().policy().config()).isNull();
    assertThat(pools.subList(1, 4))
        .extracting(pool -> String.valueOf(pool.policy().config()))
        .satisfiesExactly(
            file -> assertThat(file).contains("queue-scorer"),
            inline -> assertThat(inline).contains("utilization-filter"),
            named -> assertThat(named).contains("prefix-cache-scorer"));
    var printed = ConfigPrinter.yaml(loaded);
    assertThat(printed)
        .contains("picker: {policy: expected-cost}")
        .contains("/epp.yaml}")
        .contains("picker: {policy: llm-d-default}");
    assertThat(ConfigPrinter.yaml(loaded(sources(printed))).replaceAll(" *#.*", ""))
        .isEqualTo(printed.replaceAll(" *#.*", ""));
  }

  @Test
  void what_only_a_picker_behind_a_proxy_can_do_is_refused_or_said() throws Exception {
    var stages =
        """
        plugins:
          - {type: disagg-profile-handler, parameters: {deciders: {encode: always-disagg-multimodal-decider}}}
          - type: always-disagg-multimodal-decider
        schedulingProfiles: [{name: decode, plugins: []}, {name: encode, plugins: []}]
        """;
    var head = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";
    Files.writeString(folder.resolve("stages.yaml"), head + stages);
    var pool = "  - name: a\n    discovery: {dns: {address: \"pods:8000\"}}\n";
    assertThat(errors(sources(POOL + pool + "    picker: {configFile: stages.yaml}\n")))
        .singleElement()
        .asString()
        .contains("stages.yaml:4", "deciders.encode is not supported by the gateway");
    assertThat(errors(sources(POOL + pool + "    picker:\n      config:\n" + stages.indent(8))))
        .singleElement()
        .asString()
        .contains("deciders.encode is not supported by the gateway");
    var flag =
        ConfigSources.builder().endpoints("a:1").shadow(folder.resolve("stages.yaml").toString());
    assertThat(errors(flag))
        .singleElement()
        .asString()
        .contains("stages.yaml:4", "deciders.encode is not supported by the gateway");

    Files.writeString(
        folder.resolve("told.yaml"),
        head
            + """
            plugins:
              - type: queue-scorer
              - type: request-attribute-reporter
                parameters: {attributes: [{key: {name: cost}, expression: usage.total_tokens}]}
            """);
    assertThat(loaded(sources(POOL + pool + "    picker: {configFile: told.yaml}\n")).warnings())
        .singleElement()
        .asString()
        .contains("told.yaml:5", "'request-attribute-reporter' has no effect in the gateway");
  }

  @Test
  void a_whole_file_becomes_one_tree() throws Exception {
    var config =
        loaded(
                sources(
                    """
                    listen: "[::1]:8443"
                    admin: ""
                    health: ":8081"
                    pools:
                      - name: one
                        models: [a, b]
                        discovery:
                          static:
                            endpoints:
                              - {address: "10.0.0.1:1", role: prefill, labels: {zone: x}}
                              - {address: "pod:2", role: Decode}
                        picker: {}
                        scrape: {interval: 50ms}
                      - name: two
                        discovery: {file: {path: pods/endpoints.yaml}}
                      - name: three
                        discovery: {dns: {address: "pods.default.svc:8000", interval: 2s}}
                    timeouts: {preStop: 0, drain: 1m30s}
                    limits: {requestBody: 1.5MiB, bufferedBodies: 512MiB}
                    tls: {certificate: tls/cert.pem, key: /etc/key.pem}
                    auth: {keysFile: keys.yaml}
                    """))
            .config();

    assertThat(config.listen()).isEqualTo(new ListenAddress("::1", 8443));
    assertThat(config.admin()).isNull();
    assertThat(config.health()).isEqualTo(new ListenAddress("0.0.0.0", 8081));
    assertThat(config.timeouts().preStop()).isZero();
    assertThat(config.timeouts().drain()).isEqualTo(Duration.ofSeconds(90));
    assertThat(config.limits().requestBody()).isEqualTo(3 * 512 * 1024);
    assertThat(config.limits().bufferedBodies(1L << 40)).isEqualTo(512L << 20);
    assertThat(config.tls())
        .isEqualTo(new GatewayConfig.Tls(folder.resolve("tls/cert.pem"), Path.of("/etc/key.pem")));
    assertThat(config.auth().keysFile()).isEqualTo(folder.resolve("keys.yaml"));
    assertThat(config.pools()).extracting(PoolConfig::name).containsExactly("one", "two", "three");
    assertThat(config.pools().get(0).scrape().interval()).isEqualTo(Duration.ofMillis(50));
    assertThat(config.pools().get(0).discovery())
        .isEqualTo(
            new PoolConfig.Discovery.Static(
                List.of(
                    new PoolConfig.StaticEndpoint("10.0.0.1", 1, Role.PREFILL, Map.of("zone", "x")),
                    new PoolConfig.StaticEndpoint("pod", 2, Role.DECODE, Map.of()))));
    assertThat(config.pools().get(1).discovery())
        .isEqualTo(new PoolConfig.Discovery.EndpointFile(folder.resolve("pods/endpoints.yaml")));
    assertThat(config.pools().get(2).discovery())
        .isEqualTo(new PoolConfig.Discovery.Dns("pods.default.svc", 8000, Duration.ofSeconds(2)));
  }

  @Test
  void a_quarter_of_direct_memory_is_what_auto_means() throws Exception {
    assertThat(loaded(sources(POOL)).config().limits().bufferedBodies(400)).isEqualTo(100);
  }

  @Nested
  class PodsOfKubernetes {

    @Test
    void are_those_of_an_inference_pool_or_of_a_selector() throws Exception {
      var pools =
          loaded(
                  sources(
                      """
                      pools:
                        - {name: a, discovery: {kubernetes: {pool: ns/llm}}}
                        - name: b
                          discovery:
                            kubernetes: {pool: ns/llm, group: inference.networking.x-k8s.io}
                        - name: c
                          discovery:
                            kubernetes: {namespace: ns, selector: a=b, ports: 8000}
                      """))
              .config()
              .pools();

      assertThat(pools)
          .extracting(PoolConfig::discovery)
          .containsExactly(
              new PoolConfig.Discovery.Kubernetes(
                  new PodSelection.OfPool("inference.networking.k8s.io", "ns", "llm")),
              new PoolConfig.Discovery.Kubernetes(
                  new PodSelection.OfPool("inference.networking.x-k8s.io", "ns", "llm")),
              new PoolConfig.Discovery.Kubernetes(
                  new PodSelection.OfLabels("ns", Map.of("a", "b"), List.of(8000))));
    }

    @Test
    void may_be_given_by_a_flag() throws Exception {
      var config = loaded(ConfigSources.builder().inferencePool("ns/llm").model("tiny")).config();

      assertThat(config.pools()).hasSize(1);
      assertThat(config.pools().getFirst().name()).isEqualTo("llm");
      assertThat(config.pools().getFirst().models()).containsExactly("tiny");
    }

    @Test
    void are_refused_with_what_is_allowed() throws Exception {
      assertThat(errors(sources("pools:\n  - {name: a, discovery: {kubernetes: {pool: llm}}}\n")))
          .anySatisfy(error -> assertThat(error).contains("'llm' does not fit", "namespace/name"));
      assertThat(
              errors(
                  sources(
                      """
                      pools:
                        - name: a
                          discovery: {kubernetes: {pool: ns/llm, group: example.org}}
                      """)))
          .anySatisfy(
              error -> assertThat(error).contains("example.org", "inference.networking.k8s.io"));
      assertThat(
              errors(
                  sources(
                      """
                      pools:
                        - name: a
                          discovery:
                            kubernetes: {namespace: ns, selector: app, ports: 70000}
                      """)))
          .anySatisfy(error -> assertThat(error).contains("'app' does not fit"))
          .anySatisfy(error -> assertThat(error).contains("'70000' does not fit"));
      assertThat(
              errors(ConfigSources.builder().inferencePool("ns/llm").endpoints("127.0.0.1:8001")))
          .anySatisfy(error -> assertThat(error).contains("--pool", "--endpoints"));
    }
  }

  @Nested
  class Printing {

    @Test
    void the_printed_tree_loads_to_the_same_configuration() throws Exception {
      var first =
          loaded(
              sources(
                      POOL
                          + "  - name: two\n    models: [\"a: b\", c]\n"
                          + "    discovery: {file: {path: \"e #1.yaml\"}}\n"
                          + "  - name: three\n"
                          + "    discovery: {dns: {address: \"[::1]:80\", interval: 1500ms}}\n"
                          + "    scrape: {interval: 1ms}\n"
                          + "    disaggregation: {connector: shared-storage, bandwidth: 5GiB}\n"
                          + "  - name: four\n"
                          + "    discovery: {kubernetes: {pool: ns/llm}}\n"
                          + "  - name: five\n"
                          + "    discovery:\n"
                          + "      kubernetes: {namespace: ns, selector: \"a=b,c=d\", ports: \"1,2\"}\n")
                  .flag("--timeouts.total", "1m30s")
                  .flag("--tls.certificate", "/a b/cert.pem")
                  .flag("--tls.key", "/key.pem"));

      String yaml = ConfigPrinter.yaml(first);
      var second = loaded(ConfigSources.builder().file(file(yaml)));

      assertThat(second.config()).isEqualTo(first.config());
      assertThat(yaml).contains("total: 1m30s  # --timeouts.total");
    }

    @Test
    void a_printed_path_means_the_same_wherever_it_is_loaded() throws Exception {
      var here = Path.of("").toAbsolutePath();
      file(
          """
          auth: {keysFile: keys.yaml}
          pools: [{name: tiny, discovery: {file: {path: pods.yaml}}, tls: {ca: ca.pem}}]
          """);
      var relative = here.relativize(folder.resolve("gateway.yaml"));
      var first =
          loaded(
              ConfigSources.builder()
                  .file(relative)
                  .flag("--tls.certificate", "cert.pem")
                  .flag("--tls.key", "key.pem"));

      var elsewhere = Files.createDirectory(folder.resolve("elsewhere")).resolve("printed.yaml");
      Files.writeString(elsewhere, ConfigPrinter.yaml(first));
      var second = loaded(ConfigSources.builder().file(elsewhere)).config();

      assertThat(second.auth().keysFile().normalize()).isEqualTo(folder.resolve("keys.yaml"));
      assertThat(second.tls().certificate()).isEqualTo(here.resolve("cert.pem"));
      var pool = second.pools().getFirst();
      assertThat(pool.tls().ca().normalize()).isEqualTo(folder.resolve("ca.pem"));
      assertThat(((PoolConfig.Discovery.EndpointFile) pool.discovery()).path().normalize())
          .isEqualTo(folder.resolve("pods.yaml"));
      assertThat(ConfigPrinter.json(first, first)).contains(here.resolve("cert.pem").toString());
    }

    @Test
    void json_has_every_setting_with_its_source() throws Exception {
      var loaded = loaded(sources(POOL).flag("--log.access", "false"));
      String json = ConfigPrinter.json(loaded, loaded);

      for (var setting : Settings.all()) {
        assertThat(json).contains("\"" + setting.path() + "\":{\"value\":");
      }
      assertThat(json).contains("\"log.access\":{\"value\":\"false\",\"source\":\"--log.access\"}");
      assertThat(json).contains("\"address\":\"10.0.0.1:8001\"");
    }
  }

  @Nested
  class PodsOverTls {

    private static final String TLS = POOL + "    tls: ";

    @Test
    void a_file_beside_the_configuration_names_their_authorities() throws Exception {
      var loaded = loaded(sources(TLS + "{ca: pods.pem, serverName: vllm.test}\n"));
      assertThat(loaded.config().pools().getFirst().tls())
          .isEqualTo(new PodTls.Settings(folder.resolve("pods.pem"), "vllm.test", false));
      assertThat(ConfigPrinter.yaml(loaded)).contains("tls: {ca: ", "serverName: vllm.test}");
      assertThat(loaded(sources(TLS + "{}\n")).config().pools().getFirst().tls())
          .isEqualTo(new PodTls.Settings(null, null, false));
      assertThat(loaded(sources(POOL)).config().pools().getFirst().tls()).isNull();
    }

    @Test
    void what_does_not_fit_is_an_error_with_its_place() throws Exception {
      assertThat(errors(sources(TLS + "{ca: pods.pem, insecure: true}\n")))
          .singleElement(STRING)
          .contains("pools[0].tls.ca", "has no use where any certificate will do");
      assertThat(errors(sources(TLS + "{servername: x}\n")))
          .singleElement(STRING)
          .contains("servername", "serverName");
      assertThat(errors(sources(POOL).podTls(new PodTls.Settings(null, null, true))))
          .singleElement(STRING)
          .contains("--pods-tls", "needs --endpoints or --pool");
    }
  }
}
