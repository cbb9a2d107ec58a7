package io.penstock.picker.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.picker.config.FileRules;
import io.penstock.picker.config.LoadedRules;
import io.penstock.picker.config.RulesFile;
import io.penstock.picker.discovery.StaticSource;
import io.penstock.picker.objective.RuleSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of rules that changes while the picker runs. */
class RulesReloadTest {

  private static final String RULES =
      """
      apiVersion: llm-d.ai/v1alpha2
      kind: InferenceObjective
      metadata: {name: batch}
      spec: {priority: %s, poolRef: {name: tiny}}
      """;

  private static List<RuleSource> following(Path file, PickerPool.Surroundings surroundings) {
    var rules = new RulesFile(file, Set.of("tiny"));
    var first = ((LoadedRules.Valid) rules.load()).objects();
    return List.of(
        new FileRules(
            rules,
            first,
            surroundings.control(),
            Duration.ofMillis(20),
            surroundings.rulesReloaded()));
  }

  /** In one step, so that nobody reads half of it. */
  private static void replace(Path file, String text) throws IOException {
    var next = Files.writeString(file.resolveSibling("next"), text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void awaitSeries(PickerApp app, String... samples) {
    await()
        .untilAsserted(
            () -> assertThat(PickerAppTest.metrics(app, "/metrics").body()).contains(samples));
  }

  @Test
  void each_change_is_counted_and_a_wrong_one_troubles_its_pool_until_it_is_mended(
      @TempDir Path folder) throws Exception {
    var file = Files.writeString(folder.resolve("rules.yaml"), RULES.formatted("-5"));
    var pool =
        new PickerPool(
            "tiny",
            Set.of(),
            surroundings -> new StaticSource(List.of()),
            surroundings -> following(file, surroundings));
    var settings =
        PickerAppTest.settings(List.of(pool), PickerAppTest.free(), () -> true, Duration.ZERO);
    try (var app = PickerApp.start(settings)) {
      awaitSeries(
          app,
          "penstock_config_reload_failed_total{kind=\"rules\",} 0.0",
          "penstock_rules_troubled{pool=\"tiny\",} 0.0");

      replace(file, RULES.formatted("low"));
      awaitSeries(
          app,
          "penstock_config_reload_failed_total{kind=\"rules\",} 1.0",
          "penstock_config_reload_total{kind=\"rules\",} 0.0",
          "penstock_rules_troubled{pool=\"tiny\",} 1.0");

      replace(file, RULES.formatted("-7"));
      awaitSeries(
          app,
          "penstock_config_reload_total{kind=\"rules\",} 1.0",
          "penstock_rules_troubled{pool=\"tiny\",} 0.0");
    }
  }
}
