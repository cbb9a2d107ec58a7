package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The scripts under {@code deploy/kit} that bring real counterparts up. */
final class Kit {

  private static final Path FOLDER =
      Path.of(System.getProperty("penstock.root")).resolve("deploy/kit");

  private Kit() {}

  /** A file of the kit. */
  static Path file(String name) {
    return FOLDER.resolve(name);
  }

  /**
   * Runs a script and returns the last line it printed. When it fails, the test is skipped with
   * what it said, or fails where {@code PENSTOCK_REQUIRE} names the tag.
   */
  static String bringUp(String tag, String script, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(file(script).toString());
    command.addAll(List.of(arguments));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    boolean ended = process.waitFor(Duration.ofMinutes(10).toSeconds(), TimeUnit.SECONDS);
    String said = String.join(" ", command) + ": " + output;
    var required = List.of(String.valueOf(System.getenv("PENSTOCK_REQUIRE")).split(",", -1));
    if (!required.contains(tag)) {
      assumeThat(ended && process.exitValue() == 0).as(said).isTrue();
    }
    assertThat(ended).as(said).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
    return output.strip().lines().reduce("", (first, last) -> last);
  }
}
