package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;

/** The live page of {@code penstock demo} under traffic, in a real browser. */
@Tag("browser")
class LivePageIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NEWEST = "document.querySelector('#rows tr button')";

  @TempDir private static Path profile;
  private static PenstockProcess demo;
  private static ChatLoad load;
  private static Browser browser;
  private static String page;

  @BeforeAll
  static void start() throws Exception {
    browser = Browser.start(profile);
    demo = PenstockProcess.start("demo", "--port", "0");
    page = demo.said("Why that pod, live: ");
    load = new ChatLoad(gateway(), 4);
  }

  private static String gateway() {
    return demo.said("4 simulated vLLM pods serve 'tiny' behind ");
  }

  @AfterAll
  static void stop() throws Exception {
    if (load != null) {
      load.stop();
    }
    if (demo != null) {
      demo.close();
    }
    if (browser != null) {
      browser.close();
    }
  }

  @AfterEach
  void quietAndAlone() throws Exception {
    browser.assertQuietAndAlone(page.substring(0, page.length() - 1));
  }

  private static void open(int width, int height, boolean dark) {
    browser.open(page, width, height, dark);
    browser.await("document.querySelectorAll('#rows tr').length >= 5");
    browser.await("document.querySelectorAll('.pod[data-state=ready]').length === 4");
  }

  /** By the keyboard: the list changes under whoever neither points at it nor is in it. */
  private static void openTheNewest() {
    browser.ask(NEWEST + ".focus()");
    browser.press(Keys.ENTER);
  }

  @Test
  void a_decision_opens_into_the_costs_that_the_gateway_says() throws Exception {
    open(1440, 900, false);
    openTheNewest();
    browser.await("!document.getElementById('drawer').hidden");
    // It slides in out of nothing, and what cannot be seen yet has no text.
    browser.await("document.getElementById('drawer').getAnimations().length === 0");

    var hash = (String) browser.ask("location.hash");
    var id = hash.replaceFirst("#decision=(\\d+)&.*", "$1");
    var record = JSON.readTree(PenstockProcess.get(page + "debug/decisions/" + id).body());
    assertThat(browser.find("#drawerTitle").getText()).isEqualTo(record.path("requestId").asText());
    assertThat(browser.find(".why").getText())
        .startsWith("Sent to " + record.at("/decision/endpoint").asText());

    var rows = browser.findAll(".candidates tbody tr");
    assertThat(rows).hasSameSizeAs(record.path("ranked")).hasSize(4);
    for (int place = 0; place < rows.size(); place++) {
      var row = rows.get(place);
      JsonNode candidate = record.path("ranked").path(place);
      assertThat(row.getDomAttribute("data-endpoint"))
          .isEqualTo(candidate.path("endpoint").asText());
      double sum = 0;
      for (var cell : row.findElements(By.cssSelector(".term"))) {
        double shown = Double.parseDouble(cell.getDomAttribute("data-value"));
        assertThat(shown)
            .isEqualTo(candidate.path("terms").path(cell.getDomAttribute("data-term")).asDouble());
        sum += shown;
      }
      assertThat(sum).isCloseTo(-candidate.path("score").asDouble(), within(5e-6));
      assertThat(sum).isPositive();
    }
    assertThat(rows.getFirst().getDomAttribute("class")).isEqualTo("won");
  }

  @Test
  void it_fits_a_wide_screen_and_a_phone_in_the_light_and_in_the_dark() throws Exception {
    for (boolean dark : new boolean[] {false, true}) {
      for (int width : new int[] {1440, 390}) {
        open(width, width == 390 ? 844 : 900, dark);
        browser.await("document.querySelectorAll('#hitChart path').length > 0");
        assertThat(browser.ask("document.documentElement.scrollWidth")).isEqualTo((long) width);
        var paper = (String) browser.ask("getComputedStyle(document.body).backgroundColor");
        assertThat(paper).isEqualTo(dark ? "rgb(12, 20, 21)" : "rgb(244, 246, 244)");
        browser.picture((width == 390 ? "phone" : "page") + (dark ? "-dark" : "-light"));
        openTheNewest();
        browser.await("document.querySelectorAll('.candidates tbody tr').length === 4");
        assertThat(browser.ask("document.getElementById('drawer').scrollWidth"))
            .isEqualTo(browser.ask("document.getElementById('drawer').clientWidth"));
        browser.picture(
            (width == 390 ? "phone-decision" : "decision") + (dark ? "-dark" : "-light"));
      }
    }
  }

  @Test
  void a_person_may_choose_the_colours_and_finds_them_again() {
    open(1440, 900, false);
    var theme = browser.find("#theme");
    theme.click();
    theme.click();
    assertThat(theme.getText()).isEqualTo("Dark");
    assertThat(browser.ask("getComputedStyle(document.body).backgroundColor"))
        .isEqualTo("rgb(12, 20, 21)");
    open(1440, 900, false);
    assertThat(browser.find("#theme").getText()).isEqualTo("Dark");
    browser.find("#theme").click();
    assertThat(browser.find("#theme").getText()).isEqualTo("System");
  }

  @Test
  void the_keyboard_is_enough() {
    open(1440, 900, false);
    var id = (String) browser.ask(NEWEST + ".textContent");
    browser.press("/");
    browser.await("document.activeElement.id === 'find'");
    browser.press(id, Keys.ENTER);
    browser.await("document.getElementById('drawerTitle').textContent === '" + id + "'");
    browser.await("document.getElementById('drawer').contains(document.activeElement)");
    browser.press(Keys.TAB);
    browser.await("document.activeElement.id === 'close'");
    browser.press(Keys.ESCAPE);
    browser.await("document.getElementById('drawer').hidden");
    browser.await("document.activeElement.id === 'find'");

    for (int i = 0; i < 4; i++) {
      browser.press(Keys.TAB);
    }
    browser.await("document.activeElement.classList.contains('pod')");
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
    browser.await("document.activeElement === document.querySelectorAll('.pod')[2]");
    assertThat((String) browser.ask("document.activeElement.getAttribute('aria-label')"))
        .contains(": ready, ", " running, ", " prefix tokens held");
    browser.press(Keys.ENTER);
    browser.await("document.querySelectorAll('#drawerBody .facts').length === 3");
    browser.press(Keys.ESCAPE);
    browser.await("document.activeElement === document.querySelectorAll('.pod')[2]");
  }

  @Test
  void only_what_is_asked_for_is_shown() {
    open(1440, 900, false);
    browser.find("#outcome option[value=rejected]").click();
    browser.await("document.querySelectorAll('#rows tr').length === 0");
    browser.find("#outcome option[value=completed]").click();
    browser.await("document.querySelectorAll('#rows tr').length >= 3");
    assertThat(
            browser.ask(
                "[...document.querySelectorAll('#rows .chip')].map(chip => chip.dataset.outcome)"))
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .isNotEmpty()
        .containsOnly("completed");
  }
}
