package io.penstock.cli;

import static io.penstock.cli.ControlledCluster.soon;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Controllers that die half way and controllers of other releases, on a real control plane: the
 * next one finishes, and pods that serve go on.
 */
@Tag("kube")
class ControllerRestartIT {

  private static final String GPU = "qwen2-7b";
  private static final String CONFIG =
      """
      apiVersion: serving.kserve.io/v1alpha2
      kind: LLMInferenceServiceConfig
      metadata: {name: %s}
      spec:
      """;

  private static final String CONFIGS = "llminferenceserviceconfigs.v1alpha2.serving.kserve.io";
  private static final String CRD = "llminferenceservices.serving.kserve.io";

  private static ControlledCluster controlled;
  private static Set<String> whole;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    controlled = ControlledCluster.start(folder);
    controlled.cluster().install("v1");
    controlled.applySeed("qwen2-7b-gpu");
    controlled.awaitReady(GPU);
    whole = controlled.directChildren();
    controlled.delete(GPU);
    controlled.endController();
  }

  /** Each test begins with an empty namespace and no controller. */
  @AfterEach
  void clear() throws Exception {
    controlled.cluster().kubectl("delete", "llmisvc", "--all");
    controlled.awaitNothingLeft();
    controlled.killController();
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (controlled != null) {
      controlled.takeDown();
    }
  }

  @ParameterizedTest
  @CsvSource({"0, AFTER_THE_WRITE", "4, BEFORE_THE_WRITE", "9, AFTER_THE_WRITE"})
  void what_a_controller_that_dies_at_a_write_has_begun_is_finished_by_the_next(
      int write, CutLine.Moment moment) throws Exception {
    try (var line = new CutLine(controlled.account(), write, moment)) {
      controlled.startController(line.kubeconfig());
      controlled.applySeed("qwen2-7b-gpu");
      assertThat(line.awaitCut()).as(controlled.controller().output()).isTrue();
      controlled.killController();
    }

    controlled.startController();
    controlled.awaitReady(GPU);
    assertThat(controlled.directChildren()).isEqualTo(whole);
    assertNothingMoreIsWritten();
  }

  @Test
  void what_a_controller_that_dies_while_it_stops_a_service_leaves_is_removed_by_the_next()
      throws Exception {
    controlled.startController();
    controlled.applySeed("qwen2-7b-gpu");
    controlled.awaitReady(GPU);
    controlled.endController();
    try (var line = new CutLine(controlled.account(), 3, CutLine.Moment.BEFORE_THE_WRITE)) {
      controlled.startController(line.kubeconfig());
      controlled
          .cluster()
          .kubectl("annotate", "llmisvc", GPU, "serving.kserve.io/stop=true", "--overwrite");
      assertThat(line.awaitCut()).as(controlled.controller().output()).isTrue();
      controlled.killController();
    }

    controlled.startController();
    soon().until(() -> controlled.service(GPU, "{.status.phase}").equals("Stopped"));
    controlled.awaitNothingLeft();
  }

  /** A pass that finds everything as it is to be. */
  private static void assertNothingMoreIsWritten() throws Exception {
    double writes = controlled.metric("penstock_controller_writes_total");
    double passes = controlled.metric("penstock_controller_pass_seconds_count");
    controlled.cluster().kubectl("annotate", "llmisvc", GPU, "note=look-again");
    soon().until(() -> controlled.metric("penstock_controller_pass_seconds_count") > passes);
    assertThat(controlled.metric("penstock_controller_writes_total")).isEqualTo(writes);
  }

  @Test
  void a_controller_with_other_presets_restarts_no_pod_and_takes_them_for_new_services()
      throws Exception {
    controlled.startController("--preset-prefix", "one-");
    preset("one", "engine:1");
    controlled.apply("older", "  model: {uri: \"hf://a/b\"}\n  replicas: 2\n");
    soon().until(() -> image("older").equals("engine:1"));
    controlled.awaitReady("older");
    var pods = controlled.podsThatStay();

    preset("two", "engine:2");
    controlled.endController();
    controlled.startController("--preset-prefix", "two-");
    controlled.apply("newer", "  model: {uri: \"hf://a/b\"}\n  replicas: 1\n");
    soon().until(() -> image("newer").equals("engine:2"));
    controlled.awaitReady("newer");
    controlled.patch("older", "{\"metadata\":{\"annotations\":{\"note\":\"look-again\"}}}");
    soon().until(() -> controlled.metric("penstock_controller_pass_seconds_count") >= 4);

    assertThat(image("older")).isEqualTo("engine:1");
    assertThat(controlled.podsThatStay().split(" ", -1)).contains(pods.split(" ", -1));
    assertThat(controlled.service("older", "{.status.appliedConfigs[*].name}"))
        .contains("one-config-llm-template")
        .doesNotContain("two-");
  }

  private static void preset(String prefix, String image) throws Exception {
    controlled
        .cluster()
        .apply(
            ControlledCluster.SYSTEM,
            CONFIG.formatted(prefix + "-config-llm-template")
                + "  template: {containers: [{name: main, image: \"%s\"}]}\n".formatted(image));
  }

  /** Image of a service's engine; empty while there is no Deployment. */
  private static String image(String service) throws Exception {
    return controlled.children().contains("deployment.apps/" + service + "-kserve")
        ? controlled.field(
            "deployment", service + "-kserve", "{.spec.template.spec.containers[0].image}")
        : "";
  }

  @Test
  void a_config_that_changes_beside_the_pods_restarts_none() throws Exception {
    controlled.startController();
    var config = CONFIG.formatted("base") + "  replicas: %d\n  router: {gateway: {}}\n";
    controlled.cluster().apply(config.formatted(1));
    controlled.apply("based", "  model: {uri: \"hf://a/b\"}\n  baseRefs: [{name: base}]\n");
    controlled.awaitReady("based");
    var pods = controlled.podsThatStay().split(" ", -1);
    soon().until(() -> inUse("base").equals("True InUse"));
    assertThat(controlled.field(CONFIGS, "base", "{.status.referencedBy[*].name}"))
        .isEqualTo("based");

    controlled.cluster().apply(config.formatted(2).replace("gateway", "route"));

    soon().until(() -> controlled.service("based", "{.status.replicas}").equals("2/2"));
    controlled.awaitReady("based");
    assertThat(controlled.podsThatStay().split(" ", -1)).contains(pods);

    controlled.cluster().kubectl("delete", CONFIGS, "base");
    soon().until(() -> controlled.ready("based", "{.reason}").equals("ConfigNotFound"));
    assertThat(controlled.podsThatStay().split(" ", -1)).contains(pods);
  }

  private static String inUse(String config) throws Exception {
    return controlled.field(
        CONFIGS,
        config,
        "{.status.conditions[?(@.type==\"ConfigInUse\")].status}"
            + " {.status.conditions[?(@.type==\"ConfigInUse\")].reason}");
  }

  @Test
  void objects_that_were_stored_in_the_older_version_are_stored_in_the_newer_one_when_it_starts()
      throws Exception {
    controlled.startController();
    store("true", "false");
    controlled.apply("stored", "  model: {uri: \"hf://a/b\"}\n  kvCacheOffloading: {cpu: 1Gi}\n");
    controlled.awaitReady("stored");
    store("false", "true");
    assertThat(storedVersions()).isEqualTo("[\"v1alpha2\",\"v1alpha1\"]");
    var spec = controlled.service("stored", "{.spec}");

    controlled.endController();
    controlled.startController();

    soon().until(() -> storedVersions().equals("[\"v1alpha2\"]"));
    assertThat(controlled.service("stored", "{.spec}"))
        .isEqualTo(spec)
        .contains("kvCacheOffloading");
  }

  /** Whether the CRD says that the older and the newer version are stored. */
  private static void store(String older, String newer) throws Exception {
    controlled
        .cluster()
        .kubectl(
            "patch",
            "crd",
            CRD,
            "--type=json",
            "-p",
            """
            [{"op":"replace","path":"/spec/versions/0/storage","value":%s},
             {"op":"replace","path":"/spec/versions/1/storage","value":%s}]"""
                .formatted(older, newer));
  }

  private static String storedVersions() throws Exception {
    return controlled.field("crd", CRD, "{.status.storedVersions}");
  }
}
