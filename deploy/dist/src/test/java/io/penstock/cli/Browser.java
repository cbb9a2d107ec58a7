package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/**
 * A real Chromium without a window, driven over WebDriver, with a profile of its own. It hears what
 * the page logs and asks for. Screenshots go to the folder that {@code PENSTOCK_SCREENSHOTS} names,
 * else below {@code target}.
 */
final class Browser implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final ChromeDriver driver;

  private Browser(ChromeDriver driver) {
    this.driver = driver;
  }

  /** Starts one; the kit brings Chromium and its driver. */
  static Browser start(Path profile) throws Exception {
    var chromedriver = Kit.bringUp("browser", "browser-up");
    var options = new ChromeOptions();
    options.addArguments(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--user-data-dir=" + profile);
    var logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
    var service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(new File(chromedriver))
            .usingAnyFreePort()
            .build();
    return new Browser(new ChromeDriver(service, options));
  }

  /** Opens a page in a window of that size, as a phone or not, in the light or in the dark. */
  void open(String url, int width, int height, boolean dark) {
    boolean phone = width < 600;
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of(
            "width", width, "height", height, "deviceScaleFactor", phone ? 2 : 1, "mobile", phone));
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    driver.get("about:blank");
    driver.get(url);
    // Away from where the last click was: a list holds still under the pointer.
    new Actions(driver).moveToLocation(1, 1).perform();
  }

  /** Waits for what a script gives, which must be true, or an element. */
  void await(String script) {
    new WebDriverWait(driver, Duration.ofSeconds(30))
        .withMessage(script)
        .until(_ -> Boolean.TRUE.equals(driver.executeScript("return Boolean(" + script + ")")));
  }

  /** What a script gives. */
  Object ask(String script) {
    return driver.executeScript("return " + script);
  }

  /** The first element of a selector. */
  WebElement find(String selector) {
    return driver.findElement(By.cssSelector(selector));
  }

  /** All elements of a selector. */
  List<WebElement> findAll(String selector) {
    return driver.findElements(By.cssSelector(selector));
  }

  /** Presses keys at whatever has the focus. */
  void press(CharSequence... keys) {
    new Actions(driver).sendKeys(keys).perform();
  }

  /** A picture of the window as it is. */
  void picture(String name) throws IOException {
    Files.write(pictures().resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
  }

  /** Where pictures go. */
  static Path pictures() throws IOException {
    return Files.createDirectories(
        Path.of(System.getenv().getOrDefault("PENSTOCK_SCREENSHOTS", "target/screenshots")));
  }

  /**
   * The page has logged no error since this was asked last, and has asked nobody but its origin.
   */
  void assertQuietAndAlone(String origin) throws IOException {
    var errors =
        driver.manage().logs().get(LogType.BROWSER).getAll().stream()
            .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
            .map(entry -> entry.getMessage())
            .toList();
    assertThat(errors).isEmpty();
    List<String> asked = new ArrayList<>();
    for (var entry : driver.manage().logs().get(LogType.PERFORMANCE).getAll()) {
      var message = JSON.readTree(entry.getMessage()).path("message");
      if (message.path("method").asText().equals("Network.requestWillBeSent")) {
        var url = message.at("/params/request/url").asText();
        // The tab that Chromium opens for itself has these; they ask nobody.
        if (!url.startsWith("chrome:") && !url.startsWith("data:")) {
          asked.add(url);
        }
      }
    }
    assertThat(asked)
        .contains(origin + "/page/app.js")
        .allSatisfy(url -> assertThat(url).startsWith(origin + "/"));
  }

  @Override
  public void close() {
    driver.quit();
  }
}
