package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the live page says of predictions and of a second policy, in a real browser. */
@Tag("browser")
class DriftPageIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path profile;

  @Test
  void the_page_shows_drift_and_what_a_second_policy_would_do() throws Exception {
    try (var browser = Browser.start(profile);
        var pods = new ServedPods()) {
      var gateway = pods.gateway("--shadow", "llm-d-default", "--shadow-sample", "1");
      var admin = gateway.said("admin on ");
      try (var load = new ChatLoad(gateway.url(), 4)) {
        browser.open(admin + "/", 1440, 900, false);
        browser.await("!document.getElementById('quality').hidden");
        browser.await("document.querySelectorAll('#quality tbody tr').length === 3");
        browser.await("/disagrees on \\d/.test(document.getElementById('quality').textContent)");

        assertThat(browser.find("#qualityTitle").getText()).isEqualTo("Drift of the predictions");
        assertThat(browser.find("#qualityBody").getText())
            .contains("The shadow policy llm-d-default disagrees on ");
        var told = JSON.readTree(gateway.admin("/debug/quality").body()).at("/pools/0/pods");
        assertThat(browser.findAll("#quality tbody th"))
            .extracting(cell -> cell.getText())
            .containsExactlyInAnyOrderElementsOf(
                StreamSupport.stream(told.spliterator(), false)
                    .map(pod -> pod.path("pod").asText())
                    .toList());
        for (int width : new int[] {1440, 390}) {
          browser.open(admin + "/", width, 900, false);
          browser.await("document.querySelectorAll('#quality tbody tr').length === 3");
          assertThat(browser.ask("document.documentElement.scrollWidth")).isEqualTo((long) width);
          browser.ask("document.getElementById('quality').scrollIntoView()");
          browser.picture("drift-" + width);
        }
        browser.assertQuietAndAlone(admin);
        load.stop();
      }
    }
  }
}
