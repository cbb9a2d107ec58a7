package io.penstock.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Prometheus's own tool says of the alerts, and of every query of the boards. */
@Tag("prometheus")
class PromtoolIT {

  private static final Path DEPLOY = Path.of(System.getProperty("penstock.root")).resolve("deploy");

  @TempDir private Path folder;

  private static String check(Path rules) throws Exception {
    return run("check", rules);
  }

  private static String run(String command, Path rules) throws Exception {
    var tool = Kit.bringUp("prometheus", "prometheus-up");
    var process =
        new ProcessBuilder(tool, command, "rules", rules.toString())
            .redirectErrorStream(true)
            .start();
    var said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  @Test
  void the_alerts_are_rules() throws Exception {
    assertThat(check(DEPLOY.resolve("alerts.yaml"))).contains("SUCCESS: 26 rules found");
  }

  @Test
  void a_service_that_was_stopped_alarms_nobody() throws Exception {
    var tests =
        """
        rule_files: [ALERTS]
        tests:
          - interval: 1m
            input_series:
              - {series: 'penstock_controller_conditions{condition="Ready",status="False"}', values: '1x60'}
              - {series: 'penstock_controller_services{phase="Stopped"}', values: '1x60'}
            alert_rule_test:
              - {eval_time: 50m, alertname: PenstockServicesNotReady, exp_alerts: []}
          - interval: 1m
            input_series:
              - {series: 'penstock_controller_conditions{condition="Ready",status="False"}', values: '3x60'}
              - {series: 'penstock_controller_services{phase="Stopped"}', values: '1x60'}
            alert_rule_test: &two
              - eval_time: 50m
                alertname: PenstockServicesNotReady
                exp_alerts:
                  - exp_labels: {severity: ticket}
                    exp_annotations:
                      summary: 2 LLMInferenceServices are not ready
                      description: penstock why NAME says what each waits for. Those that were stopped are not counted.
          - interval: 1m
            input_series:
              - {series: 'penstock_controller_conditions{condition="Ready",status="False"}', values: '2x60'}
            alert_rule_test: *two
        """;
    var file = folder.resolve("tests.yaml");
    Files.writeString(file, tests.replace("ALERTS", DEPLOY.resolve("alerts.yaml").toString()));

    assertThat(run("test", file)).contains("SUCCESS");
  }

  @Test
  void every_query_of_a_board_is_promql() throws Exception {
    var rules = new StringBuilder("groups:\n- name: boards\n  rules:\n");
    int queries = 0;
    try (var files = Files.list(DEPLOY.resolve("dashboards"))) {
      for (var file : files.sorted().toList()) {
        for (var panel : new ObjectMapper().readTree(Files.readString(file)).get("panels")) {
          for (var target : panel.path("targets")) {
            var expression =
                target
                    .get("expr")
                    .asText()
                    .replaceAll("\\$__(rate_interval|range)", "5m")
                    .replaceAll("\\$[a-z]+", "x");
            rules.append("  - record: board:query:").append(++queries).append('\n');
            rules.append("    expr: '").append(expression.replace("'", "''")).append("'\n");
          }
        }
      }
    }
    var file = folder.resolve("boards.yaml");
    Files.writeString(file, rules);

    assertThat(check(file)).contains("SUCCESS: " + queries + " rules found");
  }
}
