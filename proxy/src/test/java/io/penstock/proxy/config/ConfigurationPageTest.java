package io.penstock.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code docs/configuration.md} says what the settings say. */
class ConfigurationPageTest {

  @Test
  void the_page_has_one_row_for_each_setting() throws Exception {
    var page = new StringBuilder();
    page.append("# Configuration\n\n");
    page.append("One YAML file (`penstock serve --config FILE`), variables and flags; ");
    page.append("a flag overrides a variable, a variable the file. ");
    page.append("Unknown keys are errors. `penstock serve --print-config` shows what is in force ");
    page.append("and where it came from, `penstock validate FILE` checks a file.\n\n");
    page.append(
        "The file is read again when it changes: `timeouts` (but not `connect`, `preStop` ");
    page.append("and `drain`), `limits.requestBody`, ");
    page.append("`retries.perRequest`, `sse`, `headers` and `log` take effect at once, ");
    page.append(
        "the rest at the next start; `/config` has such a change beside the value in force. ");
    page.append("A file with errors changes nothing and is counted in ");
    page.append("`penstock_config_reload_failed_total`.\n\n");
    page.append("OpenTelemetry's own variables say less than any of these: ");
    page.append("`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT` and ");
    page.append("`OTEL_SERVICE_NAME`, unless `OTEL_SDK_DISABLED` is true; ");
    page.append("`OTEL_EXPORTER_OTLP_TRACES_HEADERS` or `OTEL_EXPORTER_OTLP_HEADERS` ");
    page.append("go with the spans ([tracing.md](tracing.md)).\n\n");
    page.append("| key | default | allowed | meaning | flag | variable |\n");
    page.append("|---|---|---|---|---|---|\n");
    rows(page, Settings.all());
    page.append("\nOf each pool under `pools`, from the file only:\n\n");
    page.append("| key | default | allowed | meaning | flag | variable |\n");
    page.append("|---|---|---|---|---|---|\n");
    rows(page, PoolSettings.all());
    assertThat(Files.readString(Path.of("../docs/configuration.md")))
        .as("docs/configuration.md should read:\n%s", page)
        .isEqualTo(page.toString());
  }

  private static void rows(StringBuilder page, List<Setting<?>> settings) {
    for (Setting<?> setting : settings) {
      String standard = setting.standard();
      page.append("| `").append(setting.path()).append("` | ");
      page.append(standard == null || standard.isEmpty() ? "" : "`" + standard + "`");
      page.append(" | ").append(setting.allowed().replace("|", "\\|"));
      page.append(" | ").append(setting.doc().replace("|", "\\|"));
      page.append(" | ").append(setting.standsAlone() ? "`" + setting.flag() + "`" : "");
      page.append(" | ").append(setting.standsAlone() ? "`" + setting.variable() + "`" : "");
      page.append(" |\n");
    }
  }
}
